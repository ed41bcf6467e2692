"""Opening a PaliGemma folder: files checked, weights loaded once, tokenizer beside them."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from model.adapters import base_digest
from model.manifest import Manifest, changed_files, read_manifest
from model.memory import Quantize, WeightCount, count_weights, what_would_fit
from model.pixels import PIXELS_VERSION
from model.prompts import PROMPTS_VERSION
from model.text_tokens import TextTokens, open_tokens
from model.types import BackendUnavailable

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


def load_base(
    model: str | Path, *, quantize: Quantize, device: str | None, offline: bool
) -> LoadedBase:
    """Load the base model of a folder or hub id.

    Raises:
        BackendUnavailable: nothing there, changed files, no PaliGemma, or too little memory.
    """
    folder = find_folder(model, offline=offline)
    manifest = _checked_manifest(folder)
    settings = _paligemma_settings(folder)
    where = device or _best_device()
    count = count_weights(folder)
    net = _load_weights(folder, count, quantize, where)
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
        quantize=quantize,
        device=where,
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
    from transformers import PaliGemmaConfig

    return dict(PaliGemmaConfig.from_dict(settings).to_dict())


def _best_device() -> str:
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def _load_weights(folder: Path, count: WeightCount, quantize: Quantize, device: str) -> Any:
    import torch
    from transformers import PaliGemmaForConditionalGeneration
    from transformers.utils import logging

    logging.disable_progress_bar()
    # On a processor nothing is gained by halving a model this small.
    is_small = device == "cpu" and count.is_compact
    try:
        net = PaliGemmaForConditionalGeneration.from_pretrained(
            folder,
            dtype=torch.float32 if is_small else torch.bfloat16,
            quantization_config=_quantization(quantize),
            device_map={"": device},
            use_safetensors=True,
            local_files_only=True,
        )
    except torch.cuda.OutOfMemoryError as error:
        card = torch.cuda.get_device_properties(device).total_memory
        raise BackendUnavailable(what_would_fit(count, quantize, card)) from error
    except (OSError, ValueError, RuntimeError, ImportError) as error:
        raise BackendUnavailable(
            f"The weights in {folder.name} could not be loaded ({type(error).__name__})."
        ) from error
    return net.eval().requires_grad_(False)


def _quantization(quantize: Quantize) -> Any:
    if quantize == "none":
        return None
    import torch
    from transformers import BitsAndBytesConfig

    if quantize == "int8":
        return BitsAndBytesConfig(load_in_8bit=True)
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
    )
