"""Which pictures of an upload belong together, in which order, and which of them comes first.

Pure: works on what headers say. Reading headers lives in survey, decoding in slices.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

Vector = tuple[float, ...]

_SAME_NORMAL: Final = 0.97
"""Cosine of 14 degrees: slices of one stack are parallel but for rounding and small tilts."""
_SAME_PLACE_MM: Final = 0.01
_FEW: Final = 3
_OVERVIEW_MOST: Final = 40
"""An overview in three directions has 3 to 30 pictures; more of them is a scan of its own."""


@dataclass(frozen=True)
class Item:
    """One picture of an upload, as far as sorting needs it; never leaves the decoding process.

    Attributes:
        source: number of the file among all files of the upload.
        frame: number of the picture inside its file.
        instance: what makes the picture the same when a CD holds it twice.
        series: what the file says it belongs to.
        kind: everything else in which the pictures of one stack agree: size, echo, kind of image.
        modality: vocabulary word.
        orientation: six direction cosines (PS3.3 C.7.6.2.1.1), or empty.
        position: of the first pixel in millimetres, or empty.
        moment: what orders pictures of one place: temporal position, trigger time, acquisition.
        number: InstanceNumber, or the place in the upload.
        is_overview: the header calls it a localizer or scout.
        is_derived: computed from other pictures, or a copy of a screen.
    """

    source: int
    frame: int
    instance: Hashable
    series: Hashable
    kind: Hashable
    modality: str
    orientation: Vector = ()
    position: Vector = ()
    moment: Vector = ()
    number: int = 0
    is_overview: bool = False
    is_derived: bool = False


@dataclass(frozen=True)
class Stack:
    """Pictures of one series in the order in which they are looked through."""

    items: tuple[Item, ...]
    is_overview: bool = False
    is_axial: bool = False


def sort_into_stacks(items: Iterable[Item]) -> list[Stack]:
    """The stacks of an upload, the most useful one first; doubles are dropped."""
    once = {(item.instance, item.frame): item for item in reversed(list(items))}
    stacks = []
    for series in _grouped(reversed(once.values()), lambda item: (item.series, item.modality)):
        directions = _by_direction(series)
        # Three directions in a few pictures each: an overview, whether the header says so or not.
        is_overview = len(directions) >= _FEW and len(series) <= _OVERVIEW_MOST
        for direction in directions:
            for alike in _grouped(direction, lambda item: (item.kind, item.is_overview)):
                stacks += [_stack(one, is_overview=is_overview) for one in _by_moment(alike)]
    return sorted(stacks, key=_usefulness, reverse=True)


def thinned(items: Sequence[Item], most: int) -> tuple[Item, ...]:
    """At most this many items, evenly spread, the first and the last among them."""
    if len(items) <= most:
        return tuple(items)
    picked = np.rint(np.linspace(0, len(items) - 1, most)).astype(int)
    return tuple(items[number] for number in picked)


def sampled(count: int, samples: int) -> list[int]:
    """Numbers of slices to try as the first one shown: from the middle half, the middle first."""
    middle = count // 2
    if count < _FEW:
        return [middle]
    spread = np.rint(np.linspace(0.25, 0.75, samples) * (count - 1)).astype(int)
    near = sorted({int(number) for number in spread} | {middle}, key=lambda n: abs(n - middle))
    return near


def outward(count: int, first: int) -> list[int]:
    """Every number below count, the first one first and then its neighbours, near before far."""
    return sorted(range(count), key=lambda number: (abs(number - first), number < first))


def _grouped(items: Iterable[Item], key: Callable[[Item], Hashable]) -> list[list[Item]]:
    groups: dict[Hashable, list[Item]] = defaultdict(list)
    for item in items:
        groups[key(item)].append(item)
    return list(groups.values())


def _by_direction(items: Sequence[Item]) -> list[list[Item]]:
    """Items whose planes are parallel together; pictures without a direction together too."""
    groups: list[tuple[Vector, list[Item]]] = []
    for item in items:
        normal = normal_of(item.orientation)
        for known, group in groups:
            if _is_parallel(known, normal):
                group.append(item)
                break
        else:
            groups.append((normal, [item]))
    found = [group for _, group in groups]
    # Slices around a joint or along a vessel turn from one to the next: a fan is one stack.
    is_fan = len(found) > _FEW and len(items) / len(found) < 2 and len(items) > _OVERVIEW_MOST / 4
    return [list(items)] if is_fan else found


def normal_of(orientation: Vector) -> Vector:
    """The direction across a slice; empty where the six cosines are no plane."""
    if len(orientation) != 6:
        return ()
    normal = np.cross(orientation[:3], orientation[3:])
    length = float(np.linalg.norm(normal))
    return tuple(float(part) for part in normal / length) if length > 0.5 else ()


def _is_parallel(one: Vector, other: Vector) -> bool:
    if not one or not other:
        return one == other
    return float(np.dot(one, other)) > _SAME_NORMAL


def _by_moment(items: Sequence[Item]) -> list[list[Item]]:
    """Stacks in which every place occurs once; many pictures of a single place are one film."""
    places = _places(items)
    if places is None:
        return [sorted(items, key=lambda item: (item.number, item.source, item.frame))]
    at: dict[int, list[Item]] = defaultdict(list)
    for item, place in zip(items, places, strict=True):
        at[place].append(item)
    for group in at.values():
        group.sort(key=lambda item: (item.moment, item.number, item.source, item.frame))
    if len(at) == 1:
        return list(at.values())
    depth = max(len(group) for group in at.values())
    return [[at[place][k] for place in sorted(at) if len(at[place]) > k] for k in range(depth)]


def _places(items: Sequence[Item]) -> list[int] | None:
    """Each item's place along the common normal in hundredths of a millimetre."""
    normal = normal_of(items[0].orientation)
    if not normal or any(len(item.position) != 3 for item in items):
        return None
    return [round(float(np.dot(item.position, normal)) / _SAME_PLACE_MM) for item in items]


def _stack(items: Sequence[Item], *, is_overview: bool) -> Stack:
    normal = normal_of(items[0].orientation)
    return Stack(
        items=tuple(items),
        is_overview=is_overview or items[0].is_overview,
        is_axial=bool(normal) and abs(normal[2]) > 0.8,
    )


def _usefulness(stack: Stack) -> tuple[bool, bool, bool, int]:
    """Slices before overviews, originals before computed ones, axial and large ones first."""
    return not stack.is_overview, not stack.items[0].is_derived, stack.is_axial, len(stack.items)
