"""Gives each panel of a montage the part of a caption that names it."""

import re
from collections.abc import Sequence
from typing import Final

from model.types import Box

_PLACES: Final = {
    "left": (1, -1),
    "right": (1, 1),
    "center": (1, 0),
    "centre": (1, 0),
    "middle": (1, 0),
    "top": (0, -1),
    "upper": (0, -1),
    "bottom": (0, 1),
    "lower": (0, 1),
}
"""Word to (axis of a box's centre, the half it lies in; 0 for what lies between them)."""
_MIDDLE: Final = 1 / 6
"""How far from the middle a panel's centre may lie to be called the middle one: of three."""
_PLACE: Final = r"(?:(?:top|upper|bottom|lower)\s+)?(?:left|right|center|centre|middle)"
_ROW: Final = r"top|upper|bottom|lower"
_NAMED: Final = re.compile(
    r"(?:^|(?<=[\s.;,(]))(?:(?:figure|fig\.?|panel|image|part)\s*)?\(?([A-H])\)?\s*[:.)\-]\s+"
)
_PLACED: Final = re.compile(
    rf"\b({_PLACE}|{_ROW})\s+"
    r"(?:image|panel|picture|figure|scan|side of (?:the )?image)s?\b[:,]?\s*",
    re.I,
)
_LISTED: Final = re.compile(rf"(?:^|(?<=[\n.;])\s*)({_PLACE}|{_ROW})\s*(?::|\s-\s)\s*", re.I | re.M)
"""A line or sentence that begins with a place: "Left - T2". A side of the body has no colon."""
_AFTER: Final = re.compile(rf"\s*\(({_PLACE}|{_ROW}|[A-Ha-h])\)", re.I)
"""A place or letter in brackets after what it is the place of: "T1 (left) and T2 (right)"."""
_KIND: Final = re.compile(
    r"(?:axial|transverse|coronal|sagittal|frontal|lateral|t1|t2|flair|dwi|adc|stir|ct|mri?)\b",
    re.I,
)
_JOINED: Final = re.compile(r"^(?:and|[,;.])\s*", re.I)


def assign_captions(panels: Sequence[Box], caption: str) -> list[str | None]:
    """For each panel the part of a caption that names it, else None.

    Named are letters ("A:", "(b)"), places ("left image", "upper right: ", "T1 (left)"), and, in
    reading order, as many lines or sentences as there are panels, each beginning with a kind of
    picture ("Axial T1 ...").
    """
    said: list[str | None] = [None] * len(panels)
    for text, name in _parts(caption):
        for number in _meant(name, panels):
            if text and said[number] is None:
                said[number] = text
    return said if any(said) else _in_order(len(panels), caption)


def _parts(caption: str) -> list[tuple[str, str]]:
    """(text, name) of every stretch of a caption that a panel's name stands before or after."""
    for pattern in (_NAMED, _LISTED, _PLACED):
        found = list(pattern.finditer(caption))
        if len(found) > 1 or (found and pattern is _PLACED):
            ends = [*(match.start() for match in found[1:]), len(caption)]
            return [
                (_clean(caption[match.end() : end]), match[1])
                for match, end in zip(found, ends, strict=True)
            ]
    found = list(_AFTER.finditer(caption))
    starts = [0, *(match.end() for match in found)]
    parts = [
        (_clean(caption[start : match.start()]), match[1])
        for start, match in zip(starts, found, strict=False)
    ]
    return parts if len(parts) > 1 else []


def _in_order(count: int, caption: str) -> list[str | None]:
    parts = [part for part in map(_clean, re.split(r"[\n;]|\.\s", caption)) if part]
    is_told = len(parts) == count and all(_KIND.match(part) for part in parts)
    return [*parts] if is_told else [None] * count


def _clean(text: str) -> str:
    return _JOINED.sub("", text.strip(" ,;.\n\r")).strip(" ,;.")


def _meant(name: str, panels: Sequence[Box]) -> list[int]:
    if len(name) == 1:
        number = ord(name.upper()) - ord("A")
        return [number] if number < len(panels) else []
    sides = [_PLACES[word] for word in name.lower().split()]
    centres = [((y0 + y1) / 2, (x0 + x1) / 2) for y0, x0, y1, x1 in panels]
    fitting = [
        number
        for number, centre in enumerate(centres)
        if all(_lies(centre[axis] - 0.5, sign) for axis, sign in sides)
    ]
    return fitting if len(fitting) == 1 else []


def _lies(off: float, sign: int) -> bool:
    """Whether a centre that lies so far off the middle is on a side, or (0) in the middle."""
    return abs(off) < _MIDDLE if sign == 0 else off * sign > 0
