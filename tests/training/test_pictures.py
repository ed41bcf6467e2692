"""Augmentation, drawn negatives, masks and the sampler's arithmetic on drawn pictures."""

import numpy as np
import pytest
from PIL import Image as PillowImage

from training.augment import (
    IDENTITY,
    Strength,
    change_greys,
    draw_affine,
    mirrored_name,
    warp_mask,
    warp_picture,
)
from training.masks import box_of, present
from training.negatives import draw_negative


def disc() -> PillowImage.Image:
    rows, columns = np.mgrid[0:200, 0:120]
    return PillowImage.fromarray((((rows - 60) ** 2 + (columns - 40) ** 2) < 900).astype(np.uint8))


def test_picture_and_mask_move_together() -> None:
    generator = np.random.default_rng(2)
    bright = PillowImage.fromarray(np.asarray(disc()) * 255)
    for _ in range(5):
        affine = draw_affine(generator, Strength(), mirrors=True)
        grey = warp_picture(bright, affine, 80) > 127
        mask = warp_mask(disc(), affine, 80) == 1
        assert (grey & mask).sum() / max((grey | mask).sum(), 1) > 0.85


def test_the_identity_is_only_a_squash() -> None:
    mask = warp_mask(disc(), IDENTITY, 100) == 1
    y_min, x_min, y_max, x_max = box_of(mask)
    assert y_min == pytest.approx(30 / 200, abs=0.02)
    assert y_max == pytest.approx(90 / 200, abs=0.02)
    assert x_min == pytest.approx(10 / 120, abs=0.02)
    assert x_max == pytest.approx(70 / 120, abs=0.02)


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("left kidney", "right kidney"),
        ("right insula", "left insula"),
        ("liver", "liver"),
        ("leftover", "leftover"),
    ],
)
def test_a_mirror_swaps_the_side(name: str, other: str) -> None:
    assert mirrored_name(name) == other


def test_box_of_one_pixel_ends_after_it() -> None:
    mask = np.zeros((10, 20), dtype=bool)
    mask[3, 5] = True
    assert box_of(mask) == (0.3, 0.25, 0.4, 0.3)


def test_specks_and_background_are_not_present() -> None:
    mask = np.zeros((100, 100), dtype=np.uint8)
    mask[:10, :10] = 4
    mask[50, 50:54] = 9
    assert present(mask) == [4]
    assert present(mask, least_share=0.0004) == [4, 9]


def test_greys_stay_greys() -> None:
    generator = np.random.default_rng(5)
    grey = np.full((32, 32), 128, dtype=np.uint8)
    changed = [change_greys(grey, generator) for _ in range(20)]
    assert all(one.shape == (32, 32) and one.dtype == np.uint8 for one in changed)
    assert len({one.mean() for one in changed}) > 10


def test_negatives_are_varied_and_repeatable() -> None:
    first = [draw_negative(np.random.default_rng(seed), 48) for seed in range(12)]
    assert all(one.shape == (48, 48, 3) for one in first)
    assert len({one.tobytes() for one in first}) == 12
    assert (draw_negative(np.random.default_rng(3), 48) == first[3]).all()
    assert any((one[..., 0] != one[..., 1]).any() for one in first)
