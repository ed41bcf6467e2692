"""Healthy pictures drawn by code for demonstrations: no person behind them, marked as drawn.

Each picture is a list of soft ellipses painted one over the other, then grain. They have the rough
look of their kind, enough to try the pages with, and teach nothing about a real body.
"""

import io
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIDE: Final = 448
EDGE: Final = 2.2
"""Pixels over which one tissue fades into the next."""

Ellipse = tuple[float, float, float, float, float, float]
"""(x, y, half width, half height) in shares of the side, turn in degrees, grey 0 to 255."""
Canvas = NDArray[np.float64]


@dataclass(frozen=True)
class Drawing:
    """One kind of picture and what is painted for it, from the back to the front."""

    region: str
    modality: str
    plane: str
    structures: tuple[str, ...]
    caption: str
    ellipses: tuple[Ellipse, ...]
    grain: float


def drawn_png(drawing: Drawing, variant: int = 0) -> bytes:
    """A PNG of a drawing, 8-bit grey, the same bytes for the same variant.

    Args:
        drawing: one of DRAWINGS.
        variant: another body: a little wider or narrower, with another grain.
    """
    chance = np.random.default_rng(1000 + variant)
    wide = 1 + (0.045 * variant if variant % 2 else -0.035 * variant)
    canvas: Canvas = np.zeros((SIDE, SIDE))
    for x, y, half_width, half_height, turn, grey in drawing.ellipses:
        shift = chance.normal(0, 0.0035, 2) if variant else np.zeros(2)
        middle = (0.5 + (x - 0.5) * wide + shift[0], y + shift[1])
        _paint(canvas, middle, (half_width * wide, half_height), turn, grey)
    rough = chance.normal(0, drawing.grain, canvas.shape)
    lit = canvas > 6
    canvas[lit] += rough[lit]
    target = io.BytesIO()
    Image.fromarray(np.clip(canvas, 0, 255).astype(np.uint8)).save(target, "PNG")
    return target.getvalue()


def _paint(
    canvas: Canvas,
    middle: tuple[float, float],
    half: tuple[float, float],
    turn: float,
    grey: float,
) -> None:
    """One ellipse with a soft edge over what is there, touching only the square around it."""
    reach = max(half) + EDGE / SIDE
    low = [max(0, int((at - reach) * SIDE)) for at in middle]
    high = [min(SIDE, int((at + reach) * SIDE) + 2) for at in middle]
    if low[0] >= high[0] or low[1] >= high[1]:
        return  # all of it lies outside the picture
    rows, columns = np.mgrid[low[1] : high[1], low[0] : high[0]]
    x, y = columns / SIDE - middle[0], rows / SIDE - middle[1]
    angle = np.radians(turn)
    along = (x * np.cos(angle) + y * np.sin(angle)) / half[0]
    across = (y * np.cos(angle) - x * np.sin(angle)) / half[1]
    radius = np.hypot(along, across)
    # Pixels from the border: how far off 1 the radius is, over how fast it grows there.
    slope = np.maximum(np.hypot(along / half[0], across / half[1]), 1e-9)
    away = (radius - 1) * np.maximum(radius, 1e-9) / slope * SIDE
    cover = np.clip(0.5 - away / (2 * EDGE), 0, 1)
    part = canvas[low[1] : high[1], low[0] : high[0]]
    part[:] = part * (1 - cover) + grey * cover
