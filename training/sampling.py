"""Which copies a step sees: rare kinds of picture more often than chance; pixels for torch."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from training.cache import OBJECT
from training.prepare import Prepared
from training.records import PictureRecord
from training.shake import shake
from training.spoil import erase_one, spoil

NEGATIVE_SHARE = 0.08
SPOILED_SHARE = 0.45
"""Of the pictures that are no scans: blank, noise, or a scan whose tiles were mixed."""
ERASED_SHARE = 0.06
SHAKEN_SHARE = 0.7
TINT_SHARE = 0.15
REWINDOW_SHARE = 0.6
OBJECTS_PER_WEIGHT = 6.0


@dataclass(frozen=True)
class Seen:
    """One picture as a step sees it: pixels uint8[S, S, 3]; cells uint8[G, G]; objects OBJECT[n].

    `record` is None for a picture that is no scan; `gone` names a structure that was painted over.
    """

    record: PictureRecord | None
    pixels: NDArray[Any]
    cells: NDArray[np.uint8]
    objects: NDArray[Any]
    gone: int | None = None


class PictureSampler:
    """Draws copies of one split and changes them; `look` shows them as they are."""

    def __init__(self, prepared: Prepared, split: str, seed: int) -> None:
        """Weigh the copies once: kinds by the root of how often they occur, and by structures."""
        self.records = prepared.records[split]
        self.copies = prepared.copies[split]
        self.negatives = prepared.negatives[split]
        self.generator = np.random.default_rng(seed)
        kinds = [_kind(self.records[int(owner)]) for owner in self.copies.records]
        counts = Counter(kinds)
        rare = np.array([counts[kind] ** -0.5 for kind in kinds])
        rich = (1.0 + np.diff(self.copies.first) / OBJECTS_PER_WEIGHT) ** 0.7
        self.sums = np.cumsum(rare * rich / (rare * rich).sum())

    def draw(self, count: int) -> list[Seen]:
        """So many pictures, changed at random: moved, other greys, a structure painted over."""
        return [self._draw_one() for _ in range(count)]

    def look(self, index: int) -> Seen:
        """A copy as it is; below 0, picture number -index - 1 that is no scan."""
        if index < 0:
            return self._no_scan(self.negatives[-index - 1])
        grey = self.copies.images[index]
        first, last = self.copies.first[index], self.copies.first[index + 1]
        return Seen(
            self.records[int(self.copies.records[index])],
            np.repeat(grey[..., None], 3, 2),
            np.asarray(self.copies.cells[index]),
            self.copies.objects[first:last],
        )

    def _draw_one(self) -> Seen:
        generator = self.generator
        place = int(np.searchsorted(self.sums, generator.random()))
        index = min(place, len(self.sums) - 1)
        if generator.random() < NEGATIVE_SHARE:
            if generator.random() < SPOILED_SHARE:
                return self._no_scan(spoil(self.look(index).pixels, generator))
            return self.look(-1 - int(generator.integers(len(self.negatives))))
        seen = self.look(index)
        if generator.random() < SHAKEN_SHARE:
            seen = _shaken(seen, generator)
        if generator.random() < ERASED_SHARE:
            seen = _erased(seen, generator)
        return replace(seen, pixels=self._other_greys(seen.pixels))

    def _no_scan(self, pixels: NDArray[np.uint8]) -> Seen:
        cells = np.zeros(self.copies.cells.shape[1:], dtype=np.uint8)
        return Seen(None, pixels, cells, np.zeros(0, dtype=OBJECT))

    def _other_greys(self, pixels: NDArray[np.uint8]) -> NDArray[Any]:
        if self.generator.random() < REWINDOW_SHARE:
            pixels = self._rewindow()[pixels]
        if self.generator.random() < TINT_SHARE:
            return pixels * self.generator.uniform(0.88, 1.0, 3).astype(np.float32)
        return pixels

    def _rewindow(self) -> NDArray[np.uint8]:
        """uint8[256]: a random gamma and window on top of what the copy already got."""
        share = (np.arange(256, dtype=np.float32) / 255.0) ** np.exp(
            self.generator.uniform(-0.5, 0.5)
        )
        level = self.generator.uniform(0.35, 0.65)
        changed = (share - level) * np.exp(self.generator.uniform(-0.3, 0.5)) + level
        return np.asarray(np.clip(changed * 255.0, 0.0, 255.0), dtype=np.uint8)


def to_pixels(seen: Sequence[Seen]) -> Tensor:
    """float32[N, 3, S, S] in [-1, 1], as the processor makes them."""
    held = np.stack([one.pixels for one in seen]).astype(np.float32)
    return torch.from_numpy(held).permute(0, 3, 1, 2) / 127.5 - 1.0


def _shaken(seen: Seen, generator: np.random.Generator) -> Seen:
    unknown = seen.record is None or seen.record.mask is None or seen.record.partial
    moved = shake(seen.pixels[..., 0], seen.cells, seen.objects, generator, unknown=unknown)
    grey, cells, objects = moved
    return replace(seen, pixels=np.repeat(grey[..., None], 3, 2), cells=cells, objects=objects)


def _erased(seen: Seen, generator: np.random.Generator) -> Seen:
    found = erase_one(seen.pixels, seen.cells, seen.objects, generator)
    if found is None:
        return seen
    pixels, cells, gone = found
    kept = seen.objects[seen.objects["name"] != gone]
    return replace(seen, pixels=pixels, cells=cells, objects=kept, gone=gone)


def _kind(record: PictureRecord) -> tuple[str | None, str | None, bool]:
    return record.modality, record.region, record.mask is not None
