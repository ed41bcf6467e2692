"""The strict parser of boxes and masks: what it reads, and why it refuses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.seg_tokens import ParsedObject, parse_suffix, to_bin, write_object, write_suffix

BOX = "<loc0102><loc0204><loc0512><loc0818>"
CODES = "".join(f"<seg{index:03d}>" for index in range(16))


def test_a_whole_object_is_read() -> None:
    parsed = parse_suffix(f"{BOX}{CODES} liver", ["liver"], needs_mask=True)
    assert parsed.rejected == ()
    assert parsed.objects[0].label == "liver"
    assert parsed.objects[0].box == (102 / 1023, 204 / 1023, 512 / 1023, 818 / 1023)
    assert parsed.objects[0].codes == tuple(range(16))


def test_an_empty_suffix_names_nothing() -> None:
    parsed = parse_suffix("  ", ["liver"], needs_mask=True)
    assert parsed.objects == ()
    assert parsed.rejected == ()


@pytest.mark.parametrize(
    ("suffix", "needs_mask", "reason"),
    [
        ("liver", True, "no_tokens"),
        ("yes there is", False, "no_tokens"),
        (f"{BOX[:27]}{CODES} liver", True, "loc_count"),
        (f"{BOX}<loc0001>{CODES} liver", True, "loc_count"),
        (f"{BOX}{CODES[:-8]} liver", True, "seg_count"),
        (f"{BOX}{CODES}<seg001> liver", True, "seg_count"),
        (f"{BOX} liver", True, "seg_count"),
        (f"{BOX}{CODES} liver", False, "seg_count"),
        (f"{CODES}{BOX} liver", True, "token_order"),
        (f"<loc1024>{BOX[9:]} liver", False, "loc_range"),
        (f"<loc01>{BOX[9:]} liver", False, "loc_range"),
        (f"{BOX}{CODES[:-8]}<seg128> liver", True, "seg_range"),
        (f"{BOX}liver", False, "no_space"),
        (f"{BOX} spleen", False, "unknown_label"),
        (f"{BOX} Liver", False, "unknown_label"),
        (f"{BOX} liver <loc0001>", False, "unknown_label"),
        (f"{BOX}", False, "no_space"),
        ("<loc0500><loc0100><loc0500><loc0200> liver", False, "empty_box"),
        ("<loc0100><loc0300><loc0500><loc0200> liver", False, "empty_box"),
    ],
)
def test_a_broken_object_is_refused_with_its_reason(
    suffix: str, needs_mask: bool, reason: str
) -> None:
    parsed = parse_suffix(suffix, ["liver"], needs_mask=needs_mask)
    assert parsed.objects == ()
    assert [one.reason for one in parsed.rejected] == [reason]


def test_one_broken_object_does_not_shift_the_next() -> None:
    suffix = f"{BOX} liver ; {BOX}{CODES} spleen"
    parsed = parse_suffix(suffix, ["liver", "spleen"], needs_mask=True)
    assert [one.label for one in parsed.objects] == ["spleen"]
    assert [one.reason for one in parsed.rejected] == ["seg_count"]


def test_the_second_of_two_equal_names_is_refused() -> None:
    parsed = parse_suffix(f"{BOX} liver ; {BOX} liver", ["liver"], needs_mask=False)
    assert len(parsed.objects) == 1
    assert [one.reason for one in parsed.rejected] == ["duplicate_label"]


@pytest.mark.parametrize(("value", "expected"), [(-1, 0), (0, 0), (0.5, 512), (1, 1023), (2, 1023)])
def test_bins_are_clipped_and_divided_by_1023(value: float, expected: int) -> None:
    assert to_bin(value) == expected


def test_a_mask_with_another_number_of_codes_is_not_written() -> None:
    with pytest.raises(ValueError, match="16"):
        write_object("liver", (0, 0, 1, 1), [1, 2])


@given(
    edges=st.tuples(*[st.integers(0, 1022)] * 2, *[st.integers(1, 500)] * 2),
    codes=st.lists(st.integers(0, 127), min_size=16, max_size=16),
)
def test_what_is_written_is_read_again(edges: tuple[int, int, int, int], codes: list[int]) -> None:
    top, left, tall, wide = edges
    bottom, right = min(top + tall, 1023), min(left + wide, 1023)
    box = (top / 1023, left / 1023, bottom / 1023, right / 1023)
    wanted = ParsedObject("left kidney", box, tuple(codes))
    assert parse_suffix(write_suffix([wanted]), ["left kidney"], True).objects == (wanted,)


@given(st.text(alphabet="<>locseg0123456789 ;liver", max_size=80))
def test_no_text_breaks_the_parser(text: str) -> None:
    parsed = parse_suffix(text, ["liver"], needs_mask=False)
    assert len(parsed.objects) <= 1
