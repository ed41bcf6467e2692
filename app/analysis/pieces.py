"""Counts the separate pieces of a mask; numpy only, by runs of a row."""

from typing import Final

import numpy as np

from model.types import Mask

MAX_SIDE: Final = 160
"""Pieces are counted on at most so many samples a side: specks smaller than that do not matter."""


def piece_shares(mask: Mask) -> list[float]:
    """The share of each separate piece (8 neighbours) of bool[H, W], largest first."""
    step = max(1, -(-max(mask.shape) // MAX_SIDE))
    samples = mask[::step, ::step]
    total = int(samples.sum())
    if not total:
        return []
    sizes = _piece_sizes(samples)
    return sorted((size / total for size in sizes), reverse=True)


def _piece_sizes(samples: Mask) -> list[int]:
    parents: list[int] = []
    sizes: list[int] = []
    above: list[tuple[int, int, int]] = []
    for row in samples:
        current = []
        for start, end in _runs(row):
            mine = len(parents)
            parents.append(mine)
            sizes.append(end - start)
            current.append((start, end, mine))
            for other_start, other_end, other in above:
                if other_start <= end and start <= other_end:  # touching corners count
                    _join(parents, sizes, mine, other)
        above = current
    return [size for one, size in enumerate(sizes) if parents[one] == one]


def _runs(row: Mask) -> list[tuple[int, int]]:
    padded = np.concatenate([[False], row, [False]]).astype(np.int8)
    steps = np.diff(padded)
    starts, ends = np.flatnonzero(steps == 1), np.flatnonzero(steps == -1)
    return list(zip(starts.tolist(), ends.tolist(), strict=True))


def _join(parents: list[int], sizes: list[int], one: int, other: int) -> None:
    first, second = _root(parents, one), _root(parents, other)
    if first != second:
        parents[second] = first
        sizes[first] += sizes[second]


def _root(parents: list[int], one: int) -> int:
    while parents[one] != one:
        parents[one] = parents[parents[one]]
        one = parents[one]
    return one
