"""Areas of a picture, and runs of rows or columns that have one grey value all along."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]
EVEN: Final = 26.0
"""Grey levels between the lower and the upper twentieth of a dark gap; JPEG leaves this much."""
CONTACT: Final = 0.3
STEP: Final = 22.0
EMPTY: Final = 14.0
"""Standard deviation of a piece that shows nothing."""


@dataclass(frozen=True)
class Area:
    """A part of a picture in pixels; bottom and right are just outside."""

    top: int
    left: int
    bottom: int
    right: int


def part_of(area: Area, axis: int, span: tuple[int, int]) -> Area:
    """The part of an area between two places along an axis (0: downwards)."""
    if axis == 0:
        return Area(area.top + span[0], area.left, area.top + span[1], area.right)
    return Area(area.top, area.left + span[0], area.bottom, area.left + span[1])


class Sheet:
    """The greys of a picture (float32[H, W]), and the even bands of its areas, each found once."""

    def __init__(self, grey: Plane) -> None:
        """Nothing is found yet."""
        self.grey = grey
        self._bands: dict[tuple[Area, int], list[tuple[int, int]]] = {}

    def within(self, area: Area) -> Plane:
        """The greys of an area."""
        return self.grey[area.top : area.bottom, area.left : area.right]

    def bands(self, area: Area, axis: int) -> list[tuple[int, int]]:
        """Runs of rows (axis 0) or columns of an area that have one grey value all along."""
        if (area, axis) not in self._bands:
            self._bands[area, axis] = _even_bands(self.within(area), axis)
        return self._bands[area, axis]


def lines_of(inner: Plane, axis: int, span: tuple[int, int]) -> Plane:
    """The rows (axis 0) or columns between two places."""
    return inner[span[0] : span[1]] if axis == 0 else inner[:, span[0] : span[1]]


def spans_between(
    gaps: Sequence[tuple[int, int]], size: int, least: float
) -> list[tuple[int, int]]:
    """The pieces between gaps; what is too small to be a panel is left out."""
    edges = [0, *(edge for gap in gaps for edge in gap), size]
    spans = zip(edges[::2], edges[1::2], strict=True)
    return [(start, stop) for start, stop in spans if stop - start >= least]


def _even_bands(inner: Plane, axis: int) -> list[tuple[int, int]]:
    lines = inner if axis == 0 else inner.T
    low, middle, high = _percentiles(lines, (5.0, 50.0, 95.0))
    extreme = np.abs(np.diff(lines, axis=1)).max(axis=1, initial=0)
    even = (high - low < EVEN) & (extreme < 4 * EVEN)
    starts = np.flatnonzero(np.diff(np.concatenate(([False], even, [False])).astype(np.int8)))
    runs = zip(starts[::2].tolist(), starts[1::2].tolist(), strict=True)
    return [part for run in runs for part in _one_tone(middle, *run)]


def _percentiles(lines: Plane, percents: Sequence[float]) -> list[Plane]:
    """Of each line, as numpy's own linear method gives them; one sorting serves them all."""
    ordered = np.sort(lines, axis=1)
    places = [percent / 100.0 * (lines.shape[1] - 1) for percent in percents]
    return [
        ordered[:, int(at)] + (ordered[:, math.ceil(at)] - ordered[:, int(at)]) * np.float32(at % 1)
        for at in places
    ]


def _one_tone(middle: Plane, start: int, stop: int) -> list[tuple[int, int]]:
    """A run cut where its grey value jumps: a white gutter beside black air is not one band."""
    jumps = np.flatnonzero(np.abs(np.diff(middle[start:stop])) > EVEN) + start + 1
    edges = [start, *jumps.tolist(), stop]
    return [(a, b) for a, b in itertools.pairwise(edges) if b - a >= 2]
