"""How much the facts of a picture speak for a scan: a table of small trees, read from a file."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from model.picture_facts import FACTS, FACTS_VERSION
from model.types import ModelError

SHIPPED: Final = Path(__file__).with_name("scan_or_not.json")


@dataclass(frozen=True)
class Scorer:
    """Trees of one depth as arrays: int[T, nodes], float[T, nodes], float[T, leaves]."""

    features: NDArray[np.int64]
    thresholds: NDArray[np.float64]
    leaves: NDArray[np.float64]

    def score(self, facts: NDArray[np.float32]) -> float:
        """The log-odds that these facts (float32[F]) are those of a scan."""
        trees = np.arange(len(self.features))
        place = np.zeros(len(self.features), dtype=np.int64)
        first, width = 0, 1
        while first < self.features.shape[1]:
            asked = self.features[trees, first + place]
            place = 2 * place + (facts[asked] >= self.thresholds[trees, first + place])
            first, width = first + width, 2 * width
        return float(self.leaves[trees, place].sum())


def scorer_of(trees: Sequence[Any]) -> Scorer:
    """The scorer of trees that are {"features", "thresholds", "leaves"}; None is no bound."""
    bounds = [[np.inf if one is None else one for one in tree["thresholds"]] for tree in trees]
    return Scorer(
        features=np.array([tree["features"] for tree in trees], dtype=np.int64),
        thresholds=np.array(bounds, dtype=np.float64),
        leaves=np.array([tree["leaves"] for tree in trees], dtype=np.float64),
    )


@cache
def shipped_scorer() -> Scorer:
    """The scorer that came with this copy.

    Raises:
        ModelError: it was made for other facts than these.
    """
    read = json.loads(SHIPPED.read_text(encoding="utf-8"))
    if read["facts_version"] != FACTS_VERSION or read["facts"] != list(FACTS):
        raise ModelError(f"{SHIPPED.name} was made for other facts; make it again.")
    return scorer_of(read["trees"])
