"""Which copies a step sees: rare kinds of picture more often than chance; pixels for torch."""

from collections import Counter

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from training.prepare import Prepared
from training.records import PictureRecord

NEGATIVE_SHARE = 0.07
TINT_SHARE = 0.15
REWINDOW_SHARE = 0.6


class PictureSampler:
    """Draws copies of the train split; a drawn index below 0 is negative number -index - 1."""

    def __init__(self, prepared: Prepared, split: str, seed: int) -> None:
        """Weigh the copies once: each kind by the square root of how often it occurs."""
        self.records = prepared.records[split]
        self.copies = prepared.copies[split]
        self.negatives = prepared.negatives[split]
        self.generator = np.random.default_rng(seed)
        kinds = [_kind(self.records[int(owner)]) for owner in self.copies.records]
        counts = Counter(kinds)
        weights = np.array([counts[kind] ** -0.5 for kind in kinds])
        self.sums = np.cumsum(weights / weights.sum())

    def draw(self, count: int) -> NDArray[np.int64]:
        """int64[count]: indices of copies, and of negatives as numbers below 0."""
        places = np.searchsorted(self.sums, self.generator.random(count))
        drawn = np.minimum(places, len(self.sums) - 1).astype(np.int64)
        negative = self.generator.random(count) < NEGATIVE_SHARE
        drawn[negative] = -1 - self.generator.integers(len(self.negatives), size=count)[negative]
        return drawn

    def pixels(self, drawn: NDArray[np.int64], *, tint: bool = True) -> Tensor:
        """float32[N, 3, S, S] in [-1, 1], as the processor makes them."""
        size = self.copies.images.shape[1]
        held = np.empty((len(drawn), size, size, 3), dtype=np.float32)
        for row, index in zip(held, drawn, strict=True):
            if index < 0:
                row[:] = self.negatives[-index - 1]
                continue
            grey = self.copies.images[index]
            if tint and self.generator.random() < REWINDOW_SHARE:
                grey = self._rewindow()[grey]
            row[:] = grey[..., None]
            if tint and self.generator.random() < TINT_SHARE:
                row *= self.generator.uniform(0.88, 1.0, 3).astype(np.float32)
        return torch.from_numpy(held).permute(0, 3, 1, 2) / 127.5 - 1.0

    def _rewindow(self) -> NDArray[np.float32]:
        """float32[256]: a random gamma and window on top of what the copy already got."""
        share = (np.arange(256, dtype=np.float32) / 255.0) ** np.exp(
            self.generator.uniform(-0.5, 0.5)
        )
        level = self.generator.uniform(0.35, 0.65)
        changed = (share - level) * np.exp(self.generator.uniform(-0.3, 0.5)) + level
        return np.asarray(np.clip(changed * 255.0, 0.0, 255.0), dtype=np.float32)

    def record(self, index: int) -> PictureRecord | None:
        """The record of a drawn copy; None for a negative."""
        return None if index < 0 else self.records[int(self.copies.records[index])]


def _kind(record: PictureRecord) -> tuple[str | None, str | None, bool]:
    return record.modality, record.region, record.mask is not None
