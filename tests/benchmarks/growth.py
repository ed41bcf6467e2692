"""python -m tests.benchmarks.growth --out PNG: what more structures, slices and tablets cost.

Everything goes through the engine as the worker asks it: names in groups that the costs advise,
slices one after another, tablets that ask at the same time in one batch.
"""

import argparse
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from model.compact_folder import shipped_model
from model.manifest import read_manifest
from model.prompts import MODALITY_QUESTION, answer_prefix, segment_prefix
from model.types import Request
from tests.benchmarks.plot import draw_curves
from tests.benchmarks.sides import NAMES, picture_of

STRUCTURES = (1, 2, 4, 8, 12, 16, 20, 24)
SLICES = (1, 2, 4, 6, 8)
TABLETS = (1, 2, 4, 8, 12, 16, 20)
ROUNDS = 3
MOST_IN_A_BATCH = 8
Curve = list[tuple[float, float]]


def measure_growth(folder: Path) -> dict[str, Any]:
    """Seconds by number of structures, slices and tablets on one thread, and how straight: the
    share of the variance that a line explains."""
    import torch

    from model.local import open_local

    torch.set_num_threads(1)
    ours = open_local(folder, likeliest=True)
    manifest = read_manifest(folder)
    known = manifest.structures if manifest is not None else ()
    names = [*NAMES, *(name for name in known if name not in NAMES)]
    _structures(ours, names[:6], 0)
    curves = {
        "structures": _curve(STRUCTURES, lambda n: _structures(ours, names[:n], 1)),
        "slices": _curve(SLICES, lambda n: _slices(ours, n)),
        "tablets": _curve(TABLETS, lambda n: _questions(ours, n)),
    }
    ours.close()
    return {"curves": curves, "straight": {name: straight(one) for name, one in curves.items()}}


def straight(curve: Sequence[tuple[float, float]]) -> float:
    """The share of the variance that the best line through the points explains."""
    x, y = np.array(curve).T
    left = y - np.polyval(np.polyfit(x, y, 1), x)
    return float(1.0 - left.var() / y.var())


def _curve(numbers: Sequence[int], ask: Callable[[int], Any]) -> Curve:
    found: Curve = []
    for number in numbers:
        seconds = []
        for _ in range(ROUNDS):
            started = time.perf_counter()
            ask(number)
            seconds.append(time.perf_counter() - started)
        found.append((number, min(seconds)))
    return found


def _structures(ours: Any, names: Sequence[str], seed: int) -> None:
    from model.cost import best_group
    from model.segmentation import group_names

    picture = picture_of(seed)
    size = best_group(len(names), ours.costs(), 1)
    groups = list(group_names(names, size))
    for start in range(0, len(groups), MOST_IN_A_BATCH):
        ours.complete(
            [
                Request(picture, "", segment_prefix(group), "segment", None, 36 * len(group))
                for group in groups[start : start + MOST_IN_A_BATCH]
            ]
        )


def _slices(ours: Any, slices: int) -> None:
    for seed in range(slices):
        _structures(ours, NAMES, 20 + seed)


def _questions(ours: Any, tablets: int) -> None:
    asked = [
        Request(picture_of(40 + place), "", answer_prefix(MODALITY_QUESTION), max_new_tokens=8)
        for place in range(tablets)
    ]
    for start in range(0, tablets, MOST_IN_A_BATCH):
        ours.complete(asked[start : start + MOST_IN_A_BATCH])


def main() -> None:
    """Measure on the shipped model, draw the curves, save the numbers beside them."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.growth")
    parser.add_argument("--out", type=Path, required=True)
    out = parser.parse_args().out
    found = measure_growth(shipped_model())
    axes = ("structures, slices, tablets", "seconds")
    draw_curves(out, "compact, one core: what more of each costs", axes, found["curves"])
    out.with_suffix(".json").write_text(json.dumps(found, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
