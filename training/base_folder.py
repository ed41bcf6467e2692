"""The base as a folder that the product loads: weights, codec, processor, manifest and card."""

import hashlib
import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
import yaml

from model.cell_head import FILE_NAME, CellHead, save_cell_head
from model.mask_codec import MaskCodec
from model.pixels import PIXELS_VERSION
from model.prompts import PROMPTS_VERSION
from model.vocabulary import MODALITIES, PLANES, REGIONS
from training.average import load_average
from training.base_card import UNLABELLED, write_card, write_licence
from training.config import BaseConfig, ConfigError, as_plain
from training.dense_stage import make_heads
from training.json_lines import read_lines
from training.loop_state import load_state
from training.medpix_pictures import MEDPIX_LICENCE
from training.prepare import Prepared
from training.records import TRAIN, VAL

SHARD_SIZE: Final = "14MB"
COPIED: Final = ("tokenizer.json", "tokenizer_config.json", "processor_config.json")
CODEC_NAME: Final = "mask_codec.npz"
VOCABULARY_VERSION: Final = "1"


def export_base(
    config: BaseConfig,
    prepared: Prepared,
    model: Any,
    report: Callable[[str], None],
) -> None:
    """Write the joint stage's last average as the folder `config.out`/folder.

    Its card holds no figures of the model until `training card --base` takes them over.
    """
    state = load_state(config.out / "joint.pt")
    if state is None:
        raise ConfigError(f"{config.out / 'joint.pt'}: run the joint stage first")
    model.load_state_dict(state["model"])
    load_average(model, state["average"])
    metrics = _taught_before(config.start_from)
    metrics["joint_steps"] += state["step"]
    metrics["joint_minutes"] = round(metrics["joint_minutes"] + state["passed"] / 60.0, 1)
    metrics |= codec_figures(config, prepared)
    report("export " + json.dumps(metrics))
    heads = make_heads(config, prepared)
    heads.load_state_dict(state["heads"])
    write_folder(config, prepared, model, heads, metrics, config.out / "folder")


def _taught_before(start: str) -> dict[str, float]:
    """Steps and minutes of joint training that the weights had behind them at the start."""
    path = Path(start) / "manifest.json"
    known = json.loads(path.read_text(encoding="utf-8"))["metrics"] if start else {}
    return {name: known.get(name, 0) for name in ("joint_steps", "joint_minutes")}


def codec_figures(config: BaseConfig, prepared: Prepared) -> dict[str, float]:
    """How well the codec alone draws val masks; nothing where val has none."""
    from training.codec import collect_crops, measure_iou, sample_boxes
    from training.masks import anatomy_labels
    from training.seek_codes import ROUNDS

    records = [one for one in prepared.records[VAL] if one.mask is not None]
    if not records:
        return {}
    crops, _ = collect_crops(records, anatomy_labels(config.data / "segmentation"))
    masks = sample_boxes(torch.from_numpy(crops), torch.Generator(), 0.0)[:, 0].numpy() > 0.5
    codec = MaskCodec.load(config.out / CODEC_NAME)
    iou, sought = measure_iou(codec, masks), measure_iou(codec, masks, ROUNDS)
    named = {"codec_mean_iou": iou.mean(), "codec_median_iou": np.median(iou)}
    named["codec_mean_iou_sought_codes"] = sought.mean()
    return {name: round(float(value), 4) for name, value in named.items()}


def write_folder(
    config: BaseConfig,
    prepared: Prepared,
    model: Any,
    heads: CellHead,
    metrics: dict[str, float],
    folder: Path,
) -> None:
    """Write the whole folder beside its place, then move it there."""
    fresh = folder.with_name(folder.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    model.to(torch.bfloat16).save_pretrained(fresh, max_shard_size=SHARD_SIZE)
    model.float()
    for name in (*COPIED, CODEC_NAME):
        shutil.copyfile(config.out / name, fresh / name)
    save_cell_head(heads, prepared.names, fresh / FILE_NAME)
    (fresh / "config.yaml").write_text(yaml.safe_dump(_settings(config)), encoding="utf-8")
    write_licence(fresh / "LICENSE")
    data = data_sources(config.data)
    if saw_medpix(config):
        data.append({"name": UNLABELLED, "licence": MEDPIX_LICENCE})
    manifest = _manifest(config, prepared, model, metrics)
    manifest["data"] = data
    write_card(fresh / "README.md", manifest)
    files = sorted(path for path in fresh.iterdir() if path.is_file())
    for path in files:
        path.chmod(0o644)  # safetensors writes for the owner only
    manifest["files"] = {path.name: digest_of(path) for path in files}
    (fresh / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    if folder.exists():
        shutil.rmtree(folder)
    fresh.rename(folder)


def _settings(config: BaseConfig) -> dict[str, Any]:
    settings = as_plain(config)
    for folder in ("data", "cache", "out"):
        settings.pop(folder)
    settings["start_from"] = Path(config.start_from).name  # no path of the machine it was made on
    settings["licences"] = list(config.licences)
    return settings


def _manifest(
    config: BaseConfig, prepared: Prepared, model: Any, metrics: dict[str, float]
) -> dict[str, Any]:
    records = prepared.records[TRAIN]
    taught = set(_taught(prepared))
    return {
        "format": 1,
        "kind": "base",
        "name": "compact",
        "made_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "prompts_version": PROMPTS_VERSION,
        "pixels_version": PIXELS_VERSION,
        "vocabulary_version": VOCABULARY_VERSION,
        "image_size": config.image_size,
        "structures": prepared.offered,
        "not_yet_reliable": sorted(taught - set(prepared.offered)),
        "modalities": [one for one in MODALITIES if any(r.modality == one for r in records)],
        "regions": [one for one in REGIONS if any(r.region == one for r in records)],
        "planes": [one for one in PLANES if any(r.plane == one for r in records)],
        "parameters": sum(one.numel() for one in model.parameters()),
        "metrics": metrics,
    }


def _taught(prepared: Prepared) -> list[str]:
    found = {int(one) for one in prepared.copies[TRAIN].objects["name"]}
    return [name for index, name in enumerate(prepared.names) if index in found]


def data_sources(data: Path) -> list[dict[str, str]]:
    """Each source with its licences, as the packs state them."""
    found: dict[str, set[str]] = {}
    for line in read_lines(data / "segmentation" / "manifest.jsonl"):
        found.setdefault(str(line["source"]), set()).add(str(line["licence"]))
    sources = [
        {"name": name, "licence": "; ".join(sorted(licences))}
        for name, licences in sorted(found.items())
    ]
    sources.append(
        {"name": "SLAKE English questions and X-rays", "licence": "not stated in the source"}
    )
    sources.append({"name": "VQA-RAD questions and pictures", "licence": "CC0 1.0"})
    return sources


def saw_medpix(config: BaseConfig) -> bool:
    """True where the masked stage showed MedPix pictures, to these weights or to those before."""
    if config.masked_minutes > 0 and (config.data / "medpix2").is_dir():
        return True
    path = Path(config.start_from) / "manifest.json"
    if not config.start_from or not path.is_file():
        return False
    before = json.loads(path.read_text(encoding="utf-8")).get("data", [])
    return any(one["name"] == UNLABELLED for one in before)


def digest_of(path: Path) -> str:
    """The SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
