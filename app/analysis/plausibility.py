"""Decides which regions may be shown: size, place, shape and company must be those of the name.

What fails is not coloured; the patient reads "I am not sure where this is".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np

from app.analysis.pieces import piece_shares
from app.anatomy import catalogue as anatomy
from app.anatomy.catalogue import Catalogue, Structure
from app.anatomy.measures import Measure, Measures, measure_for
from app.anatomy.measures import load as load_measures
from model.types import Mask, Region

AREA_SLACK: Final = 2.5
"""Masks may be this much smaller or larger than the measured quantiles: people differ, and the
same organ fills more of a picture that is cropped close."""
FEW_VOLUMES: Final = 10
FEW_AREA_SLACK: Final = 4.0
PLACE_SLACK: Final = 0.10
FEW_PLACE_SLACK: Final = 0.18
"""Shares of the picture; pictures are cropped differently from clinic to clinic."""
SMALLEST_PIXELS: Final = 24
BOX_FILL: Final = 0.97
"""A disc fills 0.79 of its box; only a rectangle, which no organ is, fills nearly all."""
PIECE_SHARE: Final = 0.05
MORE_PIECES: Final = 2
OVERLAP: Final = 0.8
FACING_PLANES: Final = ("axial", "coronal", "frontal")
SIDE_VIEWS: Final = ("sagittal", "lateral")
MIDLINE_SHARE: Final = 0.02
"""Near the middle a side view may show a little of both brain halves, never two whole lungs."""


@dataclass(frozen=True)
class Judged:
    """A region with the verdict; `reason` is a key when it is not shown, else None."""

    region: Region
    shown: bool
    reason: str | None


def judge(
    regions: Sequence[Region],
    region_word: str,
    plane: str,
    *,
    catalogue: Catalogue | None = None,
    measures: Measures | None = None,
) -> tuple[Judged, ...]:
    """One verdict per region, in order, for a picture of this part of the body in this plane.

    Reasons: no_mask, unknown_structure, not_reliable, wrong_part, too_small, too_large,
    out_of_place, fills_its_box, fragments, doubled, overlap, sides_swapped, other_side.
    """
    known = catalogue or _shipped_catalogue()
    sizes = measures if measures is not None else _shipped_measures()
    reasons: dict[int, str] = {}
    for index, region in enumerate(regions):
        structure = known.structures.get(region.label)
        reason = _own_reason(region, structure, region_word, plane, sizes)
        if reason:
            reasons[index] = reason
    for find in (_doubled, _overlapping, _wrong_sides):
        left = {i: region for i, region in enumerate(regions) if i not in reasons}
        reasons.update(find(left, known, plane))
    return tuple(
        Judged(region, index not in reasons, reasons.get(index))
        for index, region in enumerate(regions)
    )


def _own_reason(
    region: Region, structure: Structure | None, region_word: str, plane: str, sizes: Measures
) -> str | None:
    """Why this region alone is not believable, or None."""
    if region.mask is None:
        return "no_mask"
    if structure is None:
        return "unknown_structure"
    if not structure.reliable:
        return "not_reliable"
    if region_word not in (*structure.regions, "other", "whole body"):
        return "wrong_part"
    if int(region.mask.sum()) < SMALLEST_PIXELS:
        return "too_small"
    measure = measure_for(sizes, structure.key, plane)
    if measure is None:
        return "not_reliable"
    return _size_or_place(region.mask, measure) or _shape(region.mask, measure)


def _size_or_place(mask: Mask, measure: Measure) -> str | None:
    few = measure.volumes < FEW_VOLUMES
    slack = FEW_AREA_SLACK if few else AREA_SLACK
    room = FEW_PLACE_SLACK if few else PLACE_SLACK
    share = float(mask.mean())
    if share < measure.area[0] / slack:
        return "too_small"
    if share > measure.area[1] * slack:
        return "too_large"
    y, x = _centre(mask)
    inside = (
        measure.y[0] - room <= y <= measure.y[1] + room
        and measure.x[0] - room <= x <= measure.x[1] + room
    )
    return None if inside else "out_of_place"


def _shape(mask: Mask, measure: Measure) -> str | None:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    box = (rows[-1] - rows[0] + 1) * (columns[-1] - columns[0] + 1)
    if box >= 400 and mask.sum() / box > max(BOX_FILL, measure.fill):
        return "fills_its_box"
    pieces = sum(share >= PIECE_SHARE for share in piece_shares(mask))
    return "fragments" if pieces > measure.pieces + MORE_PIECES else None


def _doubled(left: Mapping[int, Region], _: Catalogue, __: str) -> dict[int, str]:
    """One structure named twice: nobody knows which is meant, so neither is shown."""
    labels = [region.label for region in left.values()]
    return {i: "doubled" for i, region in left.items() if labels.count(region.label) > 1}


def _overlapping(left: Mapping[int, Region], _: Catalogue, __: str) -> dict[int, str]:
    """Two names on one place: both go, because either may be the wrong one."""
    reasons: dict[int, str] = {}
    items = list(left.items())
    for at, (i, one) in enumerate(items):
        for j, other in items[at + 1 :]:
            if _share_in_smaller(_mask(one), _mask(other)) > OVERLAP:
                reasons[i] = reasons[j] = "overlap"
    return reasons


def _share_in_smaller(one: Mask, other: Mask) -> float:
    if one.shape != other.shape:
        return 0.0
    return float((one & other).sum()) / max(1, min(int(one.sum()), int(other.sum())))


def _wrong_sides(left: Mapping[int, Region], known: Catalogue, plane: str) -> dict[int, str]:
    """Radiological view: the patient's right is on the picture's left; a side view shows one."""
    by_key = {region.label: (i, region) for i, region in left.items()}
    reasons: dict[int, str] = {}
    for key, (i, region) in by_key.items():
        structure = known.structures[key]
        if structure.side != "left" or structure.pair_key not in by_key:
            continue
        j, other = by_key[structure.pair_key]
        if plane in FACING_PLANES and _centre(_mask(region))[1] <= _centre(_mask(other))[1]:
            reasons[i] = reasons[j] = "sides_swapped"
        elif plane in SIDE_VIEWS:
            smaller = min((i, j), key=lambda at: float(_mask(left[at]).mean()))
            if float(_mask(left[smaller]).mean()) > MIDLINE_SHARE:
                reasons[smaller] = "other_side"
    return reasons


def _mask(region: Region) -> Mask:
    assert region.mask is not None  # regions without a mask were taken out first
    return region.mask


def _centre(mask: Mask) -> tuple[float, float]:
    """Row and column of the centre as shares of the picture."""
    height, width = mask.shape
    rows, columns = np.nonzero(mask)
    return (float(rows.mean()) + 0.5) / height, (float(columns.mean()) + 0.5) / width


@cache
def _shipped_catalogue() -> Catalogue:
    return anatomy.load()


@cache
def _shipped_measures() -> Measures:
    return load_measures()
