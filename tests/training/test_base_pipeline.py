"""Every stage of the base on a drawn pack: files, resuming after a kill, a folder that loads."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PillowImage

from training.__main__ import main

pytestmark = pytest.mark.torch
SETTINGS = {
    "image_size": "32",
    "vision_width": "24",
    "vision_layers": "1",
    "text_width": "24",
    "text_layers": "1",
    "copies": "2",
    "codec_minutes": "0.01",
    "dense_minutes": "0.01",
    "dense_batch": "4",
    "joint_minutes": "0.02",
    "joint_batch": "2",
    "checkpoint_seconds": "0.1",
}


def draw_pack(data: Path) -> None:
    folder = data / "segmentation"
    for name in ("images", "masks"):
        (folder / name).mkdir(parents=True)
    lines = []
    for number in range(8):
        mask = np.zeros((40, 40), dtype=np.uint8)
        mask[8 + number : 24 + number, 4:16] = 1
        mask[8:20, 24:36] = 2
        PillowImage.fromarray(mask * 90 + number).save(folder / f"images/{number}.png")
        PillowImage.fromarray(mask).save(folder / f"masks/{number}.png")
        line = {"id": str(number), "image": f"images/{number}.png", "mask": f"masks/{number}.png"}
        line |= {"split": "val" if number > 5 else "train", "patient": f"p{number}"}
        line |= {"modality": "CT", "body_region": "abdomen", "plane": "axial"}
        line |= {"licence": "CC0 1.0", "source": "drawn"}
        lines.append(json.dumps(line))
    (folder / "manifest.jsonl").write_text("\n".join(lines))
    details = {
        "1": {"name": "liver", "kind": "anatomy"},
        "2": {"name": "spleen", "kind": "anatomy"},
        "3": {"name": "liver tumor", "kind": "finding"},
    }
    (folder / "labels_detail.json").write_text(json.dumps(details))


def run(tmp_path: Path, *command: str, **changes: str) -> int:
    config = tmp_path / "tiny.yaml"
    settings = SETTINGS | {"cache": str(tmp_path / "cache"), "out": str(tmp_path / "out")} | changes
    config.write_text("".join(f"{key}: {value}\n" for key, value in settings.items()))
    return main([*command, "--config", str(config), "--data", str(tmp_path / "data")])


@pytest.mark.timeout(600)
def test_one_command_makes_a_folder_that_transformers_loads(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    draw_pack(tmp_path / "data")
    packed = str(tmp_path / "packed")
    assert main(["pack", "--data", str(tmp_path / "data"), "--out", packed]) == 0
    assert run(tmp_path, "compact", "--packed", packed) == 0
    capfd.readouterr()
    assert run(tmp_path, "compact", "--packed", packed) == 0
    said = capfd.readouterr().out
    assert said.count("is there already") == 6
    assert "begins" not in said
    folder = tmp_path / "out" / "folder"
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["structures"] == ["liver", "spleen"]
    assert manifest["modalities"] == ["CT"]
    assert manifest["data"][0] == {"name": "drawn", "licence": "CC0 1.0"}
    for name, digest in manifest["files"].items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
    assert f"{manifest['metrics']['codec_mean_iou']}" in (folder / "README.md").read_text()
    assert str(tmp_path) not in (folder / "config.yaml").read_text()

    from transformers import PaliGemmaForConditionalGeneration, PaliGemmaProcessor

    model = PaliGemmaForConditionalGeneration.from_pretrained(folder)
    processor = PaliGemmaProcessor.from_pretrained(folder)
    assert sum(one.numel() for one in model.parameters()) == manifest["parameters"]
    assert len(processor.tokenizer) == model.get_input_embeddings().weight.shape[0]


@pytest.mark.timeout(600)
def test_the_joint_stage_goes_on_from_its_checkpoint(tmp_path: Path) -> None:
    from training.loop_state import load_state

    draw_pack(tmp_path / "data")
    for command in (["codec"], ["tokenizer"], ["prepare"], ["base", "--stage", "dense"]):
        run(tmp_path, *command)
    run(tmp_path, "base", "--stage", "joint")
    first = load_state(tmp_path / "out" / "joint.pt")
    run(tmp_path, "base", "--stage", "joint", joint_minutes="0.3")
    second = load_state(tmp_path / "out" / "joint.pt")
    assert first is not None
    assert second is not None
    assert second["step"] > first["step"] > 0
    assert second["passed"] >= 0.3 * 60


def test_figures_reach_the_card_of_a_base(tmp_path: Path) -> None:
    folder = tmp_path / "base"
    folder.mkdir()
    manifest = {"parameters": 7, "image_size": 32, "metrics": {"joint_steps": 3}, "files": {}}
    manifest["metrics"] |= {"val_of_before": 0.1, "dev_of_before": 0.2, "test_n": 4}
    manifest |= {"data": [], "structures": ["liver"], "not_yet_reliable": []}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    found = {"split": "dev", "splits": {"segmentation": "val"}}
    found |= {"segmentation": {"n": 9, "mean_dice": 0.51234, "absent_false_hard": 0.25}}
    found["segmentation"] |= {"mask_tokens": {"mean_dice": 0.47, "absent_false_hard": None}}
    (tmp_path / "found.json").write_text(json.dumps(found))
    command = ["card", "--base", str(folder), "--metrics", str(tmp_path / "found.json")]
    assert main(command) == 0
    card = (folder / "README.md").read_text()
    assert "| val_mean_dice | 0.5123 |" in card
    assert "| val_mean_dice_mask_tokens | 0.47 |" in card
    assert "five slightly different" in card
    assert "| joint_steps | 3 |" in card
    assert "| test_n | 4 |" in card
    assert "of_before" not in card
    written = json.loads((folder / "manifest.json").read_text())
    assert written["metrics"]["val_absent_false_hard"] == 0.25
    digest = hashlib.sha256((folder / "README.md").read_bytes()).hexdigest()
    assert written["files"]["README.md"] == digest
    assert main(["card", "--base", str(tmp_path / "nothing"), *command[3:]]) == 2
    assert main(["card", "--base", str(folder)]) == 2


def test_a_packed_picture_keeps_its_mask_and_its_place(tmp_path: Path) -> None:
    from training.pack import unpack
    from training.records import read_records

    draw_pack(tmp_path / "data")
    main(["pack", "--data", str(tmp_path / "data"), "--out", str(tmp_path / "packed")])
    folder = unpack(tmp_path / "packed", tmp_path / "again")
    before, after = read_records(tmp_path / "data"), read_records(folder)
    assert [one.key for one in before] == [one.key for one in after]
    for one, other in zip(before, after, strict=True):
        assert one.mask is not None
        assert other.mask is not None
        assert (np.asarray(PillowImage.open(one.mask)) == PillowImage.open(other.mask)).all()


def test_a_file_that_is_no_pack_is_refused(tmp_path: Path) -> None:
    (tmp_path / "packed").write_bytes(b"nothing")
    with pytest.raises(SystemExit, match="no file of `training pack`"):
        run(tmp_path, "compact", "--packed", str(tmp_path / "packed"))


def test_a_stage_without_the_one_before_it_is_refused(tmp_path: Path) -> None:
    draw_pack(tmp_path / "data")
    with pytest.raises(SystemExit, match="run `training prepare` first"):
        run(tmp_path, "base", "--stage", "joint")


def test_an_unknown_command_says_which_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bake"]) == 2
    assert "prepare" in capsys.readouterr().err
