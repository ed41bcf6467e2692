"""Intervals of a mean by resampling whole groups, because pictures of one case are alike."""

from collections.abc import Hashable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

ROUNDS: Final = 2000
LEVEL: Final = 0.95


def mean_interval(
    scores: Sequence[float], groups: Sequence[Hashable], *, seed: int = 0
) -> tuple[float, float]:
    """The 95 % interval of the mean when whole groups are drawn again with replacement.

    Args:
        scores: one number for each picture or object.
        groups: the case, volume or patient each belongs to.

    Returns:
        (low, high); (nan, nan) for no scores.
    """
    if not scores:
        return float("nan"), float("nan")
    sums, counts = _by_group(scores, groups)
    picks = np.random.default_rng(seed).integers(0, len(sums), size=(ROUNDS, len(sums)))
    means = sums[picks].sum(axis=1) / counts[picks].sum(axis=1)
    edge = (1 - LEVEL) / 2 * 100
    low, high = np.percentile(means, (edge, 100 - edge))
    return float(low), float(high)


def gain_interval(
    after: Sequence[float], before: Sequence[float], groups: Sequence[Hashable], *, seed: int = 0
) -> tuple[float, float]:
    """The 95 % interval of the mean of paired differences; above zero it is a gain."""
    differences = [a - b for a, b in zip(after, before, strict=True)]
    return mean_interval(differences, groups, seed=seed)


def _by_group(
    scores: Sequence[float], groups: Sequence[Hashable]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    places = {group: place for place, group in enumerate(dict.fromkeys(groups))}
    sums, counts = np.zeros(len(places)), np.zeros(len(places))
    for score, group in zip(scores, groups, strict=True):
        sums[places[group]] += score
        counts[places[group]] += 1
    return sums, counts
