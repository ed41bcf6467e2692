"""Gives each panel of a montage the part of a caption that names it."""

import re
from collections.abc import Sequence
from typing import Final

from model.types import Box

_PLACES: Final = {
    "left": (1, -1),
    "right": (1, 1),
    "top": (0, -1),
    "upper": (0, -1),
    "bottom": (0, 1),
    "lower": (0, 1),
}
"""Word to (axis of a box's centre, the half it lies in)."""
_NAMED: Final = re.compile(
    r"(?:^|(?<=[\s.;,(]))(?:(?:figure|fig\.?|panel|image|part)\s*)?\(?([A-H])\)?\s*[:.)\-]\s+"
)
_PLACED: Final = re.compile(
    r"\b((?:(?:top|upper|bottom|lower)\s+)?(?:left|right)|top|upper|bottom|lower)\s+"
    r"(?:image|panel|picture|figure|scan|side of (?:the )?image)s?\b[:,]?\s*",
    re.I,
)


def assign_captions(panels: Sequence[Box], caption: str) -> list[str | None]:
    """For each panel the part of a caption that names it ("A:", "left image"), else None."""
    said: list[str | None] = [None] * len(panels)
    for start, stop, name in _parts(caption):
        text = caption[start:stop].strip(" ,;.")
        for number in _meant(name, panels):
            if text and said[number] is None:
                said[number] = text
    return said


def _parts(caption: str) -> list[tuple[int, int, str]]:
    """(start, stop, name) of every stretch of a caption that begins with a panel's name."""
    for pattern in (_NAMED, _PLACED):
        found = list(pattern.finditer(caption))
        if len(found) > 1 or (found and pattern is _PLACED):
            ends = [*(match.start() for match in found[1:]), len(caption)]
            return [(match.end(), end, match[1]) for match, end in zip(found, ends, strict=True)]
    return []


def _meant(name: str, panels: Sequence[Box]) -> list[int]:
    if len(name) == 1:
        number = ord(name.upper()) - ord("A")
        return [number] if number < len(panels) else []
    sides = [_PLACES[word] for word in name.lower().split()]
    centres = [((y0 + y1) / 2, (x0 + x1) / 2) for y0, x0, y1, x1 in panels]
    fitting = [
        number
        for number, centre in enumerate(centres)
        if all((centre[axis] - 0.5) * sign > 0 for axis, sign in sides)
    ]
    return fitting if len(fitting) == 1 else []
