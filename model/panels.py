"""Finds the panels of a montage: gutters first, cut again and again, then equal tiles.

Numpy alone, no model. Which caption belongs to which panel is told in model.panel_captions.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from model.types import Box, Image

_Plane = NDArray[np.float32]
_MAX_DEPTH: Final = 3
_MAX_PANELS: Final = 36
_LEAST_SHARE: Final = 0.11
"""Of the picture's side: smaller pieces are labels, scales and legends."""
_EVEN: Final = 26.0
"""Grey levels between the lower and the upper twentieth of a dark gap; JPEG leaves this much."""
_PAPER: Final = 10.0
"""The same for a bright gutter: paper is drawn by a program and has no grain of its own."""
_DARK: Final = 60.0
_OFF_GRID: Final = 0.03
"""Of the side: how far a dark gap may lie from where equal tiles meet."""
_OFF_SEAM: Final = 0.006
_MOST_TILES: Final = 6
_ASPECT: Final = 1.7
"""Height to width of a tile, or the other way round, at most."""
_CONTACT: Final = 0.3
_PAPER_CONTACT: Final = 0.5
_STEP: Final = 22.0
_LEAST_LIKENESS: Final = 0.35
_ONE_MOTIF: Final = 0.9
"""Tiles this alike are slices of one series, even where the bodies touch."""
_JUMP: Final = 3.0
"""A seam of tiles without gutter stands out this much from the steps of its neighbourhood."""
_EMPTY: Final = 14.0
"""Standard deviation of a piece that shows nothing."""


@dataclass(frozen=True)
class _Area:
    top: int
    left: int
    bottom: int
    right: int


@dataclass(frozen=True)
class _Meetings:
    count: int
    gaps: tuple[tuple[int, int], ...]
    is_met: bool
    is_sure: bool


def find_panels(image: Image) -> list[Box]:
    """The panels of a picture in reading order; a single one is the whole picture.

    Args:
        image: uint8[H, W, 3] RGB.
    """
    grey = np.asarray(image.astype(np.float32).mean(axis=2))
    height, width = grey.shape
    least = (_LEAST_SHARE * height, _LEAST_SHARE * width)
    whole = _Area(0, 0, height, width)
    found = _cut(grey, whole, least, 0)
    if not 2 <= len(found) <= _MAX_PANELS:
        return [(0.0, 0.0, 1.0, 1.0)]
    rows = height / 24
    ordered = sorted(found, key=lambda one: (round(one.top / rows / 2), one.left))
    return [
        (one.top / height, one.left / width, one.bottom / height, one.right / width)
        for one in ordered
    ]


def _cut(grey: _Plane, area: _Area, least: tuple[float, float], depth: int) -> list[_Area]:
    area = _without_margins(grey, area)
    if depth == _MAX_DEPTH:
        return [area]
    for axis in (0, 1):
        pieces = _pieces(grey, area, axis, least[axis])
        if len(pieces) > 1:
            return [panel for piece in pieces for panel in _cut(grey, piece, least, depth + 1)]
    return _tiles(grey, area, least)


def _without_margins(grey: _Plane, area: _Area) -> _Area:
    """Bright margins go: paper around panels is no part of them; black air belongs to a scan."""
    inner = grey[area.top : area.bottom, area.left : area.right]
    bounds = []
    for axis in (0, 1):
        bands = [
            band
            for band in _bands(inner, axis)
            if _tone(inner, axis, band) > _DARK and (band[0] == 0 or band[1] == inner.shape[axis])
        ]
        start = next((end for begin, end in bands if begin == 0), 0)
        stop = next((begin for begin, end in bands if end == inner.shape[axis] and begin), None)
        bounds.append((start, inner.shape[axis] if stop is None or stop <= start else stop))
    (top, bottom), (left, right) = bounds
    if (bottom - top) * (right - left) < 0.3 * inner.size:
        return area
    return _Area(area.top + top, area.left + left, area.top + bottom, area.left + right)


def _pieces(grey: _Plane, area: _Area, axis: int, least: float) -> list[_Area]:
    """The area cut at its gutters across one axis (0: above one another)."""
    inner = _within(grey, area)
    size = inner.shape[axis]
    bands = [band for band in _bands(inner, axis) if band[0] > 0 and band[1] < size]
    spans = _spans([band for band in bands if _is_gutter(inner, axis, band)], size, least)
    shown = [span for span in spans if _slice(inner, axis, span).std() > _EMPTY]
    return [_part(area, axis, span) for span in shown] if len(shown) > 1 else [area]


def _within(grey: _Plane, area: _Area) -> _Plane:
    return grey[area.top : area.bottom, area.left : area.right]


def _bands(inner: _Plane, axis: int) -> list[tuple[int, int]]:
    """Runs of rows (axis 0) or columns that have one grey value all along."""
    low, high = np.percentile(inner, (5, 95), axis=1 - axis)
    extreme = np.abs(np.diff(inner, axis=1 - axis)).max(axis=1 - axis, initial=0)
    even = (high - low < _EVEN) & (extreme < 4 * _EVEN)
    middle = np.median(inner, axis=1 - axis)
    starts = np.flatnonzero(np.diff(np.concatenate(([False], even, [False])).astype(np.int8)))
    runs = zip(starts[::2].tolist(), starts[1::2].tolist(), strict=True)
    return [part for run in runs for part in _one_tone(middle, *run)]


