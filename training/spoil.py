"""Scans that show nothing any more: blank, noise, mixed tiles; and a structure painted over."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import ImageFilter

from training.negatives import smooth_noise

LEAST_ERASED = 0.005
"""Structures below this share of the picture leave no hole that one could see."""


def spoil(pixels: NDArray[np.uint8], generator: np.random.Generator) -> NDArray[np.uint8]:
    """uint8[S, S, 3] in which nothing can be found: half of them mixed tiles of the picture."""
    side = pixels.shape[0]
    kind = generator.random()
    if kind < 0.5:
        return mix_tiles(pixels, int(generator.choice([4, 5, 8, 8, 10, 16])), generator)
    if kind < 0.8:
        level = 0 if generator.random() < 0.5 else int(generator.integers(256))
        return np.full_like(pixels, level)
    grey: NDArray[Any]
    if kind < 0.9:
        grey = generator.normal(generator.uniform(20, 200), generator.uniform(5, 80), (side, side))
    else:
        grey = 255.0 * smooth_noise(generator, side, int(generator.integers(2, 30)))
    return np.repeat(np.clip(grey, 0, 255).astype(np.uint8)[..., None], 3, 2)


def mix_tiles(
    pixels: NDArray[np.uint8], count: int, generator: np.random.Generator
) -> NDArray[np.uint8]:
    """The picture's count x count tiles in random places, enlarged to its own size again."""
    side = pixels.shape[0]
    step = side // count
    cut = pixels[: step * count, : step * count]
    tiles = cut.reshape(count, step, count, step, 3).swapaxes(1, 2).reshape(-1, step, step, 3)
    mixed = tiles[generator.permutation(count * count)].reshape(count, count, step, step, 3)
    whole = np.ascontiguousarray(mixed.swapaxes(1, 2).reshape(step * count, step * count, 3))
    return np.asarray(PillowImage.fromarray(whole).resize((side, side)), dtype=np.uint8)


def erase_one(
    pixels: NDArray[np.uint8],
    cells: NDArray[np.uint8],
    objects: NDArray[Any],
    generator: np.random.Generator,
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], int] | None:
    """(pixels, cells, name number) with a random structure in the grey of what lies around it.

    None where no structure is large enough.
    """
    large = objects[objects["share"] >= LEAST_ERASED]
    if not len(large):
        return None
    gone = int(large[int(generator.integers(len(large)))]["name"])
    side = pixels.shape[0]
    mask = PillowImage.fromarray((cells == gone + 1).astype(np.uint8) * 255)
    inside = mask.resize((side, side), PillowImage.Resampling.BILINEAR)
    grown = np.asarray(inside.filter(ImageFilter.MaxFilter(5))) > 100
    ring = (np.asarray(inside.filter(ImageFilter.MaxFilter(13))) > 100) & ~grown
    if not ring.any():
        return None
    changed = pixels.copy()
    changed[grown] = np.median(pixels[ring], axis=0).astype(np.uint8)
    return changed, np.where(cells == gone + 1, 0, cells).astype(np.uint8), gone
