"""Views of a picture, and what several of them agree on."""

import numpy as np
import pytest

from app.analysis.scan_or_not import is_colourful
from model.agreement import VIEWS, View, common, find_in_views, put_back, seen_through, voted
from model.answering import Recognition
from model.seg_tokens import ParsedObject, write_suffix
from model.types import Completion, Request

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
    wandering = [square(50, 50), square(100, 50), square(50, 100), square(100, 100), square(75, 75)]
    agreed = common(wandering, views=5)
    assert agreed is not None
    assert agreed.agreement < 0.4


def test_masks_that_never_meet_have_nothing_in_common() -> None:
    assert common([square(0, 0), square(70, 60), square(130, 130), square(10, 130)]) is None


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


class Wanderer:
    """A backend that draws the asked structure at the given corner of each view in turn."""

    def __init__(self, suffixes: list[str]) -> None:
        self.suffixes = iter(suffixes)

    def complete(self, requests: list[Request]) -> list[Completion]:
        return [Completion(next(self.suffixes), 0.0, None, 0.0) for _ in requests]


class Filled:
    """A codec whose masks fill their box."""

    def decode(self, codes: np.ndarray) -> np.ndarray:
        return np.ones((len(codes), 64, 64), dtype=np.float32)


def drawn(*box: float) -> str:
    return write_suffix([ParsedObject("liver", box, (0,) * 16)])


def test_a_structure_is_found_where_two_of_five_views_see_it() -> None:
    image = np.zeros((SIZE, SIZE, 3), dtype=np.uint8)
    suffixes = [drawn(0.2, 0.2, 0.6, 0.6)] * 3 + ["", ""]
    found = find_in_views(Wanderer(suffixes), image, "", ["liver", "liver"], Filled())
    assert found.fleeting == ()
    ((region, agreement),) = found.regions
    assert region.label == "liver"
    assert region.box == pytest.approx((0.2, 0.2, 0.6, 0.6), abs=0.05)
    assert agreement > 0.8


def test_one_view_alone_needs_nobody_to_agree() -> None:
    image = np.zeros((SIZE, SIZE, 3), dtype=np.uint8)
    backend = Wanderer([drawn(0.2, 0.2, 0.6, 0.6)])
    found = find_in_views(backend, image, "", ["liver"], Filled(), views=VIEWS[:1])
    ((region, agreement),) = found.regions
    assert region.box == pytest.approx((0.2, 0.2, 0.6, 0.6), abs=0.01)
    assert agreement == 1.0


def test_what_two_views_see_is_named_as_fleeting() -> None:
    image = np.zeros((SIZE, SIZE, 3), dtype=np.uint8)
    suffixes = [drawn(0.2, 0.2, 0.6, 0.6)] * 2 + ["", "", ""]
    found = find_in_views(Wanderer(suffixes), image, "", ["liver"], Filled())
    assert found.regions == ()
    assert found.fleeting == ("liver",)
