"""The adapter folder on disk: whole or not at all, safe kinds only, opened by plain peft."""

import json
from pathlib import Path
from typing import Any

import pytest

from model.adapters import base_digest, read_adapter
from tests.model.tiny import make_adapter, make_tiny
from training.adapter_folder import AdapterFacts, FolderError, Source, write_adapter
from training.model_card import main as card

pytestmark = pytest.mark.torch


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture
def weights(base: Path, tmp_path: Path) -> Path:
    return make_adapter(base, tmp_path / "weights")


def _facts(base: Path) -> AdapterFacts:
    return AdapterFacts(
        name="drawn-tiny",
        base="tiny",
        base_sha256=base_digest(base),
        image_size=32,
        data=[Source("drawn pictures", "CC0", "0" * 64)],
        split_sha256="1" * 64,
    )


def _write(base: Path, weights: Path, out: Path) -> None:
    metrics = {"held_out": {"step": 3, "metrics": {"eval_plane": 0.5}}}
    write_adapter(out, weights, _facts(base), {"rank": 2, "seed": 1}, metrics)


def test_the_folder_passes_the_serving_codes_checks(
    base: Path, weights: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    _write(base, weights, out)
    names = {path.name for path in out.iterdir()}
    assert names == {
        "adapter_config.json",
        "adapter_model.safetensors",
        "config.yaml",
        "metrics.json",
        "README.md",
        "manifest.json",
    }
    read = read_adapter(out, base_digest(base))
    assert read.name == "drawn-tiny"
    assert read.manifest.image_size == 32
    assert str(tmp_path) not in (out / "adapter_config.json").read_text(encoding="utf-8")


def test_plain_peft_opens_it_and_the_answer_changes(
    base: Path, weights: Path, tmp_path: Path
) -> None:
    import torch
    from peft import PeftModel
    from transformers import PaliGemmaForConditionalGeneration

    out = tmp_path / "out"
    _write(base, weights, out)
    net = PaliGemmaForConditionalGeneration.from_pretrained(base)
    inputs: dict[str, Any] = {
        "input_ids": torch.tensor([[4] * 16 + [2, 50, 60]]),
        "pixel_values": torch.zeros(1, 3, 32, 32),
        "attention_mask": torch.ones(1, 19, dtype=torch.long),
        "token_type_ids": torch.zeros(1, 19, dtype=torch.long),
    }
    with torch.no_grad():
        before = net(**inputs).logits
        after = PeftModel.from_pretrained(net, str(out))(**inputs).logits
    assert float((after - before).abs().max()) > 0.01


def test_a_taken_place_is_refused_and_left_alone(base: Path, weights: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(FolderError, match="exists already"):
        _write(base, weights, out)
    assert list(out.iterdir()) == []


def test_whole_layers_are_refused_and_nothing_half_written_stays(
    base: Path, weights: Path, tmp_path: Path
) -> None:
    path = weights / "adapter_config.json"
    described = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**described, "modules_to_save": ["lm_head"]}), encoding="utf-8")
    with pytest.raises(FolderError, match="more than LoRA"):
        _write(base, weights, tmp_path / "out")
    assert [one.name for one in tmp_path.iterdir()] == ["weights"]


def test_the_card_takes_numbers_over_and_keeps_the_digests_true(
    base: Path, weights: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    _write(base, weights, out)
    said = {
        "split": "dev",
        "views": 5,
        "medpix": {
            "n": 5,
            "one_view": {"modality_accuracy": 0.75},
            "modality_accuracy": 0.8,
            "body_part_accuracy": 0.6,
            "plane_accuracy": 0.7,
            "adapter_off": {
                "modality_accuracy": 0.1,
                "body_part_accuracy": 0.2,
                "plane_accuracy": 0.3,
            },
            "gain": {"modality_accuracy": [0.5, 0.9]},
        },
    }
    figures = tmp_path / "figures.json"
    figures.write_text(json.dumps(said), encoding="utf-8")
    assert card(["--adapter", str(out), "--metrics", str(figures)]) == 0
    text = (out / "README.md").read_text(encoding="utf-8")
    assert "| modality_accuracy | 0.100 | 0.800 | +0.500 to +0.900 |" in text
    assert "5 views of each picture" in text
    assert "From one view: modality_accuracy 0.750." in text
    assert "not a medical device" in text
    read_adapter(out, base_digest(base))


def test_a_card_of_no_adapter_folder_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert card(["--adapter", str(tmp_path)]) == 2
    assert "no adapter folder" in capsys.readouterr().err
