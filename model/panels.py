"""Finds the panels of a montage: gutters first, cut again and again, then equal tiles.

Numpy alone, no model. Which caption belongs to which panel is told in model.panel_captions.
"""

from typing import Final

import numpy as np

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
from model.panel_tiles import tiles_of
from model.types import Box, Image

_MAX_DEPTH: Final = 3
_MAX_PANELS: Final = 36
_LEAST_SHARE: Final = 0.11
"""Of the picture's side: smaller pieces are labels, scales and legends."""
_PAPER: Final = 10.0
"""As EVEN, of a bright gutter: paper is drawn by a program and has no grain of its own."""
_DARK: Final = 60.0
_PAPER_CONTACT: Final = 0.5
_ONE_SIZE: Final = 1.25
"""The largest tile to the smallest, where tiles of several panels are of one size."""


def find_panels(image: Image) -> list[Box]:
    """The panels of a picture in reading order; a single one is the whole picture.

    Args:
        image: uint8[H, W, 3] RGB.
    """
    sheet = Sheet(np.asarray(image.astype(np.float32).mean(axis=2)))
    height, width = sheet.grey.shape
    least = (_LEAST_SHARE * height, _LEAST_SHARE * width)
    whole = Area(0, 0, height, width)
    found = _tiled(sheet, _cut(sheet, whole, least, 0), least)
    if not 2 <= len(found) <= _MAX_PANELS:
        return [(0.0, 0.0, 1.0, 1.0)]
    rows = height / 24
    ordered = sorted(found, key=lambda one: (round(one.top / rows / 2), one.left))
    return [
        (one.top / height, one.left / width, one.bottom / height, one.right / width)
        for one in ordered
    ]


def _cut(sheet: Sheet, area: Area, least: tuple[float, float], depth: int) -> list[Area]:
    area = _without_margins(sheet, area)
    if depth == _MAX_DEPTH:
        return [area]
    for axis in (0, 1):
        pieces = _pieces(sheet, area, axis, least[axis])
        if len(pieces) > 1:
            return [panel for piece in pieces for panel in _cut(sheet, piece, least, depth + 1)]
    return [area]


def _tiled(sheet: Sheet, panels: list[Area], least: tuple[float, float]) -> list[Area]:
    """Panels without gutters inside cut into tiles, where all tiles are then of one size."""
    tiles = [tile for panel in panels for tile in tiles_of(sheet, panel, least)]
    if len(panels) == 1:
        return tiles
    highs, wides = (
        [*sides]
        for sides in zip(*((t.bottom - t.top, t.right - t.left) for t in tiles), strict=True)
    )
    is_even = max(highs) < _ONE_SIZE * min(highs) and max(wides) < _ONE_SIZE * min(wides)
    return tiles if is_even else panels


def _without_margins(sheet: Sheet, area: Area) -> Area:
    """Bright margins go: paper around panels is no part of them; black air belongs to a scan."""
    inner = sheet.within(area)
    bounds = []
    for axis in (0, 1):
        bands = [
            band
            for band in sheet.bands(area, axis)
            if _tone(inner, axis, band) > _DARK and (band[0] == 0 or band[1] == inner.shape[axis])
        ]
        start = next((end for begin, end in bands if begin == 0), 0)
        stop = next((begin for begin, end in bands if end == inner.shape[axis] and begin), None)
        bounds.append((start, inner.shape[axis] if stop is None or stop <= start else stop))
    (top, bottom), (left, right) = bounds
    if (bottom - top) * (right - left) < 0.3 * inner.size:
        return area
    return Area(area.top + top, area.left + left, area.top + bottom, area.left + right)


def _pieces(sheet: Sheet, area: Area, axis: int, least: float) -> list[Area]:
    """The area cut at its gutters across one axis (0: above one another)."""
    inner = sheet.within(area)
    size = inner.shape[axis]
    bands = [band for band in sheet.bands(area, axis) if band[0] > 0 and band[1] < size]
    spans = spans_between([band for band in bands if _is_gutter(inner, axis, band)], size, least)
    shown = [span for span in spans if lines_of(inner, axis, span).std() > EMPTY]
    return [part_of(area, axis, span) for span in shown] if len(shown) > 1 else [area]


def _tone(inner: Plane, axis: int, band: tuple[int, int]) -> float:
    return float(np.median(lines_of(inner, axis, band)))


def _is_gutter(inner: Plane, axis: int, band: tuple[int, int]) -> bool:
    """A bright even band, or a dark one that pictures touch with a straight long edge."""
    if band[1] - band[0] > 0.2 * inner.shape[axis]:
        return False
    is_paper = _tone(inner, axis, band) > _DARK
    if is_paper and np.subtract(*np.percentile(lines_of(inner, axis, band), (95, 5))) > _PAPER:
        return False
    touching = _contact(inner, axis, band[0], -1), _contact(inner, axis, band[1] - 1, 1)
    return min(touching) > CONTACT and (not is_paper or max(touching) > _PAPER_CONTACT)


def _contact(inner: Plane, axis: int, edge: int, step: int) -> float:
    """The share of a band's edge at which a picture ends abruptly."""
    lines = inner if axis == 0 else inner.T
    beyond = edge + 2 * step
    if not 0 <= beyond < len(lines):
        return 0.0
    return float((np.abs(lines[beyond] - lines[edge]) > STEP).mean())
