"""What a drawn picture becomes: moved along the axes, spoilt, a structure painted over."""

from typing import Any

import numpy as np
import pytest

from training.cache import IGNORED, OBJECT
from training.questions import NO, YES, made_question
from training.records import PictureRecord
from training.shake import shake
from training.spoil import erase_one, mix_tiles, spoil

pytestmark = pytest.mark.torch
SIDE, GRID = 64, 16


def square() -> tuple[Any, Any, Any]:
    """A bright square on grey, its cells and its object."""
    grey = np.full((SIDE, SIDE), 40, dtype=np.uint8)
    grey[16:32, 24:48] = 200
    cells = np.zeros((GRID, GRID), dtype=np.uint8)
    cells[4:8, 6:12] = 1
    objects = np.zeros(1, dtype=OBJECT)
    objects["share"] = 384 / SIDE**2
    objects["box"] = (0.25, 0.375, 0.5, 0.75)
    objects["shifted"] = (0.26, 0.36, 0.51, 0.74)
    return grey, cells, objects


@pytest.mark.parametrize("seed", range(6))
def test_a_moved_box_still_frames_its_structure(seed: int) -> None:
    grey, cells, objects = square()
    moved, there, changed = shake(grey, cells, objects, np.random.default_rng(seed), unknown=False)
    box = changed["box"][0]
    rows, columns = np.nonzero(moved > 120)
    drawn = np.array([rows.min(), columns.min(), rows.max() + 1, columns.max() + 1]) / SIDE
    assert drawn == pytest.approx(box, abs=1.5 / SIDE)
    rows, columns = np.nonzero(there == 1)
    celled = np.array([rows.min(), columns.min(), rows.max() + 1, columns.max() + 1]) / GRID
    assert celled == pytest.approx(box, abs=1.1 / GRID)
    assert box.min() > 0.0
    assert box.max() < 1.0
    assert (objects["box"][0] == (0.25, 0.375, 0.5, 0.75)).all()


def test_what_comes_in_from_outside_is_unknown_where_masks_are_partial() -> None:
    grey, cells, objects = square()
    for seed in range(40):
        generator = np.random.default_rng(seed)
        _, there, changed = shake(grey, cells, objects, generator, unknown=True)
        if changed["box"][0][2] - changed["box"][0][0] < 0.2:
            assert (there == IGNORED).any()
            return
    pytest.fail("no move was a zoom out")


def test_mixed_tiles_are_the_same_pixels_elsewhere() -> None:
    picture = np.random.default_rng(0).integers(0, 255, (SIDE, SIDE, 3)).astype(np.uint8)
    mixed = mix_tiles(picture, 8, np.random.default_rng(1))
    assert sorted(mixed.ravel()) == sorted(picture.ravel())
    assert (mixed != picture).mean() > 0.5


def test_spoilt_pictures_keep_shape_and_kind() -> None:
    picture = np.zeros((SIDE, SIDE, 3), dtype=np.uint8)
    generator = np.random.default_rng(0)
    for _ in range(30):
        found = spoil(picture, generator)
        assert found.shape == picture.shape
        assert found.dtype == np.uint8


def test_a_structure_painted_over_is_gone_from_picture_and_cells() -> None:
    grey, cells, objects = square()
    pixels = np.repeat(grey[..., None], 3, 2)
    found = erase_one(pixels, cells, objects, np.random.default_rng(0))
    assert found is not None
    changed, left, gone = found
    assert gone == 0
    assert not left.any()
    assert changed.max() < 60
    assert pixels.max() == 200


def test_a_small_structure_is_not_painted_over() -> None:
    grey, cells, objects = square()
    objects["share"] = 0.001
    pixels = np.repeat(grey[..., None], 3, 2)
    assert erase_one(pixels, cells, objects, np.random.default_rng(0)) is None


def test_made_questions_are_true_and_balanced(tmp_path: Any) -> None:
    one = PictureRecord(
        key="a",
        pack="segmentation",
        image=tmp_path,
        split="train",
        volume="v",
        modality="CT",
        region="abdomen",
        plane="axial",
        mask=tmp_path,
    )
    generator = np.random.default_rng(0)
    asked = [made_question(one, {"liver"}, generator) for _ in range(300)]
    found = dict(pair for pair in asked if pair)
    assert found["Does the picture contain liver?"] == YES
    assert found["Does the picture contain spleen?"] == NO
    assert found["Is this a CT?"] == YES
    assert found["Is this a coronal plane?"] == NO
    share = np.mean([pair[1] == YES for pair in asked if pair])
    assert 0.4 < share < 0.6
