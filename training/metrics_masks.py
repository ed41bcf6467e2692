"""Scores of masks against masks, and the atlas: what one gets without looking at the picture."""

from collections.abc import Hashable, Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from model.types import Mask

ATLAS_SIDE: Final = 128
"""Side of the atlas' mean masks; finer ones change the mean Dice by less than 0.005."""
Key = tuple[Hashable, ...]


def dice(found: Mask, wanted: Mask) -> float:
    """Twice the overlap over both areas, 0 to 1; two empty masks agree."""
    areas = int(found.sum()) + int(wanted.sum())
    return 2.0 * int((found & wanted).sum()) / areas if areas else 1.0


def intersection_over_union(found: Mask, wanted: Mask) -> float:
    """The overlap over the union, 0 to 1; two empty masks agree."""
    union = int((found | wanted).sum())
    return int((found & wanted).sum()) / union if union else 1.0


class Atlas:
    """Mean train masks by key, drawn at the level that keeps the mean area.

    A class because it grows picture by picture and is then asked many times.
    """

    def __init__(self) -> None:
        """Knows nothing yet."""
        self._sums: dict[Key, NDArray[np.float32]] = {}
        self._counts: dict[Key, int] = {}

    def add(self, key: Key, mask: Mask) -> None:
        """Count one train mask, bool[H, W] of the whole picture, under its key."""
        small = _small(mask)
        self._sums[key] = self._sums.get(key, np.zeros_like(small)) + small
        self._counts[key] = self._counts.get(key, 0) + 1

    def draw(self, keys: Iterable[Key], height: int, width: int) -> Mask | None:
        """The atlas' mask at this size for the first key it knows, else None."""
        for key in keys:
            if key in self._sums:
                mean = self._sums[key] / np.float32(self._counts[key])
                large = PillowImage.fromarray(mean).resize(
                    (width, height), PillowImage.Resampling.BILINEAR
                )
                values = np.asarray(large)
                return np.asarray(values > _threshold(mean), dtype=np.bool_)
        return None


def _small(mask: Mask) -> NDArray[np.float32]:
    picture = PillowImage.fromarray(mask.astype(np.float32))
    return np.asarray(picture.resize((ATLAS_SIDE, ATLAS_SIDE), PillowImage.Resampling.BOX))


def _threshold(mean: NDArray[np.float32]) -> float:
    """The level whose area is the mean area, so that small wandering parts are drawn at all."""
    ordered = np.sort(mean, axis=None)[::-1]
    area = min(max(round(float(mean.sum())), 1), ordered.size - 1)
    return float(min((ordered[area - 1] + ordered[area]) / 2, 0.5))
