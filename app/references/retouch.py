"""Turning, cropping and covering a library picture by hand; pure, PNG in and PNG out."""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from PIL import Image, ImageDraw

Area = tuple[float, float, float, float]
"""(left, top, right, bottom) in percent of the picture's sides."""
ACTS: Final = ("turn", "crop", "cover")
MIN_SIDE: Final = 32
"""Pixels; what is smaller shows nothing (the same bound as for an upload)."""


@dataclass(frozen=True)
class Retouch:
    """One change: a quarter turn to the right, a crop to an area, or a black box over it."""

    act: str
    area: Area = (0.0, 0.0, 100.0, 100.0)

    @classmethod
    def from_form(cls, texts: Mapping[str, str]) -> "Retouch | None":
        """The change that a form asks for, or None when act or area make no sense."""
        act = texts.get("act", "")
        if act not in ACTS:
            return None
        if act == "turn":
            return cls(act)
        try:
            left, top, right, bottom = (
                float(texts.get(name, "")) for name in ("left", "top", "right", "bottom")
            )
        except ValueError:
            return None
        is_whole = (left, top, right, bottom) == cls.area
        if is_whole or not (0 <= left < right <= 100 and 0 <= top < bottom <= 100):
            return None  # the whole picture is what the form says before anybody drew a box
        return cls(act, (left, top, right, bottom))


def retouch(image_png: bytes, wish: Retouch) -> bytes:
    """A new PNG with one change made; an area that would crop too small is made larger."""
    target = io.BytesIO()
    with Image.open(io.BytesIO(image_png)) as picture:
        _changed(picture, wish).save(target, "PNG", compress_level=4)
    return target.getvalue()


def _changed(picture: Image.Image, wish: Retouch) -> Image.Image:
    if wish.act == "turn":
        return picture.transpose(Image.Transpose.ROTATE_270)
    left, right = _span(wish.area[0], wish.area[2], picture.width)
    top, bottom = _span(wish.area[1], wish.area[3], picture.height)
    if wish.act == "crop":
        return picture.crop((left, top, right, bottom))
    covered = picture.copy()
    ImageDraw.Draw(covered).rectangle((left, top, right - 1, bottom - 1), fill="black")
    return covered


def _span(low: float, high: float, side: int) -> tuple[int, int]:
    """Pixels from and to; at least MIN_SIDE wide where the picture is."""
    start, end = int(low * side / 100), -int(-high * side // 100)
    least = min(MIN_SIDE, side)
    end = min(max(end, start + least), side)
    return min(start, end - least), end
