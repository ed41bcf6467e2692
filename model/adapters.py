"""Adapter folders as they lie on disk: what may be in one, and which base it belongs to."""

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from model.manifest import MANIFEST_NAME, Manifest, changed_files, read_manifest, sha256_of
from model.prompts import PROMPTS_VERSION
from model.types import AdapterMismatch, ModelError

BASE_ALONE: Final = "base"
"""As Request.adapter: answer with every adapter off. None stands for the active adapter."""
CONFIG_NAME: Final = "adapter_config.json"
WEIGHTS_NAME: Final = "adapter_model.safetensors"
ALLOWED_KINDS: Final = (".safetensors", ".json", ".yaml", ".yml", ".md")
_PICTURE_PARTS: Final = ("vision_tower", "multi_modal_projector")


@dataclass(frozen=True)
class AdapterFolder:
    """A checked adapter on disk; `tensors` are the names stored in its weight file.

    `digest` is over all its files, settings included; `is_for_pictures` says whether it changes
    the vision tower or the projector, so that pictures look different through it.
    """

    path: Path
    name: str
    digest: str
    manifest: Manifest
    tensors: tuple[str, ...]
    is_for_pictures: bool


def base_digest(folder: Path) -> str:
    """The identity of a base model: SHA-256 over its weights, configuration and tokenizer.

    Hashed is one line `name space sha256 newline` for config.json, tokenizer.json and every
    *.safetensors directly in the folder, sorted by name. Cards, licences, manifests, the mask
    codec and adapters inside the folder do not count.
    """
    names = {"config.json", "tokenizer.json"}
    paths = [p for p in folder.iterdir() if p.name in names or p.suffix == ".safetensors"]
    with ThreadPoolExecutor() as pool:  # hashing lets go of the interpreter: shards in parallel
        digests = list(pool.map(sha256_of, paths))
    return _digest_of([f"{p.name} {one}" for p, one in zip(paths, digests, strict=True)])


def read_adapter(folder: Path, base_sha256: str) -> AdapterFolder:
    """The adapter in this folder, checked against its manifest and against the base's digest.

    Raises:
        AdapterMismatch: a file is missing, changed, of another kind or not listed; the settings
            ask for code or for whole modules; the adapter was made for another base.
    """
    _check_kinds(folder)
    manifest = _checked_manifest(folder, base_sha256)
    tensors = _tensor_names(folder / WEIGHTS_NAME)
    _check_settings(_read_json(folder / CONFIG_NAME), tensors)
    return AdapterFolder(
        path=folder,
        name=manifest.name,
        digest=_digest_of([f"{name} {digest}" for name, digest in manifest.files.items()]),
        manifest=manifest,
        tensors=tensors,
        is_for_pictures=any(part in name for name in tensors for part in _PICTURE_PARTS),
    )


def _digest_of(lines: list[str]) -> str:
    text = "".join(f"{line}\n" for line in sorted(lines))
    return hashlib.sha256(text.encode()).hexdigest()


def _check_kinds(folder: Path) -> None:
    if not folder.is_dir():
        raise AdapterMismatch(f"There is no adapter folder {folder.name}.")
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or (not path.is_dir() and path.suffix not in ALLOWED_KINDS):
            kinds = "safetensors, JSON, YAML and Markdown"
            raise AdapterMismatch(f"An adapter holds {kinds} only; {path.name} is something else.")
        if path.suffix == ".json" and _asks_for_code(_read_json(path)):
            raise AdapterMismatch(f"{path.name} asks for code of its own (auto_map).")
    for name in (CONFIG_NAME, WEIGHTS_NAME, MANIFEST_NAME):
        if not (folder / name).is_file():
            raise AdapterMismatch(f"{name} is missing in the adapter folder {folder.name}.")


def _checked_manifest(folder: Path, base_sha256: str) -> Manifest:
    try:
        manifest = read_manifest(folder)
    except ModelError as error:
        raise AdapterMismatch(str(error)) from error
    assert manifest is not None, "_check_kinds has seen the file"
    present = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    unlisted = sorted(present - set(manifest.files) - {MANIFEST_NAME})
    if unlisted:
        raise AdapterMismatch(f"{unlisted[0]} is not listed in the adapter's {MANIFEST_NAME}.")
    changed = changed_files(folder, manifest.files)
    if changed:
        raise AdapterMismatch(f"{changed[0]} is not the file the adapter's manifest describes.")
    if manifest.base_sha256 != base_sha256:
        raise AdapterMismatch(
            f"The adapter {manifest.name} was made for another base model "
            f"({str(manifest.base_sha256)[:12]}; this one is {base_sha256[:12]})."
        )
    if manifest.prompts_version != PROMPTS_VERSION:
        raise AdapterMismatch(
            f"The adapter {manifest.name} was trained with prefixes of version "
            f"{manifest.prompts_version}; this program speaks version {PROMPTS_VERSION}."
        )
    return manifest


def _check_settings(settings: Any, tensors: tuple[str, ...]) -> None:
    if not isinstance(settings, dict) or settings.get("peft_type") != "LORA":
        raise AdapterMismatch(f"{CONFIG_NAME} does not describe a LoRA adapter.")
    if settings.get("modules_to_save") or any(".lora_" not in name for name in tensors):
        raise AdapterMismatch("The adapter replaces whole layers of its base; only LoRA may.")
    if not tensors:
        raise AdapterMismatch(f"{WEIGHTS_NAME} holds no tensors.")
    library = (settings.get("auto_mapping") or {}).get("parent_library", "transformers")
    if str(library).split(".")[0] != "transformers":
        raise AdapterMismatch(f"{CONFIG_NAME} names code outside transformers (auto_mapping).")
    # Bare names such as "q_proj" also fit the vision tower, silently: it must be asked for.
    asked = json.dumps(settings.get("target_modules"))
    for part in _PICTURE_PARTS:
        if part not in asked and any(part in name for name in tensors):
            raise AdapterMismatch(f"The adapter changes {part}, which its settings do not name.")


def _tensor_names(path: Path) -> tuple[str, ...]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="np") as weights:
            return tuple(sorted(weights.keys()))
    except (OSError, SafetensorError) as error:
        raise AdapterMismatch(f"{path.name} is not a safetensors file.") from error


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise AdapterMismatch(f"{path.name} is not readable JSON.") from error


def _asks_for_code(value: Any) -> bool:
    if isinstance(value, dict):
        return "auto_map" in value or any(_asks_for_code(inner) for inner in value.values())
    return isinstance(value, list) and any(_asks_for_code(inner) for inner in value)
