"""Views of a picture, and what several of them agree on."""

import numpy as np
import pytest

from app.analysis.analyse import voted
from app.analysis.scan_or_not import is_colourful
from app.analysis.stability import VIEWS, View, common, put_back, seen_through
from model.answering import Recognition

SIZE = 200


def square(top: int, left: int, side: int = 60) -> np.ndarray:
    mask = np.zeros((SIZE, SIZE), dtype=bool)
    mask[top : top + side, left : left + side] = True
    return mask


@pytest.mark.parametrize("view", VIEWS)
def test_a_mask_of_a_view_comes_back_to_its_place(view: View) -> None:
    mask = square(70, 60)
    picture = np.repeat(np.where(mask, 200, 0).astype(np.uint8)[..., None], 3, axis=2)
    seen = seen_through(picture, view)[..., 0] > 100
    assert (put_back(seen, view, SIZE, SIZE) == mask).all()


def test_beyond_the_picture_it_is_black() -> None:
    picture = np.full((SIZE, SIZE, 3), 255, dtype=np.uint8)
    seen = seen_through(picture, (-0.1, -0.1, 1.1, 1.1))
    assert seen.shape == (240, 240, 3)
    assert seen[:20].max() == 0
    assert seen[20:220, 20:220].min() == 255


def test_masks_that_stay_agree() -> None:
    agreed = common([square(70, 60), square(72, 60), square(70, 62)], views=5)
    assert agreed is not None
    assert agreed.agreement > 0.9
    assert agreed.mask[75, 65]


def test_masks_that_wander_do_not_agree() -> None:
    wandering = [square(0, 0), square(70, 60), square(130, 130), square(10, 130)]
    agreed = common(wandering, views=5)
    assert agreed is not None
    assert agreed.agreement < 0.3


def test_what_few_views_find_is_not_found() -> None:
    assert common([square(70, 60), square(70, 60)], views=5) is None
    assert common([], views=5) is None


def test_a_grey_picture_with_a_tint_is_not_colourful() -> None:
    grey = np.random.default_rng(0).integers(0, 220, (64, 64, 1), dtype=np.uint8)
    tinted = np.concatenate([grey + 30, grey + 15, grey], axis=2)
    assert not is_colourful(tinted)


def test_a_photograph_of_a_meadow_is_colourful() -> None:
    meadow = np.zeros((64, 64, 3), dtype=np.uint8)
    meadow[32:] = (40, 160, 60)
    assert is_colourful(meadow)


def said(region: str, modality: str = "CT") -> Recognition:
    return Recognition(modality, "axial", region, (), True, {}, 0.1)


def test_a_slip_in_one_view_is_outvoted() -> None:
    assert voted([said("head"), said("chest"), said("chest")]).region == "chest"


def test_with_as_many_votes_the_picture_itself_decides() -> None:
    assert voted([said("head"), said("chest")]).region == "head"
    assert voted([said("head", "MR"), said("head", "CT"), said("neck", "CT")]).modality == "CT"
