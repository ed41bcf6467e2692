"""Bad input to `prepare`, `train` and `align`: one sentence with file and line, nothing left."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import yaml
from PIL import Image

from model.compact_folder import shipped_model
from tests.training.drawn_folder import make_own, read_lines, write_lines
from tests.training.drawn_medpix import make_base, make_medpix
from tests.training.test_base_pipeline import SETTINGS, draw_pack
from training.__main__ import main

pytestmark = pytest.mark.torch
Spoil = Callable[[Path], None]


def _said(path: str, line: int, **values: Any) -> Spoil:
    """A list whose line says something else; the question of an own picture goes with it."""

    def spoil(house: Path) -> None:
        for one in (path, "own/qa.jsonl") if path == OWN and "image" in values else (path,):
            lines = read_lines(house / one)
            lines[line - 1] |= values if one == path else {"image": values["image"]}
            write_lines(house / one, lines)

    return spoil


def _gone(path: str) -> Spoil:
    return lambda house: (house / path).unlink()


def _broken(path: str) -> Spoil:
    return lambda house: (house / path).write_bytes(b"no picture")


def _twice(path: str) -> Spoil:
    """A list that ends with its first line once more."""
    return lambda house: write_lines(house / path, [*read_lines(house / path), {}][:-1] * 2)


def _copied(path: str, other: str) -> Spoil:
    def spoil(house: Path) -> None:
        shutil.copy(house / path, house / other)

    return spoil


def _saved_again(path: str, other: str) -> Spoil:
    """The same picture to the eye: toned and coarser."""

    def spoil(house: Path) -> None:
        with Image.open(house / path) as opened:
            toned = opened.convert("L").point(lambda value: value * 0.8 + 25)
        toned.save(house / "again.jpg", quality=80)
        with Image.open(house / "again.jpg") as opened:
            opened.save(house / other)
        (house / "again.jpg").unlink()

    return spoil


def _unnamed(path: str, side: int) -> Spoil:
    def spoil(house: Path) -> None:
        mask = np.zeros((side, side), dtype=np.uint8)
        mask[side // 4 : side // 2, side // 4 : side // 2] = 9
        Image.fromarray(mask).save(house / path)

    return spoil


def _setting(**values: Any) -> Spoil:
    def spoil(house: Path) -> None:
        path = house / "settings.yaml"
        given = yaml.safe_load(path.read_text(encoding="utf-8"))
        path.write_text(yaml.safe_dump({**given, **values}, sort_keys=False), encoding="utf-8")

    return spoil


OWN, MEDPIX, PACK = "own/manifest.jsonl", "medpix2/descriptions_train.jsonl", "data/segmentation"
DEV_IMAGE = "medpix2/images/MPX1000_synpic1000.jpg"
MANIFEST = f"{PACK}/manifest.jsonl"
ADAPTERS: dict[str, tuple[Spoil, str]] = {
    "a picture is missing": (_gone("own/images/p3.png"), rf"{OWN}:4: there is no p3\.png"),
    "MedPix lacks a picture": (
        _gone("medpix2/images/MPX0002_synpic2.jpg"),
        rf"{MEDPIX}:3: there is no picture .*MPX0002",
    ),
    "a picture is none": (_broken("own/images/p3.png"), rf"{OWN}:4: p3\.png is no picture"),
    "a mask is none": (_broken("own/masks/p3.png"), rf"{OWN}:4: p3\.png is no picture"),
    "an index has no name": (
        _unnamed("own/masks/p1.png", 96),
        rf"{OWN}:2: labels\.json has no name for index 9",
    ),
    "one id twice": (_said(OWN, 5, id="p1"), rf"{OWN}:5: the id 'p1' is that of line 2 too"),
    "MedPix names a picture twice": (_twice(MEDPIX), rf"{MEDPIX}:9: MPX0000_synpic0 comes twice"),
    "a case in train and dev": (
        _said("medpix2/descriptions_dev.jsonl", 2, U_id="MPX0000"),
        r"descriptions_dev\.jsonl:2: MPX0000 is in both splits",
    ),
    "a picture in train and val": (
        _said(OWN, 8, image="images/p0.png", mask="masks/p0.png"),
        rf"{OWN}:8: p0\.png shows the same picture as p0\.png of .*{OWN}:1 ",
    ),
    "a picture in train and test": (
        _said(OWN, 8, image="images/p1.png", mask="masks/p1.png", split="test"),
        rf"{OWN}:8: p1\.png shows the same picture as p1\.png of .*{OWN}:2 ",
    ),
    "one picture under two names": (
        _copied("own/images/p0.png", "own/images/p7.png"),
        rf"{OWN}:8: p7\.png shows the same picture as p0\.png of .*{OWN}:1 ",
    ),
    "one picture saved again": (
        _saved_again("own/images/p0.png", "own/images/p7.png"),
        rf"{OWN}:8: p7\.png shows the same picture as p0\.png of .*{OWN}:1 ",
    ),
    "one MedPix picture under two names": (
        _copied("medpix2/images/MPX0003_synpic3.jpg", DEV_IMAGE),
        r"descriptions_dev\.jsonl:1: MPX1000\S* shows the same picture as MPX0003\S* of .*:4 ",
    ),
    "an unknown key": (_setting(ranks=8), r"settings\.yaml:\d+: unknown key ranks"),
    "a value that cannot be": (_setting(rank=0), r"settings\.yaml:\d+: rank is 0"),
    "no base": (_gone("tiny/config.json"), r"tiny: there is no config\.json of a base"),
}
PACKS: dict[str, tuple[Spoil, str]] = {
    "a picture is missing": (_gone(f"{PACK}/images/2.png"), rf"{MANIFEST}:3: there is no 2\.png"),
    "a mask is missing": (_gone(f"{PACK}/masks/2.png"), rf"{MANIFEST}:3: there is no 2\.png"),
    "a picture is none": (_broken(f"{PACK}/images/2.png"), rf"{MANIFEST}:3: 2\.png is no picture"),
    "SLAKE lacks a picture": (
        _gone("data/slake/images/x.png"),
        r"slake/images\.jsonl:1: there is no x\.png",
    ),
    "VQA-RAD lacks a picture": (
        _gone("data/vqa-rad/images/y.png"),
        r"vqa-rad/qa_train\.jsonl:1: there is no y\.png",
    ),
    "an index has no name": (
        _unnamed(f"{PACK}/masks/1.png", 40),
        rf"{MANIFEST}:2: labels_detail\.json has no name for index 9",
    ),
    "one id twice": (_said(MANIFEST, 5, id="1"), rf"{MANIFEST}:5: the id '1' is that of line 2"),
    "a picture in train and val": (
        _said(MANIFEST, 8, image="images/0.png"),
        rf"{MANIFEST}:8: picture .*0\.png is in train and val",
    ),
    "a patient in train and val": (
        _said(MANIFEST, 8, patient="p0"),
        rf"{MANIFEST}:8: volume p0 is in train and val",
    ),
    "one picture under two names": (
        _copied(f"{PACK}/images/0.png", f"{PACK}/images/7.png"),
        rf"{MANIFEST}:8: 7\.png shows the same picture as 0\.png of .*{MANIFEST}:1 ",
    ),
    "one picture saved again": (
        _saved_again(f"{PACK}/images/0.png", f"{PACK}/images/7.png"),
        rf"{MANIFEST}:8: 7\.png shows the same picture as 0\.png of .*{MANIFEST}:1 ",
    ),
    "an unknown key": (_setting(copys=2), r"settings\.yaml:\d+: unknown key 'copys'"),
    "no codec": (_gone("codec.npz"), r"there is no mask codec at codec\.npz"),
}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = make_base(tmp_path_factory.mktemp("models") / "tiny")
    shutil.copy(shipped_model() / "mask_codec.npz", folder)
    return folder


@pytest.fixture
def house(base: Path, tmp_path: Path) -> Path:
    """MedPix, a clinic's own folder, a base and settings, all in order."""
    shutil.copytree(base, tmp_path / "tiny")
    make_own(tmp_path / "own")
    make_medpix(tmp_path / "medpix2", train=8, dev=2)
    plain = {"steps": 1, "pictures": 2, "threads": 1, "rank": 2}
    (tmp_path / "settings.yaml").write_text(yaml.safe_dump(plain), encoding="utf-8")
    return tmp_path


