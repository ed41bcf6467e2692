"""A picture with its regions coloured and named, for looking at a model from the command line."""

import colorsys
from collections.abc import Sequence
from typing import Final

import numpy as np
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

from model.types import Image, Mask, Region

_LEAST_SIDE: Final = 512
_FILL: Final = 0.38
_LINE: Final = 26
_MARGIN: Final = 12
_GOLDEN: Final = 0.618034
"""Hues this far apart differ most among their neighbours, however many there are."""

Colour = tuple[int, int, int]


def draw_overlay(image: Image, regions: Sequence[Region]) -> Image:
    """uint8[H', W', 3]: the picture, enlarged to at least 512 pixels, with a legend beside it."""
    scale = max(1.0, _LEAST_SIDE / max(image.shape[:2]))
    size = (round(image.shape[1] * scale), round(image.shape[0] * scale))
    canvas = np.array(Pillow.fromarray(image).resize(size), dtype=np.float32)
    colours = [_colour(place) for place in range(len(regions))]
    for region, colour in zip(regions, colours, strict=True):
        if region.mask is not None:
            grown = Pillow.fromarray(region.mask).resize(size, Pillow.Resampling.NEAREST)
            _tint(canvas, np.asarray(grown, dtype=bool), colour)
    return _with_legend(np.rint(canvas).astype(np.uint8), regions, colours)


def _tint(canvas: np.ndarray, mask: Mask, colour: Colour) -> None:
    canvas[mask] = canvas[mask] * (1 - _FILL) + np.array(colour, np.float32) * _FILL
    inner = mask.copy()
    for axis in (0, 1):
        inner &= np.roll(mask, 1, axis) & np.roll(mask, -1, axis)
    canvas[mask & ~inner] = colour


def _with_legend(picture: Image, regions: Sequence[Region], colours: Sequence[Colour]) -> Image:
    font = ImageFont.load_default(size=16)
    names = [region.label for region in regions]
    width = max((round(font.getlength(name)) for name in names), default=0) + 3 * _MARGIN + 16
    height = max(picture.shape[0], _LINE * len(names) + 2 * _MARGIN)
    sheet = Pillow.new("RGB", (picture.shape[1] + (width if names else 0), height), (24, 28, 32))
    sheet.paste(Pillow.fromarray(picture), (0, 0))
    pen = ImageDraw.Draw(sheet)
    left = picture.shape[1] + _MARGIN
    for place, (name, colour) in enumerate(zip(names, colours, strict=True)):
        top = _MARGIN + place * _LINE
        pen.rectangle((left, top + 3, left + 15, top + 18), fill=colour)
        pen.text((left + 16 + _MARGIN, top), name, fill=(240, 240, 240), font=font)
    return np.array(sheet, dtype=np.uint8)


def _colour(place: int) -> Colour:
    hue = (0.08 + place * _GOLDEN) % 1.0
    red, green, blue = colorsys.hsv_to_rgb(hue, 0.75, 1.0)
    return round(red * 255), round(green * 255), round(blue * 255)
