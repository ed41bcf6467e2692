"""A cheap move of a prepared copy: zoom, stretch and shift along the axes, boxes kept inside.

A mask's codes are drawn within its box, so a move along the axes changes boxes only: no copy has
to be coded again.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from training.cache import IGNORED

ZOOM = 0.22
STRETCH = 0.10
SHIFT = 0.12
MARGIN = 0.005
FREE = (0.15, 0.15, 0.85, 0.85)
"""What must stay in the picture where no structure is known."""


def shake(
    grey: NDArray[np.uint8],
    cells: NDArray[np.uint8],
    objects: NDArray[Any],
    generator: np.random.Generator,
    *,
    unknown: bool,
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[Any]]:
    """The moved picture uint8[S, S], cells uint8[G, G] and objects.

    Args:
        unknown: what comes in from outside is unknown rather than background.
    """
    scale, offset = _draw_move(objects, generator)
    side = grey.shape[0]
    inverse = 1.0 / scale
    wide = (inverse[1], 0.0, -offset[1] * side / scale[1])
    affine = (*wide, 0.0, inverse[0], -offset[0] * side / scale[0])
    picture = PillowImage.fromarray(grey)
    moved = picture.transform((side, side), PillowImage.Transform.AFFINE, affine, 2)
    changed = objects.copy()
    for field in ("box", "shifted"):
        corners = objects[field].reshape(-1, 2, 2) * scale + offset
        changed[field] = np.clip(corners, 0.0, 1.0).reshape(-1, 4)
    changed["share"] = objects["share"] * scale.prod()
    return np.asarray(moved), _move_cells(cells, scale, offset, unknown), changed


def _draw_move(
    objects: NDArray[Any], generator: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Scale and offset, each (y, x) in shares of the side: new place = old place x scale + it."""
    low, high = np.array(FREE[:2]), np.array(FREE[2:])
    if len(objects):
        low, high = objects["box"][:, :2].min(0), objects["box"][:, 2:].max(0)
    most = (1.0 - 2.0 * MARGIN) / np.maximum(high - low, 0.05)
    zoom = generator.uniform(-ZOOM, ZOOM) + generator.uniform(-STRETCH, STRETCH, 2)
    scale = np.minimum(np.exp(zoom), np.maximum(most, 0.8))
    middle = 0.5 - 0.5 * scale + generator.uniform(-SHIFT, SHIFT, 2)
    least, greatest = MARGIN - low * scale, 1.0 - MARGIN - high * scale
    offset = np.clip(middle, np.minimum(least, greatest), np.maximum(least, greatest))
    return scale.astype(np.float64), offset.astype(np.float64)


def _move_cells(
    cells: NDArray[np.uint8],
    scale: NDArray[np.float64],
    offset: NDArray[np.float64],
    unknown: bool,
) -> NDArray[np.uint8]:
    grid = len(cells)
    middles = (np.arange(grid) + 0.5) / grid
    rows, columns = (np.floor((middles - offset[i]) / scale[i] * grid).astype(int) for i in (0, 1))
    inside = ((rows >= 0) & (rows < grid))[:, None] & ((columns >= 0) & (columns < grid))[None]
    taken = cells[rows.clip(0, grid - 1)][:, columns.clip(0, grid - 1)]
    return np.where(inside, taken, IGNORED if unknown else 0).astype(np.uint8)
