"""Writing the adapter folder: weights, settings, numbers, card and digests; whole or not at all."""

import datetime
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from model.adapters import ALLOWED_KINDS, CONFIG_NAME, WEIGHTS_NAME, base_digest
from model.manifest import MANIFEST_NAME, read_manifest, sha256_of
from model.pixels import PIXELS_VERSION
from model.prompts import PROMPTS_VERSION
from model.vocabulary import MODALITIES, PLANES, REGIONS
from training.config import ConfigError
from training.whole_folder import whole_folder

FORMAT: Final = 1
KIND: Final = "adapter"
SETTINGS_NAME: Final = "config.yaml"
METRICS_NAME: Final = "metrics.json"
CARD_NAME: Final = "README.md"


class FolderError(ConfigError):
    """An adapter folder that cannot be written; the sentence says why."""


@dataclass(frozen=True)
class Source:
    """One data set an adapter was trained on: its name, its licence and a digest of its list."""

    name: str
    licence: str
    sha256: str


@dataclass(frozen=True)
class AdapterFacts:
    """What the manifest says beside the digests."""

    name: str
    base: str
    base_sha256: str
    image_size: int
    data: Sequence[Source]
    split_sha256: str
    structures: Sequence[str] = ()
    may_use_category: bool = False
    tasks: Sequence[str] = ()
    modalities: Sequence[str] = field(default=MODALITIES)
    regions: Sequence[str] = field(default=REGIONS)


def write_adapter(
    out: Path, weights: Path, facts: AdapterFacts, settings: Mapping[str, Any], metrics: Any
) -> None:
    """Write the folder beside its place under another name, then rename it.

    Args:
        out: must not exist.
        weights: folder with adapter_config.json and adapter_model.safetensors, as peft saves.
        settings: for config.yaml.
        metrics: for metrics.json.

    Raises:
        FolderError: the place is taken, or peft's files are not what they must be.
    """
    if out.exists():
        raise FolderError(f"{out} exists already; name another folder")
    with whole_folder(out) as fresh:
        _write_weights(weights, fresh, facts.base)
        text = yaml.safe_dump(dict(settings), sort_keys=True, allow_unicode=True)
        (fresh / SETTINGS_NAME).write_text(text, encoding="utf-8")
        _write_json(fresh / METRICS_NAME, metrics)
        _write_json(fresh / MANIFEST_NAME, _manifest(facts))
        refresh(fresh)


def refresh(folder: Path) -> None:
    """Write the card again from manifest, settings and numbers, and every file's digest."""
    from training.model_card import card_text

    manifest = json.loads((folder / MANIFEST_NAME).read_text(encoding="utf-8"))
    settings = yaml.safe_load((folder / SETTINGS_NAME).read_text(encoding="utf-8"))
    metrics = json.loads((folder / METRICS_NAME).read_text(encoding="utf-8"))
    card = card_text(manifest, settings, metrics)
    (folder / CARD_NAME).write_text(card, encoding="utf-8")
    manifest["files"] = digests_of(folder)
    _write_json(folder / MANIFEST_NAME, manifest)


def digests_of(folder: Path) -> dict[str, str]:
    """Relative path to SHA-256 of every file but the manifest.

    Raises:
        FolderError: a file of a kind that no adapter folder holds.
    """
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    foreign = [path.name for path in paths if path.suffix not in ALLOWED_KINDS]
    if foreign:
        raise FolderError(f"{foreign[0]} does not belong into an adapter folder")
    names = {path.relative_to(folder).as_posix(): path for path in paths}
    return {name: sha256_of(path) for name, path in names.items() if name != MANIFEST_NAME}


def adapter_name(subject: str, base: str, weights: Path) -> str:
    """Such as medpix2-compact-2026-11-30-3f2a: subject, base, day and the weights' digest."""
    day = datetime.datetime.now(datetime.UTC).date().isoformat()
    return f"{subject}-{base}-{day}-{sha256_of(weights / WEIGHTS_NAME)[:4]}"


def source_of(name: str, licence: str, lists: Iterable[Path]) -> Source:
    """A source with one digest over the files that list its pictures."""
    joined = "".join(f"{path.name} {sha256_of(path)}\n" for path in sorted(lists) if path.is_file())
    return Source(name, licence, hashlib.sha256(joined.encode()).hexdigest())


def digest_of_names(names: Iterable[str]) -> str:
    """SHA-256 of the sorted names, one a line: which cases were taught."""
    return hashlib.sha256("\n".join(sorted(names)).encode()).hexdigest()


def base_identity(base: Path) -> tuple[str, str]:
    """Name and digest of a base folder, as the serving code computes them.

    Raises:
        FolderError: it is no folder of a model.
    """
    if not (base / "config.json").is_file():
        raise FolderError(f"{base}: there is no config.json of a base in this folder")
    manifest = read_manifest(base)
    return manifest.name if manifest else base.resolve().name, base_digest(base)


def _manifest(facts: AdapterFacts) -> dict[str, Any]:
    from training.base_folder import VOCABULARY_VERSION

    described = asdict(facts)
    return {
        "format": FORMAT,
        "kind": KIND,
        **described,
        "planes": list(PLANES),
        "prompts_version": PROMPTS_VERSION,
        "pixels_version": PIXELS_VERSION,
        "vocabulary_version": VOCABULARY_VERSION,
        "files": {},
    }


def _write_weights(weights: Path, folder: Path, base: str) -> None:
    from safetensors.torch import load_file, save_file

    described = json.loads((weights / CONFIG_NAME).read_text(encoding="utf-8"))
    if described.get("peft_type") != "LORA" or described.get("modules_to_save"):
        raise FolderError(f"{weights / CONFIG_NAME} describes more than LoRA layers")
    # peft notes the base's path on the training machine: nobody else's business, and of no use.
    described["base_model_name_or_path"] = base
    described["inference_mode"] = True
    _write_json(folder / CONFIG_NAME, described)
    tensors = load_file(weights / WEIGHTS_NAME)
    if not tensors or any(".lora_" not in name for name in tensors):
        raise FolderError(f"{weights / WEIGHTS_NAME} holds more than LoRA tensors")
    kept = {name: tensor.contiguous() for name, tensor in tensors.items()}
    save_file(kept, folder / WEIGHTS_NAME, metadata={"format": "pt"})


def _write_json(path: Path, value: Any) -> None:
    text = json.dumps(value, indent=1, ensure_ascii=False) + "\n"
    path.write_text(text, encoding="utf-8")
