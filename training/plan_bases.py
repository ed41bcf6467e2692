"""The PaliGemma sizes the planner knows, built as empty models on torch's meta device."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

VOCABULARY: Final = 257_216
"""256,000 words, 1,024 `<loc>`, 128 `<seg>` and 64 spare rows (big_vision paligemma README)."""
PATCH: Final = 14
RESOLUTIONS: Final = (224, 448, 896)

# SigLIP-So400m/14 as in the published PaliGemma configurations.
VISION: Final[Mapping[str, Any]] = {
    "model_type": "siglip_vision_model",
    "hidden_size": 1152,
    "intermediate_size": 4304,
    "num_hidden_layers": 27,
    "num_attention_heads": 16,
    "patch_size": PATCH,
    "vision_use_head": False,
}

# Shapes from google/gemma_pytorch and big_vision models/ppp/gemma.py:
# family -> (model type, width, layers, MLP width, heads, key/value heads, width of a head).
LANGUAGE: Final[Mapping[str, tuple[str, int, int, int, int, int, int]]] = {
    "paligemma-3b": ("gemma", 2048, 18, 16_384, 8, 1, 256),
    "paligemma2-3b": ("gemma2", 2304, 26, 9_216, 8, 4, 256),
    "paligemma2-10b": ("gemma2", 3584, 42, 14_336, 16, 8, 256),
    "paligemma2-28b": ("gemma2", 4608, 46, 36_864, 32, 16, 128),
}

_NAME: Final = re.compile(
    r"(?:google/)?(?P<family>paligemma2?-\d+b)(?:-(?:pt|mix|ft[\w-]*))?-(?P<side>224|448|896)$"
)


class UnknownBase(ValueError):
    """A base that is neither a known name nor a folder with a config.json."""


@dataclass(frozen=True)
class Base:
    """An empty model of the right shape: its name, its transformers configuration, the module."""

    name: str
    config: Any
    module: Any


def open_base(name: str) -> Base:
    """The base of this hub id or folder, on the meta device: no weights are read or fetched.

    Raises:
        UnknownBase: the name is in no table and no such folder holds a config.json.
    """
    described = _folder_config(Path(name)) or _known_config(name)
    if described is None:
        known = ", ".join(f"google/{family}-mix-224" for family in LANGUAGE)
        raise UnknownBase(f"{name} is no folder with a config.json and none of: {known} (448, 896)")
    return Base(name, described, build_empty(described))


def build_empty(config: Any) -> Any:
    """PaliGemmaForConditionalGeneration of this configuration without memory for its weights."""
    import torch
    from transformers import PaliGemmaForConditionalGeneration

    with torch.device("meta"):
        module = PaliGemmaForConditionalGeneration(config)
    module.tie_weights()
    return module


def text_tokens(name: str) -> int:
    """Text length published with a known base (big_vision paligemma README), else 128."""
    match = _NAME.match(name)
    if match is None:
        return 128
    is_mix = "-mix-" in name
    if match["side"] == "224":
        return 256 if is_mix else 128
    return 512


def _known_config(name: str) -> Any:
    match = _NAME.match(name)
    if match is None or match["family"] not in LANGUAGE:
        return None
    from transformers import PaliGemmaConfig

    model_type, width, layers, mlp, heads, kv_heads, head = LANGUAGE[match["family"]]
    text = {
        "model_type": model_type,
        "hidden_size": width,
        "num_hidden_layers": layers,
        "intermediate_size": mlp,
        "num_attention_heads": heads,
        "num_key_value_heads": kv_heads,
        "head_dim": head,
        "vocab_size": VOCABULARY,
    }
    vision = {**VISION, "image_size": int(match["side"]), "projection_dim": width}
    return PaliGemmaConfig(
        text_config=text, vision_config=vision, vocab_size=VOCABULARY, projection_dim=width
    )


def _folder_config(folder: Path) -> Any:
    file = folder / "config.json"
    if not file.is_file():
        return None
    from transformers import PaliGemmaConfig

    described = json.loads(file.read_text(encoding="utf-8"))
    if described.get("model_type") != "paligemma":
        raise UnknownBase(f"{file} describes a {described.get('model_type')}, not a paligemma")
    return PaliGemmaConfig.from_pretrained(folder)
