"""A film or screen in a photo as if seen from straight ahead, and how good the photo is."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from model.photo_frame import Quad
from model.types import Image

_LEAST_SIDE: Final = 64
_SIDE: Final = 512
"""Pixels along the longer side while sharpness and glare are measured."""
_BLOCK: Final = 16
_BLOWN: Final = 235
"""Grey value from which a whole block has lost its picture to a lamp."""
_GLARE_SHARE: Final = 0.01
_LIT: Final = 110
"""Around it nothing is dark: contrast medium and bone have dark neighbours, glare has none."""
_LEAST_SHARP: Final = 0.24
"""Of 16 simulated photos the least sharp has 0.27; blurred by 4 pixels of 1024 all are below."""


def straightened(image: Image, quad: Quad) -> Image:
    """uint8[H, W, 3] RGB: what lies between four corners as a rectangle of their mean size."""
    corners, target = _sheet_of(image, quad)
    wide, high = (int(side) for side in target[2])
    picture = PillowImage.fromarray(image).transform(
        (wide, high),
        PillowImage.Transform.PERSPECTIVE,
        _coefficients(target, corners).tolist(),
        PillowImage.Resampling.BICUBIC,
    )
    return np.asarray(picture, dtype=np.uint8)


def placed_back(
    image: Image, quad: Quad, boxes: Sequence[tuple[int, int, int, int]]
) -> list[list[tuple[float, float]]]:
    """The corners (x, y) in a photo of boxes (top, left, bottom, right) of its sheet."""
    corners, target = _sheet_of(image, quad)
    a, b, c, d, e, f, g, h = _coefficients(target, corners).tolist()

    def back(x: float, y: float) -> tuple[float, float]:
        depth = g * x + h * y + 1
        return (a * x + b * y + c) / depth, (d * x + e * y + f) / depth

    return [
        [back(x, y) for x, y in ((left, top), (right, top), (right, bottom), (left, bottom))]
        for top, left, bottom, right in boxes
    ]


def _sheet_of(image: Image, quad: Quad) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(x, y) of the four corners in the photo, and of the same four in the straightened view."""
    height, width = image.shape[:2]
    corners = np.array([(x * width, y * height) for y, x in quad])
    sides = np.hypot(*(np.roll(corners, -1, axis=0) - corners).T)
    wide, high = (max(_LEAST_SIDE, round(float(sides[n::2].mean()))) for n in (0, 1))
    return corners, np.array([(0, 0), (wide, 0), (wide, high), (0, high)], dtype=np.float64)


def _coefficients(target: NDArray[np.float64], source: NDArray[np.float64]) -> NDArray[np.float64]:
    """float[8]: the projective map from target points to source points, as Pillow wants it."""
    rows, values = [], []
    for (x, y), (u, v) in zip(target, source, strict=True):
        rows += [(x, y, 1, 0, 0, 0, -u * x, -u * y), (0, 0, 0, x, y, 1, -v * x, -v * y)]
        values += [u, v]
    return np.asarray(np.linalg.solve(np.array(rows), np.array(values)))


def has_glare(image: Image) -> bool:
    """Whether a lamp or a window has washed out a part of a photographed picture."""
    grey = _grey(image)
    high, wide = (side // _BLOCK for side in grey.shape)
    blocks = grey[: high * _BLOCK, : wide * _BLOCK].reshape(high, _BLOCK, wide, _BLOCK)
    darkest = blocks.min(axis=(1, 3))
    padded = np.pad(darkest, 1, mode="edge")
    near = np.min([padded[y : y + high, x : x + wide] for y in range(3) for x in range(3)], axis=0)
    return bool(((darkest > _BLOWN) & (near > _LIT)).mean() > _GLARE_SHARE)


def sharpness(image: Image) -> float:
    """How strong the finest detail is beside the coarser one; 1 where all is equally strong."""
    grey = _grey(image)
    soft = _softened(grey, 1)
    softer = _softened(soft, 3)
    fine = np.abs(grey - soft)
    coarse = np.abs(soft - softer)
    edges = coarse > np.percentile(coarse, 90)
    return float(fine[edges].mean() / (coarse[edges].mean() + 1.0))


def is_blurred(image: Image) -> bool:
    """Whether a photographed picture is out of focus or was shaken."""
    return sharpness(image) < _LEAST_SHARP


def _grey(image: Image) -> NDArray[np.float32]:
    picture = PillowImage.fromarray(image).convert("L")
    picture.thumbnail((_SIDE, _SIDE), PillowImage.Resampling.BOX)
    return np.asarray(picture, dtype=np.float32)


def _softened(grey: NDArray[np.float32], reach: int) -> NDArray[np.float32]:
    """The mean over a square of 2 * reach + 1 pixels."""
    size = 2 * reach + 1
    for axis in (0, 1):
        margins = [(reach + 1, reach) if axis == here else (0, 0) for here in (0, 1)]
        summed = np.pad(grey, margins, mode="edge").cumsum(axis=axis, dtype=np.float64)
        count = grey.shape[axis]
        upper = summed.take(range(size, size + count), axis=axis)
        lower = summed.take(range(count), axis=axis)
        grey = ((upper - lower) / size).astype(np.float32)
    return grey
