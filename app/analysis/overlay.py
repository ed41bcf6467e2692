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
SPREAD_ROUNDS: Final = 60

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


def overlay_svg(width: int, height: int, shapes: Sequence[Shape], picture: str | None) -> str:
    """An SVG of the picture (an address) with patterned, numbered shapes, readable without colour.

    Without a picture it is the shapes alone, to lie over one: a drawing that is itself shown as a
    picture may not fetch another.

    Each outline is a dark stroke under a light one, so it shows on black air and on white bone.
    """
    side = max(width, height)
    tile = side / TILES_PER_SIDE
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">',
        "<defs>",
        *(_pattern(shape.pattern, shape.colour, f"p{shape.number}", tile) for shape in shapes),
        "</defs>",
        "" if picture is None else _image(picture, width, height),
        *(_area(shape, side) for shape in shapes),
        *_numbers(shapes, width, height),
        "</svg>",
    ]
    return "".join(parts)


def _image(address: str, width: int, height: int) -> str:
    return f'<image href="{escape(address)}" width="{width}" height="{height}"/>'


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


def _numbers(shapes: Sequence[Shape], width: int, height: int) -> list[str]:
    """Numbered discs, pushed apart; a thin line leads from a pushed disc to its place."""
    side = max(width, height)
    radius = side / 34
    places = spread([shape.anchor for shape in shapes], radius, width, height)
    lines, discs = [], []
    for shape, (x, y) in zip(shapes, places, strict=True):
        at_x, at_y = shape.anchor
        if (x - at_x) ** 2 + (y - at_y) ** 2 > radius**2:
            lines += [_leader(x, y, at_x, at_y, side)]
        discs.append(_disc(shape.number, x, y, radius, side))
    return lines + discs


def spread(
    points: Sequence[tuple[float, float]], radius: float, width: int, height: int
) -> list[tuple[float, float]]:
    """Centres of discs near the given points (x, y) that do not cover each other, if room allows.

    The same points always give the same places.
    """
    edge = np.array([width - radius, height - radius])
    placed = np.clip(np.array(points, dtype=np.float64).reshape(-1, 2), radius, edge)
    turns = np.arange(len(placed))[:, None]
    placed += np.hstack([np.cos(turns), np.sin(turns)]) * 1e-3  # parts equal points
    for _ in range(SPREAD_ROUNDS):
        gaps = placed[:, None] - placed[None]
        away = np.hypot(gaps[..., 0], gaps[..., 1])
        short = np.clip(2.2 * radius - away, 0, None)
        np.fill_diagonal(short, 0)
        if not short.any():
            break
        push = gaps / np.maximum(away, 1e-9)[..., None] * short[..., None] / 2
        placed = np.clip(placed + push.sum(axis=1), radius, edge)
    return [(float(x), float(y)) for x, y in placed]


def _leader(x: float, y: float, to_x: float, to_y: float, side: int) -> str:
    line = f'<path d="M{x:.1f} {y:.1f}L{to_x:.1f} {to_y:.1f}" fill="none" '
    return (
        f'{line}stroke="{DARK}" stroke-width="{side / 130:.2f}"/>'
        f'{line}stroke="{LIGHT}" stroke-width="{side / 300:.2f}"/>'
        f'<circle cx="{to_x:.1f}" cy="{to_y:.1f}" r="{side / 130:.2f}" fill="{LIGHT}" '
        f'stroke="{DARK}" stroke-width="{side / 400:.2f}"/>'
    )


def _disc(number: int, x: float, y: float, radius: float, side: int) -> str:
    return (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.2f}" fill="{LIGHT}" stroke="{DARK}" '
        f'stroke-width="{side / 240:.2f}"/>'
        f'<text x="{x:.1f}" y="{y + radius * 0.47:.1f}" font-family="{FONT}" font-weight="bold" '
        f'font-size="{radius * 1.3:.2f}" text-anchor="middle" fill="{DARK}">{number}</text>'
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
