"""The questions made from MedPix as a data set, and the page of examples to be looked at."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PillowImage

from model.seg_tokens import ParsedObject, write_suffix
from tests.training.drawn_medpix import make_medpix
from training.__main__ import main
from training.export_qa import export_qa
from training.look import CELL, COLUMNS, Shown, draw_page
from training.medpix_pictures import MedPixError


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
