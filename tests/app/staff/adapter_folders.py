"""Small adapter folders that say the truth about themselves, or do not."""

import hashlib
import html
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from app.deps import House
from model.prompts import PROMPTS_VERSION
from tests.app.staff.cast import SignedIn

BASE = "0" * 64
"""The digest of the scripted backend's base."""
GOOD: dict[str, Any] = {
    "medpix": {
        "modality_accuracy": 0.95123,
        "plane_accuracy": 0.8,
        "adapter_off": {"modality_accuracy": 0.8, "plane_accuracy": 0.7},
    },
    "region_accuracy": 0.9,
    "region_accuracy_adapter_off": 0.9,
    "vqa": {"own": {"closed_accuracy": 0.7, "closed_accuracy_blank": 0.5}},
    "shortcuts": {
        "blank_scan_share": 0.0,
        "blank_answers": dict.fromkeys(("modality", "plane", "region"), "not a scan"),
        "rephrased_modality_accuracy": 0.9,
        "negation_turned_share": 0.9,
    },
}


def adapter_folder(
    house: House,
    name: str = "knees",
    *,
    base: str = BASE,
    prompts: str = PROMPTS_VERSION,
    measured_for: str = "",
    **figures: Any,
) -> Path:
    """A folder with tiny weights, a card and figures; `figures` take the place of good ones."""
    folder = house.settings.data_dir / "clinic" / "adapters" / name
    folder.mkdir(parents=True)
    layer = "base_model.model.model.language_model.layers.0.self_attn.q_proj"
    tensors = {f"{layer}.lora_{side}.weight": np.ones((2, 2), np.float32) for side in "AB"}
    save_file(tensors, folder / "adapter_model.safetensors")
    settings = {"peft_type": "LORA", "r": 2, "target_modules": ".*language_model.*q_proj"}
    (folder / "adapter_config.json").write_text(json.dumps(settings))
    (folder / "README.md").write_text("# Knees\nTrained on <b>knees</b>.")
    of = {"adapter": measured_for or f"{name}-adapter", "base_sha256": base}
    metrics = {"evaluation": {**of, **GOOD, **figures}}
    (folder / "metrics.json").write_text(json.dumps(metrics))
    write_manifest(folder, f"{name}-adapter", base, prompts)
    return folder


def write_manifest(folder: Path, name: str, base: str, prompts: str = PROMPTS_VERSION) -> None:
    """A manifest that lists the files as they are now."""
    files = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.iterdir()
        if path.name != "manifest.json"
    }
    manifest = {
        "name": name,
        "kind": "adapter",
        "base": "compact",
        "base_sha256": base,
        "prompts_version": prompts,
        "files": files,
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))


def change_a_byte(folder: Path) -> None:
    data = bytearray((folder / "adapter_model.safetensors").read_bytes())
    data[-1] ^= 1
    (folder / "adapter_model.safetensors").write_bytes(data)


def add_a_pickle(folder: Path) -> None:
    (folder / "extra.bin").write_bytes(b"\x80\x04.")


def break_the_manifest(folder: Path) -> None:
    (folder / "manifest.json").write_text("{")


def take_it_away(folder: Path) -> None:
    shutil.rmtree(folder)


def page_of(signed_in: SignedIn) -> str:
    """The words of the page of adapters, as an admin reads them."""
    return html.unescape(signed_in("admin").get("/staff/adapters").text)
