"""`training evaluate` on drawn packs: the published layouts, any split, the agreed JSON."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.model.tiny import make_adapter
from tests.training.drawn_medpix import make_base, make_medpix
from training.evaluate import main

pytestmark = pytest.mark.torch
LABELS = {
    0: ("background", "background"),
    1: ("liver", "anatomy"),
    2: ("spleen", "anatomy"),
    3: ("liver tumor", "finding"),
    4: ("heart", "anatomy"),
}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a base and its adapter, and the packs by name under `data`."""
    folder = tmp_path_factory.mktemp("house")
    base = make_base(folder / "base")
    _save_codec(base / "mask_codec.npz")
    make_adapter(base, folder / "adapter")
    make_medpix(folder / "data" / "medpix2", train=2, dev=6)
    _make_segmentation(folder / "data" / "segmentation")
    _make_questions(folder / "data" / "slake")
    return folder


def _save_codec(path: Path) -> None:
    import torch

    from model.mask_codec import CodecNetwork, to_arrays

    torch.manual_seed(0)
    network = CodecNetwork((4, 4, 4, 4), (4, 4, 4, 4, 4), 8)
    np.savez(path, **to_arrays(network))


def _make_segmentation(folder: Path) -> None:
    (folder / "images").mkdir(parents=True)
    (folder / "masks").mkdir()
    details = {str(i): {"name": name, "kind": kind} for i, (name, kind) in LABELS.items()}
    (folder / "labels_detail.json").write_text(json.dumps(details), encoding="utf-8")
    lines = [_slice(folder, number, split) for number, split in enumerate(("train", "val", "val"))]
    lines += [_slice(folder, 3, "train", region="chest")]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (folder / "manifest.jsonl").write_text(text, encoding="utf-8")


def _slice(folder: Path, number: int, split: str, region: str = "abdomen") -> dict[str, Any]:
    mask = np.zeros((64, 64), dtype=np.uint8)
    labels = ["heart"] if region == "chest" else ["liver"]
    mask[10:40, 8:30] = 4 if region == "chest" else 1
    if number == 2:
        mask[20:50, 40:60] = 2
        labels.append("spleen")
    mask[0, 0] = 3
    Image.fromarray(mask * 60).save(folder / "images" / f"{number}.png")
    Image.fromarray(mask).save(folder / "masks" / f"{number}.png")
    return {
        "id": str(number),
        "image": f"images/{number}.png",
        "mask": f"masks/{number}.png",
        "split": split,
        "modality": "CT",
        "body_region": region,
        "plane": "axial",
        "patient": f"{split}-{region}",
        "labels": labels,
    }


def _make_questions(folder: Path) -> None:
    (folder / "images").mkdir(parents=True)
    Image.new("L", (64, 64), 90).save(folder / "images" / "a.jpg")
    shared = {"image": "images/a.jpg", "q_lang": "en", "location": "Abdomen"}
    lines = [
        {**shared, "question": "Is there a liver?", "answer": "Yes", "answer_type": "CLOSED"},
        {**shared, "question": "What is this?", "answer": "liver", "answer_type": "OPEN"},
        {**shared, "q_lang": "zh", "question": "?", "answer": "?", "answer_type": "OPEN"},
    ]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (folder / "qa_val.jsonl").write_text(text, encoding="utf-8")


def _run(house: Path, out: Path, *more: str) -> int:
    names = ["--model", str(house / "base"), "--adapter", str(house / "adapter"), "--threads", "1"]
    return main([*names, "--json", str(out), *more])


def test_every_agreed_figure_is_in_the_json(house: Path, tmp_path: Path) -> None:
    out = tmp_path / "figures.json"
    assert _run(house, out, "--data", str(house / "data"), "--split", "dev") == 0
    found = json.loads(out.read_text(encoding="utf-8"))
    assert found["splits"] == {"medpix": "dev", "segmentation": "val", "slake": "val"}
    triple = {"modality_accuracy", "body_part_accuracy", "plane_accuracy"}
    assert found["medpix"]["n"] == 6
    assert triple <= set(found["medpix"])
    assert triple <= set(found["medpix"]["adapter_off"])
    assert {"bleu", "rouge_l", "parrot_share"} <= set(found["medpix"]["caption"])
    assert {"top1_exact", "top1_token"} <= set(found["medpix"]["diagnosis"])
    assert set(found["medpix"]["by"]) == {"modality", "plane", "body_part", "sex"}
    assert set(found["medpix"]["confusion"]) == {"modality", "plane", "body_part"}
    assert (tmp_path / "figures-confusion.png").is_file()
    assert 0.0 <= found["region_accuracy"] <= 1.0
    assert found["region_n"] == 3
    assert {"closed_accuracy", "closed_accuracy_blank", "open_f1"} <= set(found["vqa"]["slake"])
    assert found["vqa"]["slake"]["n"] == 2
    assert "blank_mask_share" in found["shortcuts"]
    assert found["shortcuts"]["blank_scan_share"] in (0.0, 1.0)
    assert found["views"] == 5
    assert set(found["medpix"]["one_view"]) == triple
    alone = {"mean_dice", "macro_dice", "mean_iou", "absent_false_easy", "absent_false_hard"}
    assert set(found["segmentation"]["mask_tokens"]) == alone


def test_findings_are_no_structures_and_the_atlas_is_image_blind(
    house: Path, tmp_path: Path
) -> None:
    out = tmp_path / "figures.json"
    folder = house / "data" / "segmentation"
    assert _run(house, out, "--segmentation", str(folder), "--split", "val") == 0
    found = json.loads(out.read_text(encoding="utf-8"))["segmentation"]
    assert found["n"] == 3
    assert set(found["per_structure"]) == {"liver", "spleen"}
    # The train slice's liver lies where the val slices' livers lie; no train slice has a spleen.
    assert found["per_structure"]["liver"]["atlas_dice"] > 0.95
    assert found["per_structure"]["spleen"]["atlas_dice"] == 0.0
    # The chest slice's heart is asked of both; the spleen of the slice whose kin shows it.
    assert found["absent_easy_n"] == 2
    assert found["absent_hard_n"] == 1


def test_asked_through_one_view_a_base_without_cell_head_gives_its_mask_tokens(
    house: Path, tmp_path: Path
) -> None:
    folder = house / "data" / "segmentation"
    found = {}
    for views in ("5", "1"):
        out = tmp_path / f"views-{views}.json"
        given = ("--segmentation", str(folder), "--split", "val", "--slices", "2")
        assert _run(house, out, *given, "--views", views) == 0
        found[views] = json.loads(out.read_text(encoding="utf-8"))
    one, five = found["1"]["segmentation"], found["5"]["segmentation"]
    assert (found["1"]["views"], found["5"]["views"]) == (1, 5)
    assert one["mask_tokens"] == five["mask_tokens"]
    assert one["mean_dice"] == one["mask_tokens"]["mean_dice"]


def test_more_views_than_there_are_is_refused(
    house: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "figures.json"
    given = ("--segmentation", str(house / "data" / "segmentation"), "--split", "val")
    assert _run(house, out, *given, "--views", "6") == 2
    assert "1 to 5 views, not 6" in capsys.readouterr().err
    assert not out.exists()


def test_an_unknown_split_is_refused_before_anything_is_written(
    house: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "figures.json"
    medpix = str(house / "data" / "medpix2")
    assert _run(house, out, "--medpix", medpix, "--split", "test") == 2
    assert "no split test" in capsys.readouterr().err
    assert not out.exists()
