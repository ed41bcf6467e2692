"""Opening a PaliGemma folder: files checked, weights loaded once, tokenizer beside them."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from model.adapters import base_digest
from model.cell_head import CellReader, load_cell_head
from model.loading import best_device, load_net
from model.manifest import Manifest, changed_files, read_manifest
from model.memory import Loading, Quantize, WeightCount, count_weights, missing_shards
from model.pixels import PIXELS_VERSION
from model.prompts import PROMPTS_VERSION
from model.text_tokens import TextTokens, open_tokens
from model.types import BackendUnavailable

_LANGUAGE_MODELS: Final = ("gemma", "gemma2")
_HUB_FILES: Final = ["*.safetensors", "*.json", "*.npz", "*.md"]


@dataclass(frozen=True)
class LoadedBase:
    """A PaliGemma in memory; `net` is transformers' PaliGemmaForConditionalGeneration."""

    net: Any
    tokens: TextTokens
    folder: Path
    name: str
    sha256: str
    manifest: Manifest | None
    image_size: int
    count: WeightCount
    quantize: Quantize
    device: str
    cells: CellReader | None = None


def load_base(
    model: str | Path, loading: Loading, *, device: str | None, offline: bool
) -> LoadedBase:
    """Load the base model of a folder or hub id.

    Raises:
        BackendUnavailable: nothing there, changed files, no PaliGemma, or too little memory.
    """
    folder = find_folder(model, offline=offline)
    manifest = _checked_manifest(folder)
    settings = _paligemma_settings(folder)
    where = device or best_device()
    count = count_weights(folder)
    net = load_net(folder, count, loading, where)
    vision = settings["vision_config"]
    tokens = open_tokens(
        folder,
        image_id=int(net.config.image_token_id),
        image_tokens=(vision["image_size"] // vision["patch_size"]) ** 2,
    )
    return LoadedBase(
        net=net,
        tokens=tokens,
        folder=folder,
        name=str(model) if not Path(model).is_dir() else folder.resolve().name,
        sha256=base_digest(folder),
        manifest=manifest,
        image_size=int(vision["image_size"]),
        count=count,
        quantize=loading.quantize,
        device=where,
        cells=load_cell_head(folder, int(net.config.text_config.hidden_size), where),
    )


def find_folder(model: str | Path, *, offline: bool = True) -> Path:
    """The folder of a model: a path as it is, a hub id from the local cache unless online.

    Raises:
        BackendUnavailable: there is no such folder, or the hub's copy is not on this machine.
    """
    path = Path(model)
    if path.is_dir():
        return path
    if path.is_absolute() or str(model).count("/") != 1 or str(model).startswith("."):
        raise BackendUnavailable(f"There is no model folder {model}.")
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        found = snapshot_download(str(model), allow_patterns=_HUB_FILES, local_files_only=offline)
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError, ValueError) as error:
        raise BackendUnavailable(
            f"The model {model} is neither a folder nor in this machine's hub cache; "
            "download it first, then name its folder."
        ) from error
    return Path(found)


def _checked_manifest(folder: Path) -> Manifest | None:
    manifest = read_manifest(folder)
    if manifest is None:
        return None
    changed = changed_files(folder, manifest.files)
    if changed:
        raise BackendUnavailable(
            f"{changed[0]} of the model {manifest.name} is missing or was changed: its digest is "
            "not the one in manifest.json."
        )
    unlisted = [p.name for p in folder.glob("*.safetensors") if p.name not in manifest.files]
    if manifest.files and unlisted:
        raise BackendUnavailable(f"{unlisted[0]} is not listed in the model's manifest.json.")
    pairs = ((manifest.prompts_version, PROMPTS_VERSION), (manifest.pixels_version, PIXELS_VERSION))
    if any(theirs not in (None, ours) for theirs, ours in pairs):
        raise BackendUnavailable(
            f"The model {manifest.name} was trained with other prefixes or pixels than this "
            "program makes; it needs the version it was trained with."
        )
    return manifest


def _paligemma_settings(folder: Path) -> dict[str, Any]:
    try:
        settings = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BackendUnavailable(f"{folder.name} holds no readable config.json.") from error
    if not isinstance(settings, dict) or settings.get("model_type") != "paligemma":
        raise BackendUnavailable(f"The model in {folder.name} is not a PaliGemma.")
    if not any(folder.glob("*.safetensors")):
        raise BackendUnavailable(f"{folder.name} holds no safetensors; other weights are not read.")
    text = (settings.get("text_config") or {}).get("model_type", "gemma")
    if text not in _LANGUAGE_MODELS:
        raise BackendUnavailable(f"The language model in {folder.name} is {text}, not a Gemma.")
    missing = missing_shards(folder)
    if missing:
        raise BackendUnavailable(f"{missing[0]} of the model {folder.name} is missing or cut off.")
    from transformers import PaliGemmaConfig

    return dict(PaliGemmaConfig.from_dict(settings).to_dict())