@pytest.fixture
def packs(base: Path, tmp_path: Path) -> Path:
    """The packs that the base is made from, a codec and settings, all in order."""
    draw_pack(tmp_path / "data")
    for pack, name, grey in (("slake", "x.png", 60), ("vqa-rad", "y.png", 200)):
        (tmp_path / "data" / pack / "images").mkdir(parents=True)
        grain = np.random.default_rng(grey).integers(0, grey, (40, 40), dtype=np.uint8)
        Image.fromarray(grain).save(tmp_path / "data" / pack / "images" / name)
    line = {"id": "x", "image": "images/x.png", "split": "train", "modality": "CT"}
    line |= {"volume_group": "g", "location": "Abdomen", "plane": "axial"}
    write_lines(tmp_path / "data" / "slake" / "images.jsonl", [line])
    asked = {"image": "images/y.png", "image_organ": "CHEST", "question": "Normal?"}
    asked |= {"answer": "Yes", "answer_type": "CLOSED", "question_type": "ABN"}
    write_lines(tmp_path / "data" / "vqa-rad" / "qa_train.jsonl", [asked])
    shutil.copy(base / "mask_codec.npz", tmp_path / "codec.npz")
    sizes = {key: int(SETTINGS[key]) for key in ("image_size", "copies")}
    (tmp_path / "settings.yaml").write_text(yaml.safe_dump(sizes), encoding="utf-8")
    return tmp_path


