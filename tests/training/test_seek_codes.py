"""Sought codes draw every mask at least as well as the encoder's own, in the same format."""

import numpy as np
import pytest

from model.compact_folder import shipped_model
from model.mask_codec import MaskCodec
from training.codec import measure_iou, worst_structures
from training.seek_codes import ROUNDS, seek_codes

pytestmark = pytest.mark.torch


def drawn_masks(count: int) -> np.ndarray:
    """bool[count, 64, 64]: two blobs and a bite, wherever they fall."""
    generator = np.random.default_rng(4)
    rows, columns = np.mgrid[0:64, 0:64]
    masks = []
    for _ in range(count):
        mask = np.zeros((64, 64), dtype=bool)
        for adds in (True, True, False):
            y, x, reach = (
                generator.uniform(10, 54),
                generator.uniform(10, 54),
                generator.uniform(8, 26),
            )
            mask[np.hypot(rows - y, (columns - x) * generator.uniform(0.6, 1.6)) < reach] = adds
        masks.append(mask)
    return np.stack(masks)


def test_no_mask_is_drawn_worse_and_some_are_drawn_better() -> None:
    codec, masks = MaskCodec.load(shipped_model() / "mask_codec.npz"), drawn_masks(70)
    before, after = measure_iou(codec, masks), measure_iou(codec, masks, ROUNDS)
    assert (after >= before).all()
    assert after.mean() > before.mean()
    codes = seek_codes(codec, masks, ROUNDS)
    assert codes.shape == (70, 16)
    assert codes.min() >= 0
    assert codes.max() < 128
    changed = (codes != codec.encode(masks)).sum(1)
    assert 0 < changed.max() <= ROUNDS  # single exchanges: the rest is the encoder's


def test_without_rounds_the_codes_are_the_encoders_own() -> None:
    codec, masks = MaskCodec.load(shipped_model() / "mask_codec.npz"), drawn_masks(3)
    assert (seek_codes(codec, masks, 0) == codec.encode(masks)).all()
    assert seek_codes(codec, masks[:0], ROUNDS).shape == (0, 16)


def test_the_worst_structures_come_first() -> None:
    iou = np.array([0.9, 0.5, 0.7, 0.3])
    assert worst_structures(iou, ["a", "b", "b", "c"]) == {"c": 0.3, "b": 0.6, "a": 0.9}
