"""The same picture seen a little differently: what is said and found in most views counts.

A structure that moves when the picture is cropped by a twentieth was guessed, not seen. Who shows
regions asks for agreement; what to show is decided there, not here.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from model.answering import Recognition, recognise
from model.backend import Backend, MapsCells
from model.cell_map import BlendedMap, Common, overlap
from model.segmentation import GROUP_SIZE, Codec, find_regions
from model.types import Box, Image, Mask, Region

Word = TypeVar("Word")
View = tuple[float, float, float, float]
"""(y_min, x_min, y_max, x_max) of the picture that is shown; beyond [0, 1] it is black."""
VIEWS: Final[tuple[View, ...]] = (
    (0.0, 0.0, 1.0, 1.0),
    (0.03, 0.03, 0.97, 0.97),
    (-0.04, -0.04, 1.04, 1.04),
    (0.0, 0.0, 0.94, 0.94),
    (0.06, 0.06, 1.0, 1.0),
)
"""The first is the picture itself."""
VOTES: Final = 0.4
"""Share of the masks that must cover a pixel. On 378 objects of 60 val slices mean Dice is 0.396
from one view, 0.417 with half of five and 0.425 with two of five; nine views add nothing."""


@dataclass(frozen=True)
class FoundInViews:
    """Regions that at least half of the views show, in the order of the labels, with the mean
    overlap of each view's mask with the common one; and the names that fewer views show."""

    regions: tuple[tuple[Region, float], ...]
    fleeting: tuple[str, ...]


def digest_of(image_digest: str, view: int) -> str:
    """Under which name a backend may keep a view; "" keeps nothing."""
    return f"{image_digest}-{view}" if view and image_digest else image_digest


def forget_views(backend: Backend, image_digest: str) -> None:
    """Only the picture itself is asked about again; its other views are of no more use."""
    for view in range(1, len(VIEWS)):
        backend.forget(digest_of(image_digest, view))


def recognise_views(
    backend: Backend,
    image: Image,
    image_digest: str,
    *,
    adapter: str | None = None,
    structures_adapter: str | None = None,
    lists_structures: bool = True,
) -> list[Recognition]:
    """The model's words for the picture in each view; arguments as in `recognise`."""
    return [
        recognise(
            backend,
            seen_through(image, view),
            digest_of(image_digest, number),
            adapter=adapter,
            structures_adapter=structures_adapter,
            lists_structures=lists_structures,
        )
        for number, view in enumerate(VIEWS)
    ]


def voted(seen: Sequence[Recognition]) -> Recognition:
    """The words most views say."""
    return replace(
        seen[0],
        modality=most_said([one.modality for one in seen]),
        region=most_said([one.region for one in seen]),
        plane=most_said([one.plane for one in seen]),
        is_scan=most_said([one.is_scan for one in seen]),
    )


def most_said(words: Sequence[Word]) -> Word:
    """The most frequent word; where two are said as often, the one said first."""
    return max(words, key=words.count)


def find_in_views(
    backend: Backend,
    image: Image,
    image_digest: str,
    labels: Sequence[str],
    codec: Codec,
    *,
    adapter: str | None = None,
    group_size: int = GROUP_SIZE,
    views: Sequence[View] = VIEWS,
) -> FoundInViews:
    """The areas of these structures that most views agree on; arguments as in `find_regions`.

    What the base's cell head was taught is drawn from its map; mask tokens draw the rest.
    """
    names = list(dict.fromkeys(labels))
    blended = _blended(backend, image, image_digest, names, adapter, views)
    found = _drawn(blended, names, *image.shape[:2]) if blended else {}
    asked = [name for name in names if blended is None or name not in blended.names]
    masks: dict[str, list[Mask]] = {}
    for number, view in enumerate(views if asked else ()):
        shown, digest = seen_through(image, view), digest_of(image_digest, number)
        said = find_regions(
            backend, shown, digest, asked, codec, adapter=adapter, group_size=group_size
        )
        for region in said.regions:
            if region.mask is not None:
                whole = put_back(region.mask, view, *image.shape[:2])
                if whole.any():
                    masks.setdefault(region.label, []).append(whole)
    found |= {name: common(ones, len(views)) for name, ones in masks.items()}
    regions = [
        (_region(name, one.mask), one.agreement) for name in names if (one := found.get(name))
    ]
    return FoundInViews(tuple(regions), tuple(name for name, one in found.items() if one is None))


def _blended(
    backend: Backend,
    image: Image,
    image_digest: str,
    names: Sequence[str],
    adapter: str | None,
    views: Sequence[View],
) -> BlendedMap | None:
    """What the cells show in all views together; None where mask tokens draw all these names."""
    if not isinstance(backend, MapsCells) or set(names).isdisjoint(backend.mapped_names()):
        return None
    digests = [digest_of(image_digest, number) for number in range(len(views))]
    maps = backend.map_cells([seen_through(image, view) for view in views], digests, adapter)
    return BlendedMap(maps, [_shown(image, view) for view in views]) if maps else None


def _shown(image: Image, view: View) -> Box:
    """The part of the picture that a view really shows, to the pixel."""
    height, width = image.shape[:2]
    top, left, bottom, right = _corners(height, width, view)
    return top / height, left / width, bottom / height, right / width


def _drawn(
    blended: BlendedMap, names: Sequence[str], height: int, width: int
) -> dict[str, Common | None]:
    """What the map shows of the names it knows; None for one that a single view shows."""
    drawn = {n: blended.draw(n, height, width) for n in blended.names if n in names}
    return {name: one for name, one in drawn.items() if one or blended.is_fleeting(name)}


def seen_through(image: Image, view: View) -> Image:
    """The part of a picture (uint8[H, W, 3]) that a view shows, black where it has none."""
    top, left, bottom, right = _corners(image.shape[0], image.shape[1], view)
    shown = np.zeros((bottom - top, right - left, 3), dtype=np.uint8)
    rows, columns = _inside(image.shape[0], image.shape[1], view)
    target = np.s_[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
    shown[target] = image[rows, columns]
    return shown


def put_back(mask: Mask, view: View, height: int, width: int) -> Mask:
    """A mask of a view as a mask of the whole picture, bool[height, width]."""
    top, left, _, _ = _corners(height, width, view)
    rows, columns = _inside(height, width, view)
    whole: NDArray[np.bool_] = np.zeros((height, width), dtype=np.bool_)
    source = np.s_[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
    whole[rows, columns] = mask[source]
    return whole


def common(masks: Sequence[Mask], views: int = len(VIEWS)) -> Common | None:
    """What the views that found a structure agree on; None when fewer than half did."""
    if not masks or 2 * len(masks) < views:
        return None
    agreed = np.sum(masks, axis=0) >= VOTES * len(masks)
    overlaps = [overlap(agreed, mask) for mask in masks]
    return Common(agreed, float(np.mean(overlaps))) if agreed.any() else None


def _region(name: str, mask: Mask) -> Region:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    height, width = mask.shape
    box = (
        float(rows[0] / height),
        float(columns[0] / width),
        float((rows[-1] + 1) / height),
        float((columns[-1] + 1) / width),
    )
    return Region(name, box, mask)


def _corners(height: int, width: int, view: View) -> tuple[int, int, int, int]:
    top, left, bottom, right = view
    return round(top * height), round(left * width), round(bottom * height), round(right * width)


def _inside(height: int, width: int, view: View) -> tuple[slice, slice]:
    top, left, bottom, right = _corners(height, width, view)
    return slice(max(top, 0), min(bottom, height)), slice(max(left, 0), min(right, width))
