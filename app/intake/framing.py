"""What a photo holds: the corners of a film or screen, the panels of a montage; and its views."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from model.panels import find_panels
from model.photo_frame import Quad, find_frame
from model.straighten import has_glare, is_blurred, straightened
from model.types import Box, Image

WHOLE: Final = "whole"
STRAIGHT: Final = "straight"
_PANEL: Final = "panel-"
_MAX_PANELS: Final = 36
_OUTSIDE: Final = 0.1
"""Of the picture's side: a corner of a film may lie just outside of the photo."""
_LEAST_SIDE: Final = 48
"""Pixels of a panel: less shows nothing when it is alone."""


@dataclass(frozen=True)
class Framing:
    """How a photo can be seen besides as it is.

    Attributes:
        quad: the corners of the film, print or screen in it; None where there is none.
        panels: (top, left, bottom, right) in [0, 1] of the straightened picture; empty for one.
    """

    quad: Quad | None = None
    panels: tuple[Box, ...] = ()

    @property
    def views(self) -> tuple[str, ...]:
        """The names of all its views."""
        straight = (STRAIGHT,) if self.quad is not None else ()
        return (WHOLE, *straight, *self.panel_views)

    @property
    def panel_views(self) -> tuple[str, ...]:
        """The names of its panels."""
        return tuple(f"{_PANEL}{number}" for number in range(1, len(self.panels) + 1))

    @property
    def first(self) -> str:
        """The view that is shown unless somebody chooses another."""
        return WHOLE if self.quad is None else STRAIGHT


AS_IT_IS: Final = Framing()
"""Of a picture that has no other view than itself."""


def frame(whole: Image) -> tuple[Framing, tuple[str, ...]]:
    """What there is in a photo (uint8[H, W, 3] RGB), and notes about how well it was taken."""
    quad = find_frame(whole)
    sheet = whole if quad is None else straightened(whole, quad)
    boxes = find_panels(sheet)
    high, wide = sheet.shape[:2]
    large = [
        (top, left, bottom, right)
        for top, left, bottom, right in boxes
        if min((bottom - top) * high, (right - left) * wide) >= _LEAST_SIDE
    ]
    framing = Framing(quad, tuple(large[:_MAX_PANELS]) if len(large) > 1 else ())
    if quad is None:
        return framing, ()
    found = {
        "photo_straightened": True,
        "photo_glare": has_glare(sheet),
        "photo_blurred": is_blurred(sheet),
    }
    return framing, tuple(note for note, holds in found.items() if holds)


def seen_as(whole: Image, framing: Framing, view: str) -> Image:
    """uint8[H, W, 3] RGB: one view of a photo; `view` is one of framing.views."""
    if view == WHOLE:
        return whole
    sheet = whole if framing.quad is None else straightened(whole, framing.quad)
    if view not in framing.panel_views:
        return sheet
    high, wide = sheet.shape[:2]
    top, left, bottom, right = framing.panels[int(view.removeprefix(_PANEL)) - 1]
    rows = slice(round(top * high), round(bottom * high))
    return sheet[rows, round(left * wide) : round(right * wide)]


def framing_from(quad: Sequence[Any] | None, panels: Sequence[Any]) -> Framing:
    """A framing out of JSON, every number checked.

    Raises:
        ValueError: a number that is none, out of bounds, or one too many.
    """
    corners = None if quad is None else tuple(_numbers(corner, 2) for corner in quad)
    boxes = tuple(_numbers(box, 4) for box in panels)
    if corners is not None and len(corners) != 4:
        raise ValueError("a frame has four corners")
    if len(boxes) == 1 or len(boxes) > _MAX_PANELS:
        raise ValueError("a montage has several panels")
    if any(not (top < bottom and left < right) for top, left, bottom, right in boxes):
        raise ValueError("a panel without an inside")
    return Framing(corners, boxes)  # type: ignore[arg-type]  # the lengths were counted


def _numbers(values: Sequence[Any], count: int) -> tuple[float, ...]:
    found = tuple(float(value) for value in values)
    if len(found) != count:
        raise ValueError("a point or a box with another number of sides")
    if not all(math.isfinite(one) and -_OUTSIDE <= one <= 1 + _OUTSIDE for one in found):
        raise ValueError("a place outside of the picture")
    return found
