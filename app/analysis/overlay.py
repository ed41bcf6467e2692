"""Marked regions as shapes: coloured, patterned and numbered, as SVG for print and as a PNG."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

import numpy as np
from PIL import Image as PillowImage

from app.analysis.outline import anchor_point, outline_paths
from model.types import Image, Mask

__all__ = [
    "PATTERN_STROKES",
    "Shape",
    "anchor_point",
    "outline_paths",
    "overlay_png",
    "overlay_svg",
    "swatch_svg",
]

FILL_OPACITY: Final = 0.32
"""Enough to name a colour, little enough to see the picture through it (judged by eye)."""
DARK: Final = "#10222E"
LIGHT: Final = "#FFFFFF"
TILES_PER_SIDE: Final = 34
"""Pattern tiles along the longer side: at 80 mm on paper a tile is 2.4 mm, clear at 300 dpi."""
FONT: Final = "Noto Sans"

# Strokes of each pattern in a tile of 12 by 12; straight edges meet at the tile's border.
PATTERN_STROKES: Final = {
    "dots": "M6 6h.01",
    "rings": "M3 6a3 3 0 1 0 6 0a3 3 0 1 0 -6 0",
    "stripes": "M-3 9L9 -3M3 15L15 3",
    "backstripes": "M3 -3L15 9M-3 3L9 15",
    "lines": "M0 6H12",
    "bars": "M6 0V12",
    "grid": "M0 6H12M6 0V12",
    "crosshatch": "M-3 9L9 -3M3 15L15 3M3 -3L15 9M-3 3L9 15",
    "zigzag": "M-3 6L0 9L6 3L12 9L15 6",
    "waves": "M0 6C3 1 3 1 6 6C9 11 9 11 12 6",
    "dashes": "M1 3H6M7 9H12",
    "bricks": "M0 3H12M0 9H12M6 3V9M0 9V12M0 0V3",
}


@dataclass(frozen=True)
class Shape:
    """One marked region to draw; `path` and `anchor` (x, y) in picture pixels, number from 1."""

    key: str
    number: int
    colour: str
    pattern: str
    path: str
    anchor: tuple[float, float]


def overlay_svg(width: int, height: int, shapes: Sequence[Shape], picture: str) -> str:
    """An SVG of the picture (an address) with patterned, numbered shapes, readable without colour.

    Each outline is a dark stroke under a light one, so it shows on black air and on white bone.
    """
    side = max(width, height)
    tile = side / TILES_PER_SIDE
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">',
        "<defs>",
        *(_pattern(shape.pattern, shape.colour, f"p{shape.number}", tile) for shape in shapes),
        "</defs>",
        f'<image href="{escape(picture)}" width="{width}" height="{height}"/>',
        *(_area(shape, side) for shape in shapes),
        *(_number(shape, side, width, height) for shape in shapes),
        "</svg>",
    ]
    return "".join(parts)


def swatch_svg(colour: str, pattern: str) -> str:
    """A small patch of a colour and its pattern, for a legend."""
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 36 24"><defs>'
        f"{_pattern(pattern, colour, 'p', 12)}</defs>"
        '<rect x="1" y="1" width="34" height="22" rx="3" fill="#5B6B75"/>'
        f'<rect x="1" y="1" width="34" height="22" rx="3" fill="{colour}" fill-opacity="0.55"/>'
        f'<rect x="1" y="1" width="34" height="22" rx="3" fill="url(#p)" stroke="{DARK}" '
        'stroke-width="1.5"/></svg>'
    )


def overlay_png(image: Image, marked: Sequence[tuple[Mask, str]]) -> bytes:
    """A PNG of uint8[H, W, 3] with each mask tinted in its colour and a double outline."""
    canvas = image.astype(np.float32)
    for mask, colour in marked:
        tint = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)], dtype=np.float32)
        canvas[mask] = canvas[mask] * (1 - FILL_OPACITY) + tint * FILL_OPACITY
        border = mask & ~_shrunk(mask)
        halo = _grown(mask) & ~mask
        canvas[halo] = 16.0
        canvas[border] = tint
    target = io.BytesIO()
    PillowImage.fromarray(canvas.round().astype(np.uint8)).save(target, "PNG", optimize=True)
    return target.getvalue()


def _pattern(name: str, colour: str, identifier: str, tile: float) -> str:
    strokes = PATTERN_STROKES[name]
    bold = 2.6 if name == "dots" else 1.0
    return (
        f'<pattern id="{identifier}" width="{tile:.3f}" height="{tile:.3f}" '
        f'patternUnits="userSpaceOnUse" viewBox="0 0 12 12">'
        f'<path d="{strokes}" fill="none" stroke="{DARK}" stroke-opacity="0.75" '
        f'stroke-width="{1.2 + 1.6 * bold:.1f}" stroke-linecap="round"/>'
        f'<path d="{strokes}" fill="none" stroke="{colour}" stroke-width="{1.3 * bold:.1f}" '
        'stroke-linecap="round"/></pattern>'
    )


def _area(shape: Shape, side: int) -> str:
    path = escape(shape.path)
    return (
        f'<path d="{path}" fill="{shape.colour}" fill-opacity="{FILL_OPACITY}" '
        f'fill-rule="evenodd"/>'
        f'<path d="{path}" fill="url(#p{shape.number})" fill-rule="evenodd" stroke="{DARK}" '
        f'stroke-width="{side / 110:.2f}" stroke-linejoin="round"/>'
        f'<path d="{path}" fill="none" stroke="{shape.colour}" '
        f'stroke-width="{side / 230:.2f}" stroke-linejoin="round"/>'
    )


def _number(shape: Shape, side: int, width: int, height: int) -> str:
    radius = side / 30
    x = min(max(shape.anchor[0], radius), width - radius)
    y = min(max(shape.anchor[1], radius), height - radius)
    return (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.2f}" fill="{LIGHT}" stroke="{DARK}" '
        f'stroke-width="{side / 240:.2f}"/>'
        f'<text x="{x:.1f}" y="{y + radius * 0.47:.1f}" font-family="{FONT}" font-weight="bold" '
        f'font-size="{radius * 1.3:.2f}" text-anchor="middle" fill="{DARK}">{shape.number}</text>'
    )


def _shrunk(mask: Mask) -> Mask:
    return np.asarray(~_grown(~mask))


def _grown(mask: Mask) -> Mask:
    grown = np.pad(mask, 1)
    spread = grown.copy()
    spread[1:] |= grown[:-1]
    spread[:-1] |= grown[1:]
    spread[:, 1:] |= grown[:, :-1]
    spread[:, :-1] |= grown[:, 1:]
    return spread[1:-1, 1:-1]
