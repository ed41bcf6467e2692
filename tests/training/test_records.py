"""Records of the packs: leaks are refused, shared pictures stay out, words are read."""

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image as PillowImage

from training.config import ConfigError
from training.records import (
    PictureRecord,
    read_modality,
    read_plane,
    read_records,
    refuse_leaks,
)


def record(**changes: Any) -> PictureRecord:
    fields: dict[str, Any] = {
        "key": "a",
        "pack": "segmentation",
        "image": Path("/nowhere/a.png"),
        "split": "train",
        "volume": "v1",
        "modality": "CT",
        "region": "abdomen",
        "plane": "axial",
    }
    return PictureRecord(**(fields | changes))


def test_one_volume_in_two_splits_is_refused() -> None:
    ones = [record(), record(key="b", image=Path("/nowhere/b.png"), split="val")]
    with pytest.raises(ConfigError, match="volume v1 is in train and val"):
        refuse_leaks(ones)


def test_one_picture_in_two_splits_is_refused() -> None:
    ones = [record(), record(key="b", volume="v2", split="val")]
    with pytest.raises(ConfigError, match=r"picture .*a\.png is in train and val"):
        refuse_leaks(ones)


def test_clean_splits_pass() -> None:
    ones = [record(), record(key="b", image=Path("/b.png"), volume="v2", split="val")]
    assert refuse_leaks(ones) is None
    assert {one.split for one in ones} == {"train", "val"}


def question(text: str, answer: str, kind: str = "MODALITY") -> dict[str, Any]:
    return {"question": text, "answer": answer, "question_type": kind}


@pytest.mark.parametrize(
    ("lines", "word"),
    [
        ([question("What kind of scan is this?", "CT")], "CT"),
        ([question("Is this a CT image?", "no"), question("Is this an MRI?", "yes")], "MR"),
        ([question("What is seen on this CXR?", "a nodule", "PRES")], "X-ray"),
        ([question("Was this a contrast CT or a non-contrast CT?", "Contrast CT")], "CT"),
        ([question("Is the heart large?", "yes", "SIZE")], None),
        ([question("Is this a CT?", "yes"), question("Is this an MRI?", "yes")], None),
    ],
)
def test_modality_is_what_the_questions_agree_on(
    lines: list[dict[str, Any]], word: str | None
) -> None:
    assert read_modality(lines) == word


@pytest.mark.parametrize(
    ("lines", "word"),
    [
        ([question("What plane is this?", "Axial", "PLANE")], "axial"),
        ([question("Is this in the coronal plane?", "no", "PLANE")], None),
        ([question("Is this an AP or PA film?", "PA", "PLANE")], "frontal"),
        ([question("Is the plane axial?", "yes", "PRES")], None),
    ],
)
def test_plane_is_read_from_plane_questions_only(
    lines: list[dict[str, Any]], word: str | None
) -> None:
    assert read_plane(lines) == word


def write_packs(data: Path) -> None:
    folder = data / "segmentation"
    (folder / "images").mkdir(parents=True)
    PillowImage.new("L", (8, 8)).save(folder / "images" / "a.png")
    line = {"id": "a", "image": "images/a.png", "mask": "masks/a.png", "split": "train"}
    line |= {"patient": "p", "modality": "MRI", "body_region": "brain", "plane": "axial"}
    line |= {"licence": "CC0 1.0"}
    (folder / "manifest.jsonl").write_text(json.dumps(line) + "\n")
    rad = data / "vqa-rad"
    rad.mkdir()
    lines = [
        {"image": f"images/{name}.jpg", "image_organ": "CHEST", "question": "Normal?"}
        | {"answer": "Yes", "answer_type": "CLOSED", "question_type": "ABN"}
        for name in ("kept", "shared")
    ]
    (rad / "qa_train.jsonl").write_text("\n".join(map(json.dumps, lines)))
    (rad / "also_in_medpix2.json").write_text('["shared.jpg"]')


def test_pictures_shared_with_the_adapters_collection_stay_out(tmp_path: Path) -> None:
    write_packs(tmp_path)
    found = {one.key: one for one in read_records(tmp_path)}
    assert set(found) == {"a", "vqa-rad-kept"}
    assert found["a"].modality == "MR"
    assert found["a"].mirrors
    assert found["vqa-rad-kept"].plane == "frontal"
    assert found["vqa-rad-kept"].closed == (True,)


def test_a_licence_filter_leaves_the_others_out(tmp_path: Path) -> None:
    write_packs(tmp_path)
    assert [one.key for one in read_records(tmp_path, ("MIT",))] == ["vqa-rad-kept"]


def test_a_folder_without_the_pack_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"segmentation/manifest\.jsonl"):
        read_records(tmp_path)