def _adapter(command: str, house: Path, *more: str) -> list[str]:
    pairs = {"config": "settings.yaml", "base": "tiny", "medpix": "medpix2", "segmentation": "own"}
    pairs |= {"out": "adapter", "cache": "cache"}
    given = [part for name, path in pairs.items() for part in (f"--{name}", str(house / path))]
    return [command, *given, *more]


def _prepare(house: Path) -> list[str]:
    pairs = {"config": "settings.yaml", "data": "data", "codec": "codec.npz"}
    given = [part for name, path in pairs.items() for part in (f"--{name}", str(house / path))]
    return ["prepare", *given, "--set", f"cache={house / 'cache'}"]


def _refused(command: list[str], house: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """The sentence of a command that stops; the house is afterwards what it was."""
    before = sorted(house.rglob("*"))
    try:
        status, said = main(command), capsys.readouterr().err
    except SystemExit as stopped:
        status, said = 1, f"{stopped.code}\n"
    assert status != 0
    said = said.rpartition("\r")[2].partition("it/s]")[2] or said  # a bar of the loaded weights
    assert said.strip().count("\n") == 0
    assert sorted(house.rglob("*")) == before
    return said


@pytest.mark.parametrize("command", ["train", "align"])
@pytest.mark.parametrize(("spoil", "sentence"), ADAPTERS.values(), ids=ADAPTERS.keys())
def test_an_adapter_is_not_begun_on_bad_input(
    house: Path, capsys: pytest.CaptureFixture[str], command: str, spoil: Spoil, sentence: str
) -> None:
    spoil(house)
    assert re.search(sentence, _refused(_adapter(command, house), house, capsys))


@pytest.mark.parametrize(("spoil", "sentence"), PACKS.values(), ids=PACKS.keys())
def test_copies_are_not_begun_on_bad_input(
    packs: Path, capsys: pytest.CaptureFixture[str], spoil: Spoil, sentence: str
) -> None:
    spoil(packs)
    assert re.search(sentence, _refused(_prepare(packs), packs, capsys))


@pytest.mark.parametrize("command", ["train", "align"])
def test_an_adapter_of_another_base_is_not_gone_on_from(
    house: Path, base: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    from tests.model.tiny import make_adapter
    from tests.training.test_adapter_folder import _write

    weights = make_adapter(base, house / "weights")
    _write(house / "tiny", weights, house / "start")
    config = house / "tiny" / "config.json"
    config.write_text(json.dumps({**json.loads(config.read_text("utf-8")), "x": 1}), "utf-8")
    more = ("--go-on-from", str(house / "start"))
    said = _refused(_adapter(command, house, *more), house, capsys)
    told = (house / "start" / "manifest.json").read_text("utf-8").partition('"base_sha256"')[0]
    line = told.count("\n") + 1
    assert f"start/manifest.json:{line}: The adapter drawn-tiny was made for another base" in said


def test_what_is_replayed_is_checked_as_well(
    house: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    draw_pack(house / "data")
    (house / "data" / "segmentation" / "images" / "2.png").unlink()
    said = _refused(_adapter("train", house, "--data", str(house / "data")), house, capsys)
    assert "segmentation/manifest.jsonl:3: there is no 2.png" in said


@pytest.mark.parametrize("command", ["prepare", "train", "align"])
def test_a_full_disk_stops_before_anything_is_written(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: str,
) -> None:
    folder: Path = request.getfixturevalue("packs" if command == "prepare" else "house")
    full = SimpleNamespace(total=9, used=9, free=0)
    monkeypatch.setattr("training.whole_folder.shutil.disk_usage", lambda _: full)
    given = _prepare(folder) if command == "prepare" else _adapter(command, folder)
    assert re.search(r"cache: the disk is full: .* MiB are needed", _refused(given, folder, capsys))


def test_what_is_in_order_is_prepared(packs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(_prepare(packs)) == 0
    assert "1 of 2" not in capsys.readouterr().err
    assert sorted(one.name for one in (packs / "cache").iterdir()) == ["names.json", "train", "val"]
