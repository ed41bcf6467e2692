"""Known values of windows, greys, squashing and the masked marks."""

import numpy as np
import pytest
from PIL import Image as PillowImage

from model.pixels import (
    apply_window,
    fallback_window,
    from_picture,
    percentile_window,
    squash,
    to_grey,
    to_rgb,
    without_medpix_marks,
)


@pytest.mark.parametrize(
    ("value", "grey"),
    [(-1000.0, 0), (-160.0, 0), (40.0, 128), (140.0, 192), (240.0, 255), (3000.0, 255)],
)
def test_soft_tissue_window_gives_the_standard_greys(value: float, grey: int) -> None:
    values = np.full((1, 1), value, dtype=np.float32)
    assert apply_window(values, level=40, width=400)[0, 0] == grey


def test_window_of_one_is_a_threshold() -> None:
    values = np.array([[9.0, 10.0]], dtype=np.float32)
    assert apply_window(values, level=10, width=1).tolist() == [[0, 255]]


def test_window_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        apply_window(np.zeros((2, 2), dtype=np.float32), level=0, width=0.5)


def test_inverted_picture_is_the_negative() -> None:
    values = np.array([[0.0, 100.0, 200.0]], dtype=np.float32)
    plain = to_grey(values, window=(100.0, 201.0))
    turned = to_grey(values, window=(100.0, 201.0), inverted=True)
    assert (plain.astype(int) + turned == 255).all()
    assert plain[0, 0] < plain[0, 2]


def test_percentiles_ignore_one_bright_outlier() -> None:
    values = np.arange(10_000, dtype=np.float32).reshape(100, 100) / 100.0
    values[0, 0] = 1e6
    level, width = percentile_window(values)
    assert 45 < level < 55
    assert 95 < width < 101


def test_constant_picture_has_a_window_and_no_crash() -> None:
    assert to_grey(np.full((4, 4), 7.0, dtype=np.float32)).shape == (4, 4)


def test_not_a_number_becomes_the_smallest_value() -> None:
    values = np.array([[np.nan, 0.0, 100.0]], dtype=np.float32)
    assert to_grey(values, window=(50.0, 99.0))[0].tolist() == [0, 0, 255]


def test_squash_scales_both_sides_on_their_own() -> None:
    image = np.zeros((40, 80, 3), dtype=np.uint8)
    image[:, 40:] = 200
    small = squash(image, 20)
    assert small.shape == (20, 20, 3)
    assert small[10, 2, 0] == 0
    assert small[10, 17, 0] == 200


def test_marks_are_black_and_the_middle_stays() -> None:
    image = np.full((512, 512, 3), 90, dtype=np.uint8)
    clean = without_medpix_marks(image)
    assert clean[5, 500].tolist() == [0, 0, 0]
    assert clean[505, 10].tolist() == [0, 0, 0]
    assert clean[256, 256].tolist() == [90, 90, 90]
    assert clean[5, 5].tolist() == [90, 90, 90]
    assert image[5, 500].tolist() == [90, 90, 90]


def test_small_pictures_lose_the_mark_at_its_drawn_size() -> None:
    clean = without_medpix_marks(np.full((256, 256, 3), 90, dtype=np.uint8))
    assert clean[20, 150, 0] == 0
    assert clean[60, 150, 0] == 90


def test_sixteen_bit_pictures_are_windowed_not_clipped() -> None:
    values = np.linspace(0, 4000, 256).reshape(16, 16).astype(np.uint16)
    image = from_picture(PillowImage.fromarray(values))
    assert image.shape == (16, 16, 3)
    assert image[0, 0, 0] == 0
    assert image[15, 15, 0] == 255
    assert 100 < image[8, 0, 0] < 160


def test_transparent_pixels_become_black() -> None:
    picture = PillowImage.new("RGBA", (2, 2), (255, 255, 255, 0))
    assert from_picture(picture).max() == 0


def test_grey_is_the_same_in_every_channel() -> None:
    assert to_rgb(np.array([[7]], dtype=np.uint8)).tolist() == [[[7, 7, 7]]]


@pytest.mark.parametrize(
    ("modality", "low", "window"),
    [("CT", -1000.0, (40.0, 400.0)), ("CT", 0.0, None), ("MR", -1000.0, None)],
)
def test_only_hounsfield_units_get_the_soft_tissue_window(
    modality: str, low: float, window: tuple[float, float] | None
) -> None:
    values = np.linspace(low, 900.0, 100, dtype=np.float32)
    assert fallback_window(values, modality) == (window or percentile_window(values))
