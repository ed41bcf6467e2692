"""Writing in the pixels: drawn names are found and covered, bodies are left alone."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from app.intake.burned_in import cover, find_writing
from app.intake.framing import AS_IT_IS, Framing, frame
from app.intake.photo_writing import without_writing
from app.intake.receive import ReceivedScan, receive
from app.intake.series import Arrival, receive_files
from model.photo_frame import find_frame
from model.straighten import _coefficients, placed_back, straightened
from tests.app.intake.made_files import ct_dataset, file_of, pixels_of
from tests.builders import png_bytes
from tests.drawn_photos import drawn_photo

LINES = ("DOE, JANE", "DOB 14/03/1957", "MRN 00571403", "St. Mary Hospital")


def body(seed: int, size: int = 512) -> Image.Image:
    """A drawn slice: skin, muscle, organs, a bright spine and the grain of a scanner."""
    rng = np.random.default_rng(seed)
    picture = Image.new("L", (size, size), 0)
    draw = ImageDraw.Draw(picture)
    draw.ellipse((30, 90, size - 30, size - 60), fill=90)
    draw.ellipse((45, 105, size - 45, size - 75), fill=120)
    for _ in range(12):
        x, y = rng.integers(120, size - 160, 2)
        wide, high = rng.integers(8, 70, 2)
        draw.ellipse((x, y, x + wide, y + high), fill=int(rng.integers(100, 200)))
    draw.ellipse((size / 2 - 25, size - 180, size / 2 + 25, size - 130), fill=240)
    noise = rng.normal(0, 5, (size, size))
    return Image.fromarray(np.clip(np.asarray(picture) + noise, 0, 255).astype(np.uint8))


def written_on(picture: Image.Image, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The picture with lines of writing in a corner, and bool[H, W] of the strokes."""
    rng = np.random.default_rng(seed)
    size, before = int(rng.integers(10, 20)), np.asarray(picture).astype(int)
    drawn, font = picture.copy(), ImageFont.load_default(size)
    left, top = (int(rng.choice((6, 300))) for _ in range(2))
    lines = LINES[: int(rng.integers(1, 5))]
    for row, line in enumerate(lines):
        at = (left, top + row * (size + 4))
        ImageDraw.Draw(drawn).text(at, line, fill=int(rng.choice((255, 220))), font=font)
    after = np.asarray(drawn)
    return after, np.abs(after - before) > 40


def test_drawn_writing_is_found_and_covered() -> None:
    shares = []
    for seed in range(60):
        grey, strokes = written_on(body(seed), seed)
        covered = cover(np.repeat(grey[:, :, None], 3, axis=2), find_writing(grey))
        shares.append(1 - strokes[covered[:, :, 0] > 0].sum() / strokes.sum())
    # The bar is 95 % of made pictures; a line counts as found when most of it is covered.
    assert np.mean(np.array(shares) > 0.6) >= 0.95
    assert np.mean(shares) >= 0.9


def test_bodies_without_writing_stay_as_they_are() -> None:
    found = [find_writing(np.asarray(body(seed))) for seed in range(100, 160)]
    assert sum(bool(areas) for areas in found) <= 3


@pytest.mark.parametrize("shape", [(1, 1), (32, 32), (40, 900)])
def test_small_and_blank_pictures_have_no_writing(shape: tuple[int, int]) -> None:
    assert find_writing(np.zeros(shape, dtype=np.uint8)) == []
    assert find_writing(np.full(shape, 255, dtype=np.uint8)) == []


def test_grain_is_not_covered_as_writing() -> None:
    grain = np.random.default_rng(5).integers(0, 256, (512, 512), dtype=np.uint8)
    assert find_writing(grain) == []


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_flagged_slice_loses_its_writing_and_only_that(photometric: str) -> None:
    grey, strokes = written_on(body(3), 3)
    options = {"WindowCenter": 128, "WindowWidth": 256, "PhotometricInterpretation": photometric}
    plain = receive(file_of(ct_dataset(grey, **options)))
    flagged = receive(file_of(ct_dataset(grey, **options, BurnedInAnnotation="YES")))
    assert isinstance(plain, ReceivedScan)
    assert isinstance(flagged, ReceivedScan)
    assert flagged.notes == ("burned_in_annotation", "writing_covered")
    assert plain.notes == ()
    before, after = (pixels_of(scan.image_png)[:, :, 0] for scan in (plain, flagged))
    changed = before != after
    assert (after[changed] == 0).all()
    # Of the strokes that were not black already, nearly all are gone; of the rest, little.
    assert (after[strokes & (before > 0)] == 0).mean() > 0.9
    assert changed.mean() < 0.15


