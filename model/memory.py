"""How much memory a model folder needs, and the sentence for a card that is too small."""

import json
import struct
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Final, Literal

Quantize = Literal["none", "int8", "nf4"]
GIB: Final = 1 << 30
_WORK_SHARE: Final = 1.15
"""Activations, cache and fragments beside the weights, for a batch of a few rows at 224 px."""
COMPACT_BELOW: Final = 500_000_000
_NF4_BYTES: Final = 0.516
"""Four bits and the doubly quantised constants, 0.127 bit a weight (arXiv 2305.14314, 3)."""


@dataclass(frozen=True)
class WeightCount:
    """Numbers of a model: those in linear layers that can be quantised, and all others."""

    linear: int
    other: int

    @property
    def is_compact(self) -> bool:
        """Whether this is a model of the demonstration's size; the real ones start at 3e9."""
        return self.linear + self.other < COMPACT_BELOW

    def weights_bytes(self, quantize: Quantize) -> int:
        """Bytes of the weights: what is not quantised is bfloat16."""
        per_linear = {"none": 2.0, "int8": 1.0, "nf4": _NF4_BYTES}[quantize]
        return round(self.linear * per_linear + self.other * 2)


def count_weights(folder: Path) -> WeightCount:
    """Count a folder's weights from the headers of its safetensors files; no weights are read."""
    linear = other = 0
    for path in sorted(folder.glob("*.safetensors")):
        with path.open("rb") as stream:
            (size,) = struct.unpack("<Q", stream.read(8))
            header = json.loads(stream.read(size))
        for name, tensor in header.items():
            if name == "__metadata__":
                continue
            count = prod(tensor["shape"])
            is_linear = len(tensor["shape"]) == 2 and "embed" not in name and "lm_head" not in name
            linear, other = (linear + count, other) if is_linear else (linear, other + count)
    return WeightCount(linear, other)


def what_would_fit(count: WeightCount, quantize: Quantize, card_bytes: int) -> str:
    """The sentence for an operator whose card is too small for this model."""
    tried = f"The graphics card ran out of memory: it has {card_bytes / GIB:.1f} GiB, and the "
    tried += f"model needs about {_needed(count, quantize) / GIB:.1f} GiB."
    smaller: tuple[Quantize, ...] = ("int8", "nf4")
    for choice in smaller:
        if choice != quantize and _needed(count, choice) <= card_bytes:
            size = _needed(count, choice) / GIB
            return f"{tried} With the setting quantize={choice} it needs about {size:.1f} GiB."
    return f"{tried} It would run on the processor (device cpu), only slower."


def _needed(count: WeightCount, quantize: Quantize) -> float:
    return count.weights_bytes(quantize) * _WORK_SHARE
