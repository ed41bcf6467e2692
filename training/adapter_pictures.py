"""Pictures for adapter training: marks masked, squashed, and varied without mirroring."""

from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image as PillowImage

from model.pixels import from_picture, squash, to_rgb, without_medpix_marks
from model.types import Image
from training.augment import Strength, change_greys, draw_affine, warp_picture

MARGIN: Final = 1.25
"""Pictures are kept this much larger than the model's square, so that enlarging stays sharp."""
KEPT_BYTES: Final = 512 * 2**20
ERASED_CHANCE: Final = 0.25
ERASED_SIDE: Final = 0.3
"""A black rectangle of up to this share of each side: no single spot may decide the answer."""


class PictureShelf:
    """Decoded pictures, kept in memory up to a limit; decoding again costs milliseconds.

    A class because what it keeps outlives the call.
    """

    def __init__(self, side: int, *, has_marks: bool) -> None:
        """Pictures for a square of this side; `has_marks` masks MedPix' mark and footer."""
        self.side = side
        self._kept_side = round(side * MARGIN)
        self._has_marks = has_marks
        self._kept: dict[Path, Image] = {}
        self._room = KEPT_BYTES // (self._kept_side**2 * 3)

    def plain(self, path: Path) -> Image:
        """uint8[side, side, 3] of the picture as it is served."""
        return squash(self._whole(path), self.side)

    def varied(self, path: Path, generator: np.random.Generator) -> Image:
        """uint8[side, side, 3], grey: turned, scaled, shifted and toned, never mirrored."""
        found = self._kept.get(path)
        if found is None:
            found = squash(self._whole(path), self._kept_side)
            if len(self._kept) < self._room:
                self._kept[path] = found
        picture = PillowImage.fromarray(found).convert("L")
        affine = draw_affine(generator, Strength(), mirrors=False)
        grey = change_greys(warp_picture(picture, affine, self.side), generator)
        return _erased(to_rgb(grey), generator)

    def _whole(self, path: Path) -> Image:
        with PillowImage.open(path) as opened:
            whole = from_picture(opened)
        return without_medpix_marks(whole) if self._has_marks else whole


def _erased(image: Image, generator: np.random.Generator) -> Image:
    if generator.random() > ERASED_CHANCE:
        return image
    height, width = image.shape[:2]
    tall, wide = (int(side * generator.uniform(0.05, ERASED_SIDE)) for side in (height, width))
    top, left = int(generator.integers(height - tall)), int(generator.integers(width - wide))
    image[top : top + tall, left : left + wide] = 0
    return image
