"""A clinic's own folder: every mistake is named with its line, and an adapter learns from it."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from PIL import Image

from model.compact_folder import shipped_model
from tests.training.drawn_folder import make_own, read_lines, write_lines
from tests.training.drawn_medpix import make_base
from training.config import ConfigError
from training.own_folder import read_own_folder
from training.train import main

Spoil = Callable[[Path], None]


def _changed(line: int, **values: Any) -> Spoil:
    def spoil(folder: Path) -> None:
        path = folder / "manifest.jsonl"
        lines = read_lines(path)
        lines[line - 1] |= values
        write_lines(path, lines)

    return spoil


def _without(name: str) -> Spoil:
    return lambda folder: (folder / name).unlink()


def _unnamed_index(folder: Path) -> None:
    mask = np.zeros((96, 96), dtype=np.uint8)
    mask[40:60, 40:60] = 9
    Image.fromarray(mask).save(folder / "masks" / "p1.png")


def _small_mask(folder: Path) -> None:
    Image.fromarray(np.zeros((50, 96), dtype=np.uint8)).save(folder / "masks" / "p2.png")


def _half_a_line(folder: Path) -> None:
    path = folder / "manifest.jsonl"
    path.write_text(path.read_text("utf-8") + '{"id": "p9", ', encoding="utf-8")


def _question_without_answer(folder: Path) -> None:
    write_lines(folder / "qa.jsonl", [{"image": "images/p0.png", "question": "What is this?"}])


def _question_about_no_picture(folder: Path) -> None:
    lines = read_lines(folder / "qa.jsonl")
    lines[2]["image"] = "images/p33.png"
    write_lines(folder / "qa.jsonl", lines)


MISTAKES = {
    "no manifest": (_without("manifest.jsonl"), "manifest.jsonl: there is no such file"),
    "no names": (_without("labels.json"), "labels.json: there is no such file"),
    "picture is missing": (_without("images/p3.png"), "manifest.jsonl:4: there is no p3.png"),
    "mask is missing": (_without("masks/p0.png"), "manifest.jsonl:1: there is no p0.png"),
    "index without a name": (
        _unnamed_index,
        "manifest.jsonl:2: labels.json has no name for index 9",
    ),
    "mask of another size": (_small_mask, "manifest.jsonl:3: picture and mask differ in size"),
    "one id twice": (_changed(5, id="p1"), "manifest.jsonl:5: the id 'p1' is that of line 2 too"),
    "a patient in two splits": (
        _changed(8, patient="patient-0"),
        "manifest.jsonl:8: the patient 'patient-0' is in val and in train",
    ),
    "an unknown kind": (_changed(1, modality="PET"), "manifest.jsonl:1: the modality 'PET'"),
    "an unknown split": (_changed(2, split="dev"), "manifest.jsonl:2: the split 'dev'"),
    "half a line": (_half_a_line, "manifest.jsonl:9: is not JSON"),
    "no answer": (_question_without_answer, "qa.jsonl:1: there is no 'answer'"),
    "a question about no picture": (
        _question_about_no_picture,
        "qa.jsonl:3: manifest.jsonl does not list 'images/p33.png'",
    ),
}


@pytest.mark.parametrize(("spoil", "sentence"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_named_with_file_and_line_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], spoil: Spoil, sentence: str
) -> None:
    folder = make_own(tmp_path / "own")
    spoil(folder)
    with pytest.raises(ConfigError):
        read_own_folder(folder)
    out, cache = tmp_path / "adapter", tmp_path / "cache"
    given = ["--segmentation", str(folder), "--out", str(out), "--cache", str(cache)]
    assert main(given) == 2
    said = capsys.readouterr().err
    assert sentence in said
    assert said.count("\n") == 1
    assert not out.exists()
    assert not cache.exists()


def test_a_folder_is_read_with_its_questions_and_structures(tmp_path: Path) -> None:
    own = read_own_folder(make_own(tmp_path / "own", train=4, val=1))
    assert (len(own.of("train")), len(own.of("val"))) == (4, 1)
    assert own.structures == ("liver", "spleen")
    assert own.records[0].questions == (("Is this a CT?", "yes"),)
    assert read_own_folder(make_own(tmp_path / "few", train=2)).structures == ()


def test_nothing_to_teach_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--out", str(tmp_path / "adapter")]) == 2
    assert "--segmentation" in capsys.readouterr().err


@pytest.mark.torch
def test_an_adapter_learns_from_a_clinics_own_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base, own = make_base(tmp_path / "tiny"), make_own(tmp_path / "own")
    settings = tmp_path / "settings.yaml"
    plain = {"steps": 30, "pictures": 4, "rank": 8, "evaluate_every": 15, "threads": 1}
    settings.write_text(yaml.safe_dump(plain | {"learning_rate": 0.004}), encoding="utf-8")
    out, cache = tmp_path / "adapter", tmp_path / "cache"
    pairs = {"config": settings, "base": base, "segmentation": own, "out": out, "cache": cache}
    given = [part for name, value in pairs.items() for part in (f"--{name}", str(value))]
    assert main(given) == 2
    assert "masks cannot be taught without mask_codec.npz" in capsys.readouterr().err
    shutil.copy(shipped_model() / "mask_codec.npz", base)
    assert main(given) == 0
    losses = [one["loss"] for one in read_lines(cache / "log.jsonl") if "loss" in one]
    assert losses[-1] < 0.7 * losses[0]
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["structures"] == ["liver", "spleen"]
    assert manifest["tasks"] == ["modality", "plane", "region", "segment", "question"]
    assert [one["name"] for one in manifest["data"]] == ["own folder"]
    metrics = json.loads((out / "metrics.json").read_text(encoding="utf-8"))
    assert (metrics["taught_pictures"], metrics["held_out_pictures"]) == (6, 2)
