"""The questions made from MedPix as a data set, and the page of examples to be looked at."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as PillowImage

from model.seg_tokens import ParsedObject, write_suffix
from tests.drawn_montages import drawn_scan
from tests.training.drawn_medpix import make_medpix
from training.__main__ import main
from training.export_qa import export_qa
from training.look import CELL, COLUMNS, Shown, draw_page
from training.medpix_pictures import MedPixError, read_medpix
from training.split_panels import panel_lines


def lines_of(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_every_split_gets_questions_and_the_card_counts_them(tmp_path: Path) -> None:
    make_medpix(tmp_path / "data" / "medpix2", train=8, dev=4)
    out = tmp_path / "qa"
    assert main(["prepare", "--data", str(tmp_path / "data"), "--export-qa", str(out)]) == 0
    train, dev = lines_of(out / "qa_train.jsonl"), lines_of(out / "qa_dev.jsonl")
    assert {line["question_type"] for line in train} >= {"modality", "plane", "region"}
    assert len({line["qid"] for line in train}) == len(train)
    assert {line["case"] for line in train}.isdisjoint(line["case"] for line in dev)
    card = (out / "README.md").read_text(encoding="utf-8")
    assert f"| train | {len(train)} |" in card
    assert f"| dev | {len(dev)} |" in card


def test_closed_questions_are_answered_by_what_medpix_states(tmp_path: Path) -> None:
    export_qa(make_medpix(tmp_path / "medpix", train=12, dev=1), tmp_path / "qa")
    lines = lines_of(tmp_path / "qa" / "qa_train.jsonl")
    stated = {
        (one["image"], one["question_type"]): one["answer"]
        for one in lines
        if one["answer_type"] == "OPEN"
    }
    closed = [one for one in lines if one["answer_type"] == "CLOSED"]
    for one in closed:
        word = stated[one["image"], one["question_type"]]
        assert (f" {word} " in one["question"]) == (one["answer"] == "yes"), one
    assert {one["answer"] for one in closed} == {"yes", "no"}


def test_nothing_of_the_person_is_exported(tmp_path: Path) -> None:
    export_qa(make_medpix(tmp_path / "medpix", train=6, dev=1), tmp_path / "qa")
    text = (tmp_path / "qa" / "qa_train.jsonl").read_text(encoding="utf-8")
    assert re.findall(r"41 year|\bman\b|\bmale\b|story", text) == []


def test_a_taken_place_is_left_alone(tmp_path: Path) -> None:
    medpix = make_medpix(tmp_path / "medpix", train=2, dev=1)
    (tmp_path / "qa").mkdir()
    with pytest.raises(MedPixError, match="exists already"):
        export_qa(medpix, tmp_path / "qa")
    assert list((tmp_path / "qa").iterdir()) == []


@pytest.mark.torch
def test_the_page_shows_each_example_and_draws_its_mask(tmp_path: Path) -> None:
    from model.mask_codec import MaskCodec
    from tests.training.test_evaluation import _save_codec

    _save_codec(tmp_path / "mask_codec.npz")
    codec = MaskCodec.load(tmp_path / "mask_codec.npz")
    picture = np.full((64, 64, 3), 90, dtype=np.uint8)
    codes = next(
        tuple([code] * 16)
        for code in range(128)
        if (codec.decode(np.full((1, 16), code)) > 0).any()
    )
    suffix = write_suffix([ParsedObject("liver", (0.1, 0.1, 0.9, 0.9), codes)])
    asked = Shown(picture, "segment liver\n", suffix)
    page = draw_page([asked] + [Shown(picture, "answer en what?\n", "CT")] * 3, codec)
    assert page.size == (COLUMNS * CELL[0], 2 * CELL[1])
    pixels = np.asarray(page)
    right = pixels[8:238, 246 : CELL[0]]
    assert (right.max(axis=2).astype(int) - right.min(axis=2) > 60).any()  # the mask is coloured
    other = pixels[8:238, CELL[0] + 246 : 2 * CELL[0]]
    assert (other.max(axis=2).astype(int) - other.min(axis=2) < 20).all()  # nothing was asked for


def test_a_folder_without_pictures_is_named(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="medpix2"):
        main(["look", "--data", str(tmp_path), "--medpix", "--page", str(tmp_path / "page.png")])
    assert not (tmp_path / "page.png").exists()


def test_the_page_is_a_picture_file(tmp_path: Path) -> None:
    make_medpix(tmp_path / "medpix2", train=6, dev=1)
    page = tmp_path / "page.png"
    assert (
        main(["look", "--data", str(tmp_path), "--medpix", "--count", "4", "--page", str(page)])
        == 0
    )
    with PillowImage.open(page) as opened:
        assert opened.size == (COLUMNS * CELL[0], 2 * CELL[1])


def test_montages_are_cut_into_panels_that_keep_what_names_them(tmp_path: Path) -> None:
    medpix = make_medpix(tmp_path / "medpix2", train=4, dev=2)
    field = np.full((210, 430), 255, dtype=np.uint8)
    for left in (0, 220):
        field[:, left : left + 210] = drawn_scan(np.random.default_rng(left), 210, 210)
    PillowImage.fromarray(field).save(medpix / "images" / "MPX0001_synpic1.jpg", quality=95)
    path = medpix / "descriptions_train.jsonl"
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    lines[1]["Description"] |= {"Caption": "Left: coronal T1 MRI. Right: a CT of 41 years."}
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    out = tmp_path / "cut"
    assert main(["prepare", "--data", str(tmp_path), "--panels", str(out)]) == 0
    found = {one.image.stem: one for one in read_medpix(out, "train")}
    names = ["MPX0000_synpic0", "MPX0001_synpic1_panel1", "MPX0001_synpic1_panel2"]
    assert list(found)[:3] == names
    assert len(found) == 5
    left, right = found[names[1]], found[names[2]]
    assert (left.modality, left.plane, left.caption) == ("MR", "coronal", "coronal T1 MRI")
    assert (right.modality, right.plane) == ("CT", "axial")
    assert right.taught_caption is None  # it tells an age
    assert (left.region, left.case) == ("head", "MPX0001")
    with PillowImage.open(left.image) as opened:
        assert abs(opened.width - 210) <= 3
        assert abs(opened.height - 210) <= 3
    cases = {one["U_id"]: one for one in lines_of(out / "data_train.jsonl")}
    assert cases["MPX0001"]["TAC"] == names[1:]  # type: ignore[comparison-overlap]
    told = lines_of(out / "panels.jsonl")
    assert [one["panel"] for one in told] == names[1:]
    assert len(read_medpix(out, "dev")) == 2


def test_what_is_said_of_a_whole_montage_is_not_said_of_a_panel() -> None:
    line = {"image": "x", "Type": "MR", "Description": {"Plane": "Axial"}}
    halves = [(0.0, 0.0, 1.0, 0.5), (0.0, 0.5, 1.0, 1.0)]

    def told(caption: str) -> list[Any]:
        described = {"Plane": "Axial", "Caption": caption}
        found = panel_lines({**line, "Description": described}, halves)
        return [
            one and (one["Description"]["Caption"], one["Description"]["Plane"]) for one in found
        ]

    assert told("A mass in both pictures.") == [(None, "Axial")] * 2
    assert told("Axial and coronal images show a mass.") == [(None, None)] * 2
    assert told("Left: plain radiograph. Right: T1 MRI.") == [None, ("T1 MRI", "Axial")]
