"""Counting the layers of an empty model: parameters, bytes by number format, LoRA parameters."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Literal

Format = Literal["fp32", "bf16", "int8", "nf4"]
Part = Literal["vision", "projector", "embedding", "language"]
PARTS: Final[tuple[Part, ...]] = ("vision", "projector", "embedding", "language")

NF4_BLOCK: Final = 64
"""Weights that share one scale (bitsandbytes' default for 4 bit)."""
NESTED_BLOCK: Final = 256
"""Scales that share one second scale under double quantisation (bitsandbytes)."""
NF4_TABLES: Final = 4 * 16 + 4 * 256 + 4
"""Bytes a layer keeps for the NF4 table, the table of the scales and their offset."""
INT8_ROW: Final = 4
"""One float32 scale for each row (LLM.int8)."""


@dataclass(frozen=True)
class Layer:
    """One module that owns parameters; rows x columns is its matrix, 0 x 0 where it has none."""

    name: str
    part: Part
    parameters: int
    rows: int = 0
    columns: int = 0
    is_linear: bool = False

    @property
    def matrix(self) -> int:
        """Elements that quantisation packs; 0 for what is no linear layer."""
        return self.rows * self.columns if self.is_linear else 0


@dataclass(frozen=True)
class Bytes:
    """Bytes of weights: the packed or plain numbers, and the constants of quantisation."""

    weights: float = 0.0
    constants: float = 0.0

    @property
    def total(self) -> float:
        """Weights and constants together."""
        return self.weights + self.constants

    def __add__(self, other: "Bytes") -> "Bytes":
        """Both, side by side."""
        return Bytes(self.weights + other.weights, self.constants + other.constants)


def count_layers(module: Any) -> list[Layer]:
    """Every module that owns parameters, once: a head tied to the embedding is not counted."""
    import torch

    seen: set[int] = set()
    layers: list[Layer] = []
    for name, child in module.named_modules():
        own = [p for p in child.parameters(recurse=False) if id(p) not in seen]
        if not own:
            continue
        seen.update(id(p) for p in own)
        is_linear = isinstance(child, torch.nn.Linear)
        rows, columns = own[0].shape if own[0].dim() == 2 else (0, 0)
        size = sum(p.numel() for p in own)
        layers.append(Layer(name, _part_of(name), size, rows, columns, is_linear))
    return layers


def layer_bytes(
    layer: Layer, form: Format, *, int8_embedding: bool = False, rest: float = 2.0
) -> Bytes:
    """Bytes of one layer in this form; what is not packed takes `rest` bytes a number.

    Args:
        int8_embedding: the embedding, and with it the tied head, in int8 with one scale a row.
    """
    if form == "fp32":
        return Bytes(4.0 * layer.parameters)
    if int8_embedding and layer.part == "embedding":
        return Bytes(float(layer.parameters), INT8_ROW * layer.rows)
    if form == "bf16" or not layer.is_linear:
        return Bytes((2.0 if form == "bf16" else rest) * layer.parameters)
    plain = rest * (layer.parameters - layer.matrix)
    if form == "int8":
        return Bytes(plain + layer.matrix, INT8_ROW * layer.rows)
    blocks = -(-layer.matrix // NF4_BLOCK)
    return Bytes(plain + layer.matrix / 2, blocks + 4 * -(-blocks // NESTED_BLOCK) + NF4_TABLES)


def total_bytes(
    layers: Iterable[Layer], form: Format, *, int8_embedding: bool = False, rest: float = 2.0
) -> Bytes:
    """Bytes of all layers in this form; arguments as in `layer_bytes`."""
    counted = (layer_bytes(one, form, int8_embedding=int8_embedding, rest=rest) for one in layers)
    return sum(counted, Bytes())


def lora_targets(layers: Iterable[Layer], pattern: str) -> list[Layer]:
    """The linear layers whose full path matches the pattern, as peft matches a string."""
    return [one for one in layers if one.is_linear and re.fullmatch(pattern, one.name)]


def lora_parameters(targets: Iterable[Layer], rank: int) -> int:
    """Parameters of two thin matrices for each target: rank x (in + out)."""
    return sum(rank * (one.rows + one.columns) for one in targets)


def _part_of(name: str) -> Part:
    if "vision_tower" in name:
        return "vision"
    if "multi_modal_projector" in name:
        return "projector"
    return "embedding" if name.endswith(("embed_tokens", "lm_head")) else "language"
