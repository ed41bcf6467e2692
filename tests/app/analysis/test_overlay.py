import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from app.analysis.overlay import (
    PATTERN_STROKES,
    Shape,
    anchor_point,
    outline_paths,
    overlay_png,
    overlay_svg,
    spread,
    swatch_svg,
)
from app.anatomy.catalogue import PATTERNS
from model.types import Mask


def filled(path: str, shape: tuple[int, int], scale: int = 8) -> Mask:
    """The evenodd inside of path data, sampled at the middle of each pixel."""
    height, width = shape
    inside = np.zeros(shape, dtype=bool)
    for loop in re.findall(r"M([^Z]+)Z", path):
        numbers = [float(n) * scale for n in re.findall(r"-?[\d.]+", loop)]
        canvas = Image.new("1", (width * scale, height * scale))
        corners = list(zip(numbers[::2], numbers[1::2], strict=True))
        ImageDraw.Draw(canvas).polygon(corners, fill=1)
        inside ^= np.asarray(canvas)[scale // 2 :: scale, scale // 2 :: scale]
    return inside


def blob(seed: int, size: int = 90) -> Mask:
    """A random blob with holes and islands."""
    rng = np.random.default_rng(seed)
    noise = Image.fromarray(rng.integers(0, 255, (9, 9), dtype=np.uint8)).resize((size, size), 3)
    return np.asarray(noise) > 128


def disc(size: int = 100, radius: float = 30, x: float = 50, y: float = 50) -> Mask:
    rows, columns = np.mgrid[:size, :size] + 0.5
    return np.asarray((rows - y) ** 2 + (columns - x) ** 2 <= radius**2)


def a_shape(mask: Mask, number: int = 1, pattern: str = "dots") -> Shape:
    return Shape("liver", number, "#F6C25B", pattern, outline_paths(mask), anchor_point(mask))


def test_outline_of_a_rectangle_runs_along_its_pixel_edges() -> None:
    mask = np.zeros((10, 12), dtype=bool)
    mask[2:5, 3:8] = True
    assert outline_paths(mask) == "M3 2L8 2 8 5 3 5Z"


def test_outline_of_the_whole_picture_is_its_frame() -> None:
    assert outline_paths(np.ones((6, 9), dtype=bool)) == "M0 0L9 0 9 6 0 6Z"


def test_outline_of_nothing_is_empty() -> None:
    assert outline_paths(np.zeros((6, 9), dtype=bool)) == ""


def test_a_hole_stays_a_hole() -> None:
    mask = disc() & ~disc(radius=12)
    path = outline_paths(mask)
    assert path.count("M") == 2
    assert not filled(path, mask.shape)[50, 50]
    assert filled(path, mask.shape)[50, 75]


@pytest.mark.parametrize("seed", range(8))
def test_an_unsimplified_outline_gives_the_mask_back(seed: int) -> None:
    mask = blob(seed)
    back = filled(outline_paths(mask, tolerance=0), mask.shape)
    specks = mask ^ back
    assert specks.sum() <= 0.01 * mask.size  # loops below six pixels are dropped
    assert (mask & back).sum() / (mask | back).sum() > 0.98


@pytest.mark.parametrize("seed", range(8))
def test_a_simplified_outline_keeps_area_with_fewer_corners(seed: int) -> None:
    mask = blob(seed)
    full, simple = outline_paths(mask, tolerance=0), outline_paths(mask)
    back = filled(simple, mask.shape)
    assert (mask & back).sum() / (mask | back).sum() > 0.93
    assert len(simple) < 0.6 * len(full)


def test_pixels_that_touch_at_a_corner_are_two_loops() -> None:
    mask = np.zeros((12, 12), dtype=bool)
    mask[2:6, 2:6] = mask[6:10, 6:10] = True
    assert outline_paths(mask).count("M") == 2


@pytest.mark.parametrize("seed", range(20))
def test_the_anchor_lies_inside(seed: int) -> None:
    mask = blob(seed, size=40 + 37 * seed)
    x, y = anchor_point(mask)
    assert mask[int(y), int(x)]


def test_the_anchor_of_a_ring_is_in_the_ring() -> None:
    ring = disc() & ~disc(radius=25)
    x, y = anchor_point(ring)
    assert ring[int(y), int(x)]


def test_the_anchor_of_a_hair_line_is_on_it() -> None:
    line = np.zeros((400, 400), dtype=bool)
    line[133, 7:390] = True
    x, y = anchor_point(line)
    assert line[int(y), int(x)]


def test_the_anchor_of_a_disc_is_near_its_middle() -> None:
    x, y = anchor_point(disc())
    assert abs(x - 50) < 3
    assert abs(y - 50) < 3


def test_an_empty_mask_has_no_anchor() -> None:
    with pytest.raises(ValueError, match="empty"):
        anchor_point(np.zeros((5, 5), dtype=bool))


def test_discs_of_numbers_do_not_cover_each_other() -> None:
    places = spread([(100.0, 100.0)] * 12 + [(2.0, 2.0)], 10, 300, 300)
    gaps = [
        np.hypot(a[0] - b[0], a[1] - b[1]) for at, a in enumerate(places) for b in places[at + 1 :]
    ]
    assert min(gaps) > 18
    assert all(10 <= v <= 290 for place in places for v in place)
    assert places == spread([(100.0, 100.0)] * 12 + [(2.0, 2.0)], 10, 300, 300)


def test_a_lone_number_stays_where_it_belongs() -> None:
    (place,) = spread([(50.0, 60.0)], 5, 100, 100)
    assert place == pytest.approx((50, 60), abs=0.01)


def test_the_svg_holds_number_colour_pattern_and_two_strokes() -> None:
    svg = overlay_svg(100, 100, [a_shape(disc(), number=7)], "asset:scan-0")
    assert ">7</text>" in svg
    assert svg.count("#F6C25B") >= 3
    assert 'fill="url(#p7)"' in svg
    assert 'fill-rule="evenodd"' in svg
    assert 'href="asset:scan-0"' in svg


def test_an_address_cannot_break_out_of_the_svg() -> None:
    assert '"><script' not in overlay_svg(9, 9, [], 'x"><script>')


def test_every_pattern_of_the_catalogue_can_be_drawn() -> None:
    assert set(PATTERN_STROKES) == set(PATTERNS)
    assert len({swatch_svg("#F6C25B", pattern) for pattern in PATTERNS}) == len(PATTERNS)


def test_the_png_tints_the_inside_and_leaves_the_rest() -> None:
    picture = np.full((100, 100, 3), 100, dtype=np.uint8)
    png = overlay_png(picture, [(disc(), "#F6C25B")])
    shown = np.asarray(Image.open(io.BytesIO(png)))
    assert shown.shape == (100, 100, 3)
    assert shown[50, 50].tolist() == [147, 130, 97]  # 0.68 * 100 + 0.32 * (246, 194, 91)
    assert shown[5, 5].tolist() == [100, 100, 100]
    assert shown[50, 20].tolist() == [246, 194, 91]  # the border
    assert shown[50, 19].tolist() == [16, 16, 16]  # its dark halo


def test_real_masks_survive_tracing(data_folder: Path) -> None:
    folder = data_folder / "segmentation"
    with (folder / "manifest.jsonl").open() as lines:
        rows = [json.loads(line) for line in lines][::150]
    for row in rows:
        labels = np.asarray(Image.open(folder / row["mask"]))
        for index in np.unique(labels[labels > 0]):
            mask = labels == index
            if mask.sum() < 800:
                continue
            back = filled(outline_paths(mask), mask.shape, scale=4)
            assert (mask & back).sum() / (mask | back).sum() > 0.85, (row["id"], index)
