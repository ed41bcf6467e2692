"""Equal tiles without a clear gutter: where they would meet, and what speaks for it."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from model.panel_bands import (
    CONTACT,
    EMPTY,
    STEP,
    Area,
    Plane,
    Sheet,
    lines_of,
    part_of,
    spans_between,
)

_OFF_GRID: Final = 0.03
"""Of the side: how far a dark gap may lie from where equal tiles meet."""
_OFF_SEAM: Final = 0.006
_MOST_TILES: Final = 6
_ASPECT: Final = 1.7
"""Height to width of a tile, or the other way round, at most."""
_LEAST_LIKENESS: Final = 0.35
_ONE_MOTIF: Final = 0.9
"""Tiles this alike are slices of one series, even where the bodies touch."""
_JUMP: Final = 3.0
"""A seam of tiles without gutter stands out this much from the steps of its neighbourhood."""
_MOST_MET: Final = 0.6
"""Of the lines of a grid; where two bodies of one grey touch, nothing is seen of the line."""
_AIR: Final = 30.0
_LEAST_STEPS: Final = 0.1
_SHARP: Final = 3.0
_LEAST_TOLD: Final = 0.6
"""Of a line between tiles: the share that is a step or black on both sides."""


@dataclass(frozen=True)
class _Meetings:
    count: int
    gaps: tuple[tuple[int, int], ...]
    is_met: bool
    is_sure: bool


def tiles_of(sheet: Sheet, area: Area, least: tuple[float, float]) -> list[Area]:
    """Equal tiles without a clear gutter: they meet in dark gaps or in seams.

    Two legs in one slice leave a gap in the middle as well: they are mirror images, tiles are not.
    """
    inner = sheet.within(area)
    cuts = [_meetings(inner, axis, least[axis], sheet.bands(area, axis)) for axis in (0, 1)]
    grids = sorted(
        itertools.product(*cuts),
        key=lambda grid: (-sum(one.is_sure for one in grid), -math.prod(one.count for one in grid)),
    )
    for rows, columns in grids:
        aspect = (inner.shape[0] / rows.count) / (inner.shape[1] / columns.count)
        count = rows.count * columns.count
        if count < 2 or not 1 / _ASPECT < aspect < _ASPECT:
            continue
        is_sure = (rows.is_met and columns.is_met and count > 2) or rows.is_sure or columns.is_sure
        if not (rows.is_met or rows.is_sure) or not (columns.is_met or columns.is_sure):
            continue
        found = [
            part_of(part_of(area, 0, high), 1, wide)
            for high in spans_between(rows.gaps, inner.shape[0], 1)
            for wide in spans_between(columns.gaps, inner.shape[1], 1)
        ]
        if is_sure and all(sheet.within(tile).std() > EMPTY for tile in found):
            return found
    return [area]


def _meetings(
    inner: Plane, axis: int, least: float, bands: Sequence[tuple[int, int]]
) -> list[_Meetings]:
    """For each number of tiles along an axis where they would meet, and what speaks for it."""
    size = inner.shape[axis]
    seams = _steps(inner, axis) | _broken_steps(inner, axis)
    found = [_Meetings(1, (), True, False)]
    for count in range(2, min(_MOST_TILES, int(size / least)) + 1):
        exact = [size * number / count for number in range(1, count)]
        places = [_meeting(place, size, bands, seams) for place in exact]
        met = [place for place in places if place is not None]
        gaps = [
            (round(place), round(place)) if met_at is None else (met_at[0], met_at[0])
            for place, met_at in zip(exact, places, strict=True)
        ]
        likeness = _tile_likeness(inner, axis, count)
        is_met = len(met) == len(places) or (
            len(met) >= _MOST_MET * len(places) and sum(seam for _, seam in met) > 1
        )
        is_sure = likeness > _ONE_MOTIF or (
            is_met and (any(seam for _, seam in met) or likeness > _LEAST_LIKENESS)
        )
        found.append(_Meetings(count, tuple(gaps), is_met, is_sure))
    return found


def _meeting(
    place: float, size: int, bands: Sequence[tuple[int, int]], seams: NDArray[np.bool_]
) -> tuple[int, bool] | None:
    """(position, is a seam) of what parts two tiles near this place, if anything does."""
    room = max(2, round(_OFF_SEAM * size))
    start = max(0, round(place) - room)
    near = np.flatnonzero(seams[start : round(place) + room])
    if near.size:
        return int(near[0]) + start + 1, True
    room = round(_OFF_GRID * size)
    if any(begin - room <= place <= end + room for begin, end in bands):
        return round(place), False
    return None


def _tile_likeness(inner: Plane, axis: int, count: int) -> float:
    """How alike neighbouring tiles are at least; 0 where they are rather mirror images."""
    side = inner.shape[axis] // count
    coarse = [_coarse(lines_of(inner, axis, (n * side, (n + 1) * side))) for n in range(count)]
    pairs = list(itertools.pairwise(coarse))
    direct = [_likeness(one, other) for one, other in pairs]
    turned = [_likeness(one, other[::-1] if axis == 0 else other[:, ::-1]) for one, other in pairs]
    if any(b > a + 0.04 for a, b in zip(direct, turned, strict=True)):
        return 0.0
    return min(direct)


def _coarse(tile: Plane) -> Plane:
    rows = np.linspace(0, tile.shape[0] - 1, 24).astype(int)
    columns = np.linspace(0, tile.shape[1] - 1, 24).astype(int)
    return np.asarray(tile[np.ix_(rows, columns)])


def _likeness(one: Plane, other: Plane) -> float:
    spread = float(one.std() * other.std())
    return float(((one - one.mean()) * (other - other.mean())).mean() / (spread + 1.0))


def _steps(inner: Plane, axis: int) -> NDArray[np.bool_]:
    """bool[size - 1]: where the picture changes abruptly along a long straight line."""
    jumps = np.abs(np.diff(inner, axis=axis))
    mean, share = jumps.mean(axis=1 - axis), (jumps > STEP).mean(axis=1 - axis)
    near = np.lib.stride_tricks.sliding_window_view(np.pad(mean, 8, mode="reflect"), 17)
    usual = np.median(near, axis=1) + 1.5
    return np.asarray((mean > _JUMP * usual) & (mean > 6) & (share > CONTACT))


def _broken_steps(inner: Plane, axis: int) -> NDArray[np.bool_]:
    """bool[size - 1]: where pictures meet with straight edges here and black air there.

    The edge of a body is bent, so its steps are spread over many lines; those of a cut are not.
    """
    lines = inner if axis == 0 else inner.T
    above, below = lines[:-1], lines[1:]
    steps = np.abs(below - above) > STEP
    share = steps.mean(axis=1)
    told = (steps | (np.maximum(above, below) < _AIR)).mean(axis=1)
    near = np.lib.stride_tricks.sliding_window_view(np.pad(share, 8, mode="reflect"), 17)
    usual = np.median(near, axis=1) + _LEAST_STEPS / _SHARP
    return np.asarray((share > _LEAST_STEPS) & (share > _SHARP * usual) & (told > _LEAST_TOLD))
