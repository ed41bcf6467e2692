import numpy as np
import pytest
from numpy.typing import NDArray

from model.scripted import ScriptedBackend
from model.segmentation import find_regions, group_names
from model.types import Rejection, Request

SEG = "<seg000>" * 16
IMAGE = np.zeros((40, 60, 3), np.uint8)


class LeftHalf:
    """A codec whose every mask is the left half of its box; of code 127 it draws nothing."""

    def decode(self, codes: NDArray[np.int64]) -> NDArray[np.float32]:
        masks = np.full((len(codes), 64, 64), -1.0, np.float32)
        masks[codes[:, 0] < 127, :, :32] = 1.0
        return masks


@pytest.mark.parametrize(
    ("count", "size", "sizes"),
    [(0, 4, []), (1, 4, [1]), (4, 4, [4]), (7, 4, [4, 3]), (9, 4, [3, 3, 3]), (17, 8, [6, 6, 5])],
)
def test_names_are_split_into_even_groups(count: int, size: int, sizes: list[int]) -> None:
    names = [f"part {number}" for number in range(count)]
    groups = group_names(names, size)
    assert [len(group) for group in groups] == sizes
    assert [name for group in groups for name in group] == names


def test_a_name_asked_for_twice_is_asked_once() -> None:
    assert group_names(["liver", "spleen", "liver"], 4) == [("liver", "spleen")]


@pytest.mark.parametrize("size", [0, 9])
def test_a_prefix_never_holds_more_names_than_allowed(size: int) -> None:
    with pytest.raises(ValueError, match="1 to 8"):
        group_names(["liver"], size)


def test_no_labels_ask_nothing() -> None:
    backend = ScriptedBackend({})
    assert find_regions(backend, IMAGE, "digest", [], LeftHalf()).regions == ()
    assert backend.requests == []


def test_all_groups_travel_in_one_batch_with_the_grammar() -> None:
    backend = ScriptedBackend({".*": ""})
    labels = [f"part {number}" for number in range(10)]
    found = find_regions(
        backend, IMAGE, "digest", labels, LeftHalf(), adapter="knees", group_size=4
    )
    assert backend.batches == [3]
    assert {request.grammar for request in backend.requests} == {"segment"}
    assert {request.adapter for request in backend.requests} == {"knees"}
    assert found.regions == ()
    find_regions(backend, IMAGE, "digest", labels, LeftHalf(), grammar=False)
    assert backend.requests[-1].grammar == "free"


@pytest.mark.torch
def test_regions_come_in_the_order_of_the_labels_with_whole_masks() -> None:
    def suffix(request: Request) -> str:
        if "spleen" in request.prefix:
            return f"<loc0000><loc0000><loc1023><loc1023>{SEG} spleen"
        return f"<loc0000><loc0512><loc0512><loc1023>{SEG} liver ; <loc0001> tail"

    found = find_regions(
        ScriptedBackend(suffix), IMAGE, "digest", ["liver", "spleen"], LeftHalf(), group_size=1
    )
    assert [region.label for region in found.regions] == ["liver", "spleen"]
    liver, spleen = (region.mask for region in found.regions)
    assert liver is not None
    assert spleen is not None
    assert liver.shape == spleen.shape == (40, 60)
    assert (spleen[:, :30].all(), spleen[:, 30:].any()) == (True, False)
    assert (liver[:20, 30:45].all(), liver[20:].any(), liver[:, 46:].any()) == (True, False, False)
    assert found.rejected == (Rejection("<loc0001> tail", "loc_count"),)
    assert found.mean_logprob == pytest.approx(-0.1)


@pytest.mark.torch
def test_codes_that_draw_nothing_are_refused() -> None:
    suffix = f"<loc0000><loc0000><loc1023><loc1023>{'<seg127>' * 16} liver"
    found = find_regions(ScriptedBackend({".*": suffix}), IMAGE, "digest", ["liver"], LeftHalf())
    assert found.regions == ()
    assert found.rejected == (Rejection("liver", "empty_mask"),)
