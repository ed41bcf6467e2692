"""What is a scan and what is not: measured on drawn pictures, and on the packs where they are."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from app.analysis.scan_or_not import is_scan
from model.picture_facts import FACTS, measure_facts
from model.pixels import fit_within
from tests.builders import drawn_slice
from tests.drawn_negatives import drawn_negatives

ORDINARY_NEGATIVES = 150
LEAST_REFUSED = 0.95
"""By facts and colour alone; of 500 it is 96.4 %. What passes is mostly luggage under X-rays, which
looks like a scan without anatomy."""


def pixels(picture: Image.Image) -> np.ndarray:
    return fit_within(np.asarray(picture.convert("RGB"), dtype=np.uint8), 1024)


def seems_a_scan(picture: Image.Image) -> bool:
    return is_scan(pixels(picture), from_scanner=False, model_agrees=True)


def test_a_drawn_slice_is_taken_for_a_scan() -> None:
    assert all(seems_a_scan(drawn_slice(size)) for size in (96, 256, 512))


def test_pictures_drawn_in_other_ways_are_refused() -> None:
    drawn = drawn_negatives(ORDINARY_NEGATIVES)
    refused = [kind for kind, picture in drawn if not seems_a_scan(picture)]
    assert len(refused) >= LEAST_REFUSED * ORDINARY_NEGATIVES


def test_a_picture_from_a_scanner_is_never_refused() -> None:
    meadow = np.full((64, 64, 3), (60, 160, 40), dtype=np.uint8)
    assert is_scan(meadow, from_scanner=True, model_agrees=False)
    assert not is_scan(meadow, from_scanner=False, model_agrees=True)


def test_the_word_of_the_model_counts_for_photos() -> None:
    assert not is_scan(pixels(drawn_slice()), from_scanner=False, model_agrees=False)


def test_facts_are_numbers_for_any_picture() -> None:
    for picture in (np.zeros((40, 900, 3)), np.full((33, 33, 3), 255)):
        facts = measure_facts(picture.astype(np.uint8))
        assert facts.shape == (len(FACTS),)
        assert np.isfinite(facts).all()


def rows_of(path: Path) -> list[dict[str, object]]:
    if not path.is_file():
        pytest.skip(f"no {path.name} here")
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_two_in_a_hundred_real_scans_are_refused_at_most(data_folder: Path) -> None:
    medpix = rows_of(data_folder / "medpix2" / "descriptions_dev.jsonl")
    slake = rows_of(data_folder / "slake" / "images.jsonl")
    files = [data_folder / "medpix2" / "images" / f"{row['image']}.jpg" for row in medpix]
    files += [data_folder / "slake" / str(row["image"]) for row in slake if row["split"] == "val"]
    refused = [path.name for path in files if not seems_a_scan(Image.open(path))]
    assert len(refused) <= 0.02 * len(files), refused


def test_ordinary_pictures_are_refused_but_for_one(data_folder: Path) -> None:
    folder = data_folder / "not-a-scan"
    rows = [row for row in rows_of(folder / "manifest.jsonl") if row["category"] != "file format"]
    pictures = [ImageOps.exif_transpose(Image.open(folder / str(row["file"]))) for row in rows]
    taken = [row["file"] for row, one in zip(rows, pictures, strict=True) if seems_a_scan(one)]
    assert len(taken) <= 1, taken