def test_real_burned_in_name_is_covered(data_folder: Path) -> None:
    folder = data_folder / "dicom"
    names = ("derived-cr-chest-burned-in-name.dcm", "cr-chest-monochrome1.dcm")
    if not all((folder / name).is_file() for name in names):
        pytest.skip("no DICOM pack here")
    written, twin = (receive((folder / name).read_bytes()) for name in names)
    assert isinstance(written, ReceivedScan)
    assert isinstance(twin, ReceivedScan)
    shown, clean = (pixels_of(scan.image_png)[:, :, 0].astype(int) for scan in (written, twin))
    # The two files differ by the writing alone: whatever is not covered must be the clean film.
    assert np.abs(shown - clean)[shown > 0].max() <= 40
    assert ((shown == 0) & (clean > 0)).mean() < 0.06


def grey_of(scan: ReceivedScan) -> np.ndarray:
    return pixels_of(scan.image_png).reshape(scan.height, scan.width, -1)[:, :, 0]


def rgb_of(grey: np.ndarray | Image.Image) -> np.ndarray:
    return np.repeat(np.asarray(grey)[:, :, None], 3, axis=2)


def test_screenshots_lose_their_writing_without_any_header() -> None:
    shares = []
    for seed in range(60):
        grey, strokes = written_on(body(seed), seed)
        covered, is_found = without_writing(rgb_of(grey), AS_IT_IS)
        shares.append(1 - strokes[covered[:, :, 0] > 0].sum() / strokes.sum())
        assert is_found is bool(shares[-1] > 0)
    assert np.mean(np.array(shares) > 0.6) >= 0.95
    assert np.mean(shares) >= 0.9


def test_screenshots_without_writing_stay_as_they_are() -> None:
    found = [without_writing(rgb_of(body(seed)), AS_IT_IS)[1] for seed in range(100, 160)]
    assert sum(found) <= 2


def test_an_uploaded_screenshot_comes_back_covered_and_says_so() -> None:
    grey, strokes = written_on(body(3), 3)
    arrival = receive_files([png_bytes(Image.fromarray(grey))])
    assert isinstance(arrival, Arrival)
    scan = arrival.series[0].scan
    assert scan.notes == ("writing_covered",)
    assert grey_of(scan)[strokes].mean() < 20


def test_a_picture_for_the_library_is_judged_and_not_changed() -> None:
    grey, _ = written_on(body(3), 3)
    kept = receive(png_bytes(Image.fromarray(grey)))
    assert isinstance(kept, ReceivedScan)
    assert (grey_of(kept) == grey).all()


def test_writing_found_on_a_straightened_film_is_covered_where_it_lies_in_the_photo() -> None:
    photo = np.asarray(drawn_photo(np.random.default_rng(2), "film")[0])
    quad = find_frame(photo)
    assert quad is not None
    picture = Image.fromarray(photo)
    (corners,) = placed_back(photo, quad, [(100, 120, 140, 300)])
    ImageDraw.Draw(picture).polygon(corners, fill=(0, 0, 0))
    before, after = (straightened(np.asarray(one), quad) for one in (photo, picture))
    assert after[104:136, 124:296].max() < 12
    assert (before[:90] == after[:90]).all()
    assert before[104:136, 124:296].max() > 12


def test_the_words_on_a_photographed_film_are_covered() -> None:
    found = 0
    for seed in range(6):
        generator = np.random.default_rng(seed)
        photo = np.asarray(drawn_photo(generator, "film")[0])
        framing, _ = frame(photo)
        if framing.quad is None:
            continue
        sheet = straightened(photo, framing.quad)
        line = np.zeros(sheet.shape[:2], dtype=np.uint8)
        lettered = Image.fromarray(line)
        ImageDraw.Draw(lettered).rectangle((20, 20, 260, 60), fill=1)
        ImageDraw.Draw(lettered).text((30, 28), LINES[0] + " 1957", 255, ImageFont.load_default(20))
        found += _covers_what_is_laid_on(photo, framing, np.asarray(lettered))
    assert found >= 5


def _covers_what_is_laid_on(photo: np.ndarray, framing: Framing, letters: np.ndarray) -> bool:
    """Whether a plate with letters, laid on a film, is black in the photo afterwards."""
    assert framing.quad is not None
    height, width = letters.shape
    corners = placed_back(photo, framing.quad, [(0, 0, height, width)])[0]
    target = np.array(corners)
    source = np.array([(0, 0), (width, 0), (width, height), (0, height)], dtype=np.float64)
    laid = Image.fromarray(letters).transform(
        photo.shape[1::-1],
        Image.Transform.PERSPECTIVE,
        _coefficients(target, source).tolist(),
        Image.Resampling.BICUBIC,
    )
    plate = np.asarray(laid)[:, :, None]
    written = np.where(plate > 0, plate, photo).astype(np.uint8)
    covered, is_found = without_writing(written, framing)
    strokes = plate[:, :, 0] > 120
    return is_found and bool((covered[strokes].max(axis=-1) < 120).mean() > 0.8)
