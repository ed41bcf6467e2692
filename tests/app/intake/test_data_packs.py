"""Real files of the data packs: each gives the picture, or the refusal, that its list expects."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread

from app.intake.receive import ReceivedScan, Refusal, receive
from tests.app.intake.made_files import pixels_of

REASON_FOR = {
    "nm-bone-scan.dcm": "unsupported_modality",
    "xa-brain-angiogram.dcm": "unsupported_modality",
    "us-obstetric-2frame-palette-rle.dcm": "unsupported_modality",
    "us-heart-colour.dcm": "unsupported_modality",
    "us-lymph-node-ybr-jpeg2000.dcm": "unsupported_modality",
    "vl-endoscopy-colour.dcm": "unsupported_modality",
    "seg-liver.dcm": "unsupported_modality",
    "sr-measurements.dcm": "no_pixels",
    "dx-dog-chest-monochrome1.dcm": "not_a_person",
    "bad-no-rows.dcm": "broken",
    "bad-truncated-jpeg2000.dcm": "broken",
    "sc-deflated.dcm": "unsupported_modality",
    "ot-face-photo-no-meta.dcm": "unsupported_modality",
    "derived-not-dicom.dcm": "not_a_picture",
    "derived-mr-truncated.dcm": "broken",
}
NAMED = ("ct-heart-jpeg2000-named.dcm", "derived-ct-head-fake-identity-header.dcm")


@pytest.fixture(scope="module")
def dicom_pack(data_folder: Path) -> Path:
    folder = data_folder / "dicom"
    if not (folder / "manifest.jsonl").is_file():
        pytest.skip("no DICOM pack here")
    return folder


if shutil.which("dcmdjpeg") is None:
    REASON_FOR["mr-jpeg-extended-12bit.dcm"] = "unsupported_format"


def listed(folder: Path) -> list[dict[str, object]]:
    lines = (folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def is_turned(row: dict[str, object]) -> bool:
    return row.get("exif_orientation") in (5, 6, 7, 8) or "orientation-6" in str(row["file"])


def test_every_file_of_the_dicom_pack_ends_as_its_list_expects(dicom_pack: Path) -> None:
    wrong = {}
    rows = listed(dicom_pack)
    # Of a series every fifth slice will do: the others differ in their numbers alone.
    series = [row for row in rows if "series" in str(row["file"])][::5]
    for row in [row for row in rows if "series" not in str(row["file"])] + series:
        name, expected = str(row["file"]), str(row["expected"])
        answer = receive((dicom_pack / name).read_bytes())
        if name in REASON_FOR:
            assert not expected.startswith("accept") or "else" in expected or "or a" in expected, (
                name
            )
            if answer != Refusal(REASON_FOR[name]):
                wrong[name] = answer
        elif not isinstance(answer, ReceivedScan) or pixels_of(answer.image_png).std() < 10:
            wrong[name] = answer
    assert wrong == {}


def test_one_slice_in_three_lossless_encodings_is_one_picture(dicom_pack: Path) -> None:
    names = ("ct-chest-jpegls-lossless.dcm", "ct-chest-jpeg-lossless.dcm", "ct-chest-rle.dcm")
    answers = [receive((dicom_pack / name).read_bytes()) for name in names]
    digests = {answer.image_digest for answer in answers if isinstance(answer, ReceivedScan)}
    assert len(digests) == 1


@pytest.mark.parametrize("name", NAMED)
def test_no_identity_of_a_named_file_leaves(dicom_pack: Path, name: str) -> None:
    data = (dicom_pack / name).read_bytes()
    header = dcmread(dicom_pack / name)
    scan = receive(data)
    assert isinstance(scan, ReceivedScan)
    left = " ".join(scan.kept.values()) + scan.image_png.decode("latin-1")
    for keyword in ("PatientName", "PatientID", "PatientBirthDate", "InstitutionName", "StudyDate"):
        for part in str(header.get(keyword, "")).replace("^", " ").split():
            assert len(part) < 4 or part not in left


def test_burned_in_text_is_noted(dicom_pack: Path) -> None:
    for name in ("ct-abdomen-burned-in-text.dcm", "derived-cr-chest-burned-in-name.dcm"):
        scan = receive((dicom_pack / name).read_bytes())
        assert isinstance(scan, ReceivedScan)
        assert "burned_in_annotation" in scan.notes


@pytest.mark.parametrize("pack", ["not-a-scan", "phone-photos"])
def test_every_photo_is_opened_upright_and_bare(data_folder: Path, pack: str) -> None:
    folder = data_folder / pack
    if not (folder / "manifest.jsonl").is_file():
        pytest.skip(f"no {pack} pack here")
    rows = listed(folder)
    # Every third will do, and whatever is stored turned or in a format of its own.
    special = [row for row in rows if is_turned(row) or str(row["file"]).endswith("heic")]
    for row in [*rows[::3], *special]:
        scan = receive((folder / str(row["file"])).read_bytes())
        assert isinstance(scan, ReceivedScan), row["file"]
        assert b"Exif" not in scan.image_png
        assert max(scan.width, scan.height) <= 1024
        turned = is_turned(row)
        assert ("turned_upright" in scan.notes) == turned, row["file"]
        if turned:
            stored = np.array([int(str(row["width"])), int(str(row["height"]))], dtype=float)
            # A straightened film has the shape of the film; the whole photo keeps its own.
            whole = pixels_of(scan.whole_png or scan.image_png)
            shown = np.array(whole.shape[:2], dtype=float)
            assert np.allclose(stored / stored.max(), shown / shown.max(), atol=0.01)
