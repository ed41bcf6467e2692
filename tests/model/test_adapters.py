import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from model.adapters import base_digest, read_adapter
from model.types import AdapterMismatch
from tests.model.tiny import seal

LAYER = "base_model.model.model.language_model.layers.0.self_attn.q_proj"
TOWER = "base_model.model.model.vision_tower.encoder.layers.0.self_attn.q_proj"
BASE = "a" * 64


def write_adapter(folder: Path, *, layer: str = LAYER, **settings: object) -> Path:
    folder.mkdir(parents=True)
    pair = {f"{layer}.lora_{side}.weight": np.ones((2, 2), np.float32) for side in "AB"}
    save_file(pair, folder / "adapter_model.safetensors")
    config = {
        "peft_type": "LORA",
        "r": 2,
        "target_modules": r".*language_model.*q_proj",
        **settings,
    }
    (folder / "adapter_config.json").write_text(json.dumps(config), encoding="utf-8")
    (folder / "README.md").write_text("card\n", encoding="utf-8")
    seal(folder, base_sha256=BASE)
    return folder


def test_a_whole_folder_is_read(tmp_path: Path) -> None:
    found = read_adapter(write_adapter(tmp_path / "knees-1"), BASE)
    assert found.name == "knees-1"
    assert found.tensors == (f"{LAYER}.lora_A.weight", f"{LAYER}.lora_B.weight")
    assert not found.is_for_pictures


def flip_a_byte(folder: Path) -> None:
    path = folder / "adapter_model.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(bytes(content))


def add_pickle(folder: Path) -> None:
    (folder / "adapter_model.bin").write_bytes(b"\x80\x04N.")
    seal(folder, base_sha256=BASE)


def ask_for_code(folder: Path) -> None:
    (folder / "extra.json").write_text('{"a": [{"auto_map": {"x": "y.z"}}]}', encoding="utf-8")
    seal(folder, base_sha256=BASE)


def add_unlisted(folder: Path) -> None:
    (folder / "notes.md").write_text("new\n", encoding="utf-8")


def lose_weights(folder: Path) -> None:
    (folder / "adapter_model.safetensors").unlink()


def link_weights(folder: Path) -> None:
    target = folder.parent / "elsewhere.safetensors"
    shutil.move(folder / "adapter_model.safetensors", target)
    (folder / "adapter_model.safetensors").symlink_to(target)


def list_a_file_outside(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    manifest["files"]["../../secret.json"] = "0" * 64
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


def break_manifest(folder: Path) -> None:
    (folder / "manifest.json").write_text("[]", encoding="utf-8")


def break_weights(folder: Path) -> None:
    (folder / "adapter_model.safetensors").write_bytes(b"not safetensors at all")
    seal(folder, base_sha256=BASE)


def name_another_base(folder: Path) -> None:
    seal(folder, base_sha256="b" * 64)


def name_other_prefixes(folder: Path) -> None:
    seal(folder, base_sha256=BASE, prompts_version="0")


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (flip_a_byte, "is not the file"),
        (add_pickle, "something else"),
        (ask_for_code, "auto_map"),
        (add_unlisted, "not listed"),
        (lose_weights, "missing"),
        (link_weights, "something else"),
        (list_a_file_outside, "is not the file"),
        (break_manifest, "not a JSON object"),
        (break_weights, "not a safetensors file"),
        (name_another_base, "another base model"),
        (name_other_prefixes, "prefixes of version 0"),
    ],
)
def test_a_spoilt_folder_is_refused(
    tmp_path: Path, spoil: Callable[[Path], None], sentence: str
) -> None:
    folder = write_adapter(tmp_path / "one")
    spoil(folder)
    with pytest.raises(AdapterMismatch, match=sentence):
        read_adapter(folder, BASE)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"peft_type": "PROMPT_TUNING"}, "LoRA"),
        ({"modules_to_save": ["lm_head"]}, "whole layers"),
        ({"auto_mapping": {"parent_library": "evil.code"}}, "auto_mapping"),
    ],
)
def test_settings_beyond_lora_are_refused(
    tmp_path: Path, settings: dict[str, object], sentence: str
) -> None:
    with pytest.raises(AdapterMismatch, match=sentence):
        read_adapter(write_adapter(tmp_path / "one", **settings), BASE)


def test_bare_names_that_hit_the_vision_tower_are_refused(tmp_path: Path) -> None:
    folder = write_adapter(tmp_path / "one", layer=TOWER, target_modules=["q_proj"])
    with pytest.raises(AdapterMismatch, match="vision_tower"):
        read_adapter(folder, BASE)


def test_a_vision_tower_asked_for_is_accepted(tmp_path: Path) -> None:
    folder = write_adapter(tmp_path / "one", layer=TOWER, target_modules=r".*vision_tower.*q_proj")
    assert read_adapter(folder, BASE).is_for_pictures


def test_no_folder_is_a_mismatch(tmp_path: Path) -> None:
    with pytest.raises(AdapterMismatch, match="no adapter folder"):
        read_adapter(tmp_path / "nothing", BASE)


def test_base_digest_is_of_weights_configuration_and_tokenizer_alone(tmp_path: Path) -> None:
    for name in ("config.json", "tokenizer.json", "model.safetensors", "README.md"):
        (tmp_path / name).write_text(name, encoding="utf-8")
    before = base_digest(tmp_path)
    assert len(before) == 64
    (tmp_path / "README.md").write_text("another card", encoding="utf-8")
    (tmp_path / "adapter").mkdir()
    (tmp_path / "adapter" / "adapter_model.safetensors").write_text("x", encoding="utf-8")
    assert base_digest(tmp_path) == before
    (tmp_path / "tokenizer.json").write_text("another", encoding="utf-8")
    assert base_digest(tmp_path) != before
