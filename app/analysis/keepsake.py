"""A picture with its marked parts and their names as one PNG, to keep on a telephone; pillow only.

Colours and numbers say which part it is; the printed report has patterns besides.
"""

import io
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from app.analysis.overlay import DARK, FILL_OPACITY, LIGHT, Shape, spread

WIDTH: Final = 1200
"""Pixels of the longer side: sharp on a telephone, and some 500 kB."""
SCALE: Final = 2
"""Outlines are drawn twice as large and made smaller, which smooths them."""
FONTS: Final = Path("/usr/share/fonts/truetype/noto")
FACES: Final = {False: "NotoSans-Bold.ttf", True: "NotoSansArabic-Bold.ttf"}
_LOOP: Final = re.compile(r"M([^MZ]+)Z?")
_NUMBER: Final = re.compile(r"-?\d+(?:\.\d+)?")
Point = tuple[float, float]


def coloured_png(image_png: bytes, shapes: Sequence[Shape], names: Sequence[str]) -> bytes:
    """The picture made larger, its parts tinted, outlined and numbered, their names beneath."""
    with Image.open(io.BytesIO(image_png)) as source:
        factor = WIDTH / max(source.size)
        size = (round(source.width * factor), round(source.height * factor))
        picture = source.convert("RGB").resize(size, Image.Resampling.LANCZOS)
    for shape in shapes:
        picture = _marked(picture, shape, factor)
    draw = ImageDraw.Draw(picture)
    radius = WIDTH / 34
    anchors = [(shape.anchor[0] * factor, shape.anchor[1] * factor) for shape in shapes]
    for shape, at in zip(shapes, spread(anchors, radius, *size), strict=True):
        _disc(draw, shape.number, at, radius)
    sheet = _with_names(picture, shapes, names, radius)
    target = io.BytesIO()
    sheet.save(target, "PNG", optimize=True)
    return target.getvalue()


def _marked(picture: Image.Image, shape: Shape, factor: float) -> Image.Image:
    """The picture with one part tinted and outlined: a dark line under a coloured one."""
    large = (picture.width * SCALE, picture.height * SCALE)
    inside, dark, line = (Image.new("L", large) for _ in range(3))
    for loop in _loops(shape.path, factor * SCALE):
        hole = Image.new("L", large)
        ImageDraw.Draw(hole).polygon(loop, fill=255)
        inside = Image.composite(Image.eval(inside, lambda v: 255 - v), inside, hole)
        closed = [*loop, loop[0]]
        ImageDraw.Draw(dark).line(closed, fill=255, width=9 * SCALE, joint="curve")
        ImageDraw.Draw(line).line(closed, fill=255, width=5 * SCALE, joint="curve")
    tint = Image.eval(inside, lambda v: round(v * FILL_OPACITY))
    for mask, colour in ((tint, shape.colour), (dark, DARK), (line, shape.colour)):
        picture.paste(colour, mask=mask.resize(picture.size, Image.Resampling.LANCZOS))
    return picture


def _loops(path: str, factor: float) -> list[list[Point]]:
    """The corners of each closed loop of our own path data, for evenodd filling."""
    found = []
    for loop in _LOOP.findall(path):
        numbers = [float(one) * factor for one in _NUMBER.findall(loop)]
        found.append(list(zip(numbers[::2], numbers[1::2], strict=True)))
    return [loop for loop in found if len(loop) >= 3]


def _disc(draw: ImageDraw.ImageDraw, number: int, at: Point, radius: float) -> None:
    draw.circle(at, radius, fill=LIGHT, outline=DARK, width=4)
    draw.text(at, str(number), fill=DARK, font=_font(round(radius * 1.2)), anchor="mm")


def _with_names(
    picture: Image.Image, shapes: Sequence[Shape], names: Sequence[str], radius: float
) -> Image.Image:
    """The picture over a white legend: number, colour, name."""
    if not shapes:
        return picture
    row, edge = round(radius * 2.6), round(radius)
    sheet = Image.new("RGB", (picture.width, picture.height + row * len(shapes) + 2 * edge), LIGHT)
    sheet.paste(picture, (0, 0))
    draw = ImageDraw.Draw(sheet)
    for at, (shape, name) in enumerate(zip(shapes, names, strict=True)):
        middle = picture.height + edge + row * at + row / 2
        _disc(draw, shape.number, (edge * 2, middle), radius * 0.9)
        patch = (edge * 4, middle - radius * 0.7, edge * 6.5, middle + radius * 0.7)
        draw.rounded_rectangle(patch, radius * 0.3, fill=shape.colour, outline=DARK, width=3)
        font = _font(round(radius * 1.2), is_arabic="\u0600" <= name[:1] <= "\u06ff")
        draw.text((edge * 7.5, middle), name, fill=DARK, font=font, anchor="lm")
    return sheet


@cache
def _font(size: int, *, is_arabic: bool = False) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    file = FONTS / FACES[is_arabic]
    return ImageFont.truetype(file, size) if file.exists() else ImageFont.load_default(size)
