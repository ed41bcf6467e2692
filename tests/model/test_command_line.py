"""python -m model on a tiny random model, a drawn picture and a real DICOM slice."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom.data import get_testdata_file

from model.__main__ import main
from tests.model.tiny import make_adapter, make_tiny

pytestmark = pytest.mark.torch

DICOM = str(get_testdata_file("CT_small.dcm"))


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from model.mask_codec import CodecNetwork, to_arrays

    folder = make_tiny(tmp_path_factory.mktemp("model") / "base")
    network = CodecNetwork((4, 4, 4, 4), (4, 4, 4, 4, 4), 8)
    np.savez(folder / "mask_codec.npz", **to_arrays(network))
    return folder


@pytest.fixture
def drawn(tmp_path: Path) -> str:
    picture = np.zeros((90, 120, 3), np.uint8)
    picture[20:60, 30:80] = 200
    Image.fromarray(picture).save(tmp_path / "drawn.png")
    return str(tmp_path / "drawn.png")


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, object]:
    assert main([*arguments, "--json", "--device", "cpu"]) == 0
    found: dict[str, object] = json.loads(capsys.readouterr().out)
    return found


def test_ask_prints_a_completion(
    capsys: pytest.CaptureFixture[str], base: Path, drawn: str
) -> None:
    found = run(capsys, "ask", "--model", str(base), "--image", drawn, "--question", "What is it?")
    assert isinstance(found["suffix"], str)
    assert found["adapter"] is None
    assert "What is it" not in found["suffix"]


@pytest.mark.parametrize("source", ["drawn", "dicom"])
def test_segment_draws_an_overlay(
    capsys: pytest.CaptureFixture[str], base: Path, drawn: str, tmp_path: Path, source: str
) -> None:
    image = drawn if source == "drawn" else DICOM
    out = str(tmp_path / "overlay.png")
    labels = "liver ; spleen ; left lung"
    found = run(
        capsys, "segment", "--model", str(base), "--image", image, "--labels", labels, "--out", out
    )
    assert isinstance(found["areas"], dict)
    assert isinstance(found["not_found"], list)
    assert {*found["areas"], *found["not_found"]} == {"liver", "spleen", "left lung"}
    rejected = found["rejected"]
    assert isinstance(rejected, list)
    assert {refused["reason"] for refused in rejected} <= {"empty_mask"}  # a random codec
    with Image.open(out) as picture:
        assert picture.height >= 128


def test_info_says_whether_the_adapter_is_on(
    capsys: pytest.CaptureFixture[str], base: Path, tmp_path: Path
) -> None:
    without = run(capsys, "info", "--model", str(base))
    assert without["adapter_is_on"] is False
    adapter = make_adapter(base, tmp_path / "knees")
    found = run(capsys, "info", "--model", str(base), "--adapter", str(adapter))
    assert (found["adapter"], found["adapter_tensors"]) == ("knees", 28)
    assert found["adapter_is_on"] is True
    assert isinstance(found["probe_change"], float)
    assert found["probe_change"] > 0
    assert found["base_sha256"] == without["base_sha256"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["ask", "--question", "?", "--image", "gone.png"], "There is no file gone.png."),
        (["info", "--model", "/nowhere"], "There is no model folder /nowhere."),
        (["info", "--model", "BASE", "--adapter", "/nowhere"], "no adapter folder nowhere"),
        (["info", "--model", "BASE", "--codec", "/nowhere.npz"], "mask codec is missing"),
        (["segment", "--image", DICOM, "--labels", " ; ", "--out", "x.png"], "Name at least one"),
        (
            [
                "segment",
                "--model",
                "BASE",
                "--image",
                DICOM,
                "--labels",
                "liver",
                "--out",
                "/no/x.png",
            ],
            "could not be written",
        ),
    ],
)
def test_what_is_wrong_is_one_sentence_and_exit_code_2(
    capsys: pytest.CaptureFixture[str], base: Path, arguments: list[str], sentence: str
) -> None:
    filled = [str(base) if word == "BASE" else word for word in arguments]
    assert main(filled) == 2
    caught = capsys.readouterr()
    assert sentence in caught.err
    assert caught.out == ""


def test_python_m_model_runs_as_a_process(base: Path, drawn: str) -> None:
    command = [sys.executable, "-m", "model", "ask", "--model", str(base), "--image", drawn]
    done = subprocess.run(
        [*command, "--question", "What is it?", "--json"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout)["seconds"] > 0
    assert "Traceback" not in done.stderr