def _one_tone(middle: _Plane, start: int, stop: int) -> list[tuple[int, int]]:
    """A run cut where its grey value jumps: a white gutter beside black air is not one band."""
    jumps = np.flatnonzero(np.abs(np.diff(middle[start:stop])) > _EVEN) + start + 1
    edges = [start, *jumps.tolist(), stop]
    return [(a, b) for a, b in itertools.pairwise(edges) if b - a >= 2]


def _tone(inner: _Plane, axis: int, band: tuple[int, int]) -> float:
    return float(np.median(_slice(inner, axis, band)))


def _slice(inner: _Plane, axis: int, span: tuple[int, int]) -> _Plane:
    return inner[span[0] : span[1]] if axis == 0 else inner[:, span[0] : span[1]]


def _is_gutter(inner: _Plane, axis: int, band: tuple[int, int]) -> bool:
    """A bright even band, or a dark one that pictures touch with a straight long edge."""
    if band[1] - band[0] > 0.2 * inner.shape[axis]:
        return False
    is_paper = _tone(inner, axis, band) > _DARK
    if is_paper and np.subtract(*np.percentile(_slice(inner, axis, band), (95, 5))) > _PAPER:
        return False
    touching = _contact(inner, axis, band[0], -1), _contact(inner, axis, band[1] - 1, 1)
    return min(touching) > _CONTACT and (not is_paper or max(touching) > _PAPER_CONTACT)


def _contact(inner: _Plane, axis: int, edge: int, step: int) -> float:
    """The share of a band's edge at which a picture ends abruptly."""
    lines = inner if axis == 0 else inner.T
    beyond = edge + 2 * step
    if not 0 <= beyond < len(lines):
        return 0.0
    return float((np.abs(lines[beyond] - lines[edge]) > _STEP).mean())


def _tiles(grey: _Plane, area: _Area, least: tuple[float, float]) -> list[_Area]:
    """Equal tiles without a clear gutter: they meet in dark gaps or in seams.

    Two legs in one slice leave a gap in the middle as well: they are mirror images, tiles are not.
    """
    inner = _within(grey, area)
    cuts = [_meetings(inner, axis, least[axis]) for axis in (0, 1)]
    grids = sorted(itertools.product(*cuts), key=lambda grid: -math.prod(one.count for one in grid))
    for rows, columns in grids:
        aspect = (inner.shape[0] / rows.count) / (inner.shape[1] / columns.count)
        count = rows.count * columns.count
        if count < 2 or not 1 / _ASPECT < aspect < _ASPECT:
            continue
        is_sure = (rows.is_met and columns.is_met and count > 2) or rows.is_sure or columns.is_sure
        if not (rows.is_met or rows.is_sure) or not (columns.is_met or columns.is_sure):
            continue
        found = [
            _part(_part(area, 0, high), 1, wide)
            for high in _spans(rows.gaps, inner.shape[0], 1)
            for wide in _spans(columns.gaps, inner.shape[1], 1)
        ]
        if is_sure and all(_within(grey, tile).std() > _EMPTY for tile in found):
            return found
    return [area]


def _meetings(inner: _Plane, axis: int, least: float) -> list[_Meetings]:
    """For each number of tiles along an axis where they would meet, and what speaks for it."""
    size = inner.shape[axis]
    bands, seams = _bands(inner, axis), _steps(inner, axis)
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
        is_met = len(met) == len(places)
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


def _tile_likeness(inner: _Plane, axis: int, count: int) -> float:
    """How alike neighbouring tiles are at least; 0 where they are rather mirror images."""
    side = inner.shape[axis] // count
    coarse = [_coarse(_slice(inner, axis, (n * side, (n + 1) * side))) for n in range(count)]
    pairs = list(itertools.pairwise(coarse))
    direct = [_likeness(one, other) for one, other in pairs]
    turned = [_likeness(one, other[::-1] if axis == 0 else other[:, ::-1]) for one, other in pairs]
    if any(b > a + 0.04 for a, b in zip(direct, turned, strict=True)):
        return 0.0
    return min(direct)


def _coarse(tile: _Plane) -> _Plane:
    rows = np.linspace(0, tile.shape[0] - 1, 24).astype(int)
    columns = np.linspace(0, tile.shape[1] - 1, 24).astype(int)
    return np.asarray(tile[np.ix_(rows, columns)])


def _likeness(one: _Plane, other: _Plane) -> float:
    spread = float(one.std() * other.std())
    return float(((one - one.mean()) * (other - other.mean())).mean() / (spread + 1.0))


def _steps(inner: _Plane, axis: int) -> NDArray[np.bool_]:
    """bool[size - 1]: where the picture changes abruptly along a long straight line."""
    jumps = np.abs(np.diff(inner, axis=axis))
    mean, share = jumps.mean(axis=1 - axis), (jumps > _STEP).mean(axis=1 - axis)
    near = np.lib.stride_tricks.sliding_window_view(np.pad(mean, 8, mode="reflect"), 17)
    usual = np.median(near, axis=1) + 1.5
    return np.asarray((mean > _JUMP * usual) & (mean > 6) & (share > _CONTACT))


def _spans(gaps: Sequence[tuple[int, int]], size: int, least: float) -> list[tuple[int, int]]:
    """The pieces between gaps; what is too small to be a panel is left out."""
    edges = [0, *(edge for gap in gaps for edge in gap), size]
    spans = zip(edges[::2], edges[1::2], strict=True)
    return [(start, stop) for start, stop in spans if stop - start >= least]


def _part(area: _Area, axis: int, span: tuple[int, int]) -> _Area:
    if axis == 0:
        return _Area(area.top + span[0], area.left, area.top + span[1], area.right)
    return _Area(area.top, area.left + span[0], area.bottom, area.left + span[1])
