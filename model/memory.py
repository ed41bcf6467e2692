"""How much memory a model folder needs, and the sentence for a machine that is too small."""

import json
import struct
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, Final, Literal

from model.types import BackendUnavailable

Quantize = Literal["none", "int8", "nf4", "smallest"]
"""How linear layers are held; `smallest` is nf4 with the tied embedding and head in int8."""
Offload = Literal["none", "cpu", "disk"]
GIB: Final = 1 << 30
_WORK_SHARE: Final = 1.15
"""Activations, cache and fragments beside the weights, for a batch of a few rows at 224 px."""
COMPACT_BELOW: Final = 500_000_000
_NF4_BYTES: Final = 0.516
"""Four bits and the doubly quantised constants, 0.127 bit a weight (arXiv 2305.14314, 3)."""
_ON_DISK_BYTES: Final = 4 * GIB
"""What the full size needs while its layers stay on disk."""
_SMALLER: Final[tuple[Quantize, ...]] = ("int8", "nf4", "smallest")


@dataclass(frozen=True)
class Loading:
    """How weights are held (`quantize`) and where those lie that do not fit (`offload`)."""

    quantize: Quantize = "none"
    offload: Offload = "none"


@dataclass(frozen=True)
class WeightCount:
    """Numbers of a model: those in linear layers that can be quantised, embedding, all others."""

    linear: int
    other: int
    embedding: int = 0

    @property
    def total(self) -> int:
        """All numbers."""
        return self.linear + self.other + self.embedding

    @property
    def is_compact(self) -> bool:
        """Whether this is a model of the demonstration's size; the real ones start at 3e9."""
        return self.total < COMPACT_BELOW

    def weights_bytes(self, quantize: Quantize) -> int:
        """Bytes of the weights: what is not quantised is bfloat16."""
        per_linear = {"none": 2.0, "int8": 1.0}.get(quantize, _NF4_BYTES)
        per_row = 1.0 if quantize == "smallest" else 2.0
        return round(self.linear * per_linear + self.embedding * per_row + self.other * 2)


def count_weights(folder: Path) -> WeightCount:
    """Count a folder's weights from the headers of its safetensors files; no weights are read."""
    linear = other = embedding = 0
    for path in sorted(folder.glob("*.safetensors")):
        for name, tensor in _header(path).items():
            if name == "__metadata__":
                continue
            count = prod(tensor["shape"])
            if "embed_tokens" in name:
                embedding += count
            elif "lm_head" in name:
                continue  # tied: not kept a second time
            elif len(tensor["shape"]) == 2 and "embed" not in name:
                linear += count
            else:
                other += count
    return WeightCount(linear, other, embedding)


def missing_shards(folder: Path) -> list[str]:
    """Names of weight files that the folder's index lists and that are absent or cut off."""
    index = folder / "model.safetensors.index.json"
    names = {path.name for path in folder.glob("*.safetensors")}
    if index.is_file():
        try:
            listed = json.loads(index.read_text(encoding="utf-8"))["weight_map"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BackendUnavailable(f"{index.name} of {folder.name} cannot be read.") from error
        names |= set(listed.values())
    return sorted(name for name in names if not _is_whole(folder / name))


def check_room(
    count: WeightCount, loading: Loading, device: str, free_card_bytes: int | None
) -> None:
    """Say before anything is loaded that it will not fit, what is needed, and what would fit.

    Raises:
        BackendUnavailable: the weights alone are more than the free memory.
    """
    if loading.offload == "disk":
        free, needed = _free_bytes(), min(_ON_DISK_BYTES, _needed(count, "none"))
    elif free_card_bytes is not None and loading.offload == "none":
        free, needed = free_card_bytes, _needed(count, loading.quantize)
    else:
        free = _free_bytes() + (free_card_bytes or 0)
        needed = _needed(count, loading.quantize)
    if needed > free:
        where = "this machine" if device == "cpu" or loading.offload != "none" else "the card"
        raise BackendUnavailable(
            f"The model needs about {needed / GIB:.1f} GiB of memory, and {where} has "
            f"{free / GIB:.1f} GiB free. {_advice(count, free, loading, device)}"
        )


def what_would_fit(count: WeightCount, quantize: Quantize, card_bytes: int) -> str:
    """The sentence for an operator whose card is too small for this model."""
    tried = f"The graphics card ran out of memory: it has {card_bytes / GIB:.1f} GiB, and the "
    tried += f"model needs about {_needed(count, quantize) / GIB:.1f} GiB."
    return f"{tried} {_advice(count, card_bytes, Loading(quantize), 'cuda')}"


def _advice(count: WeightCount, free: float, loading: Loading, device: str) -> str:
    for choice in _SMALLER:
        if choice != loading.quantize and _needed(count, choice) <= free:
            size = _needed(count, choice) / GIB
            return f"With the setting quantize={choice} it needs about {size:.1f} GiB."
    if device != "cpu":
        return "It would run on the processor (device cpu), only slower."
    if loading.offload != "disk" and free >= _ON_DISK_BYTES:
        return "With the setting offload=disk it needs about 4 GiB and answers slowly."
    return "No setting makes it fit; the compact model needs less than 1 GiB."


def _needed(count: WeightCount, quantize: Quantize) -> float:
    return count.weights_bytes(quantize) * _WORK_SHARE


def _free_bytes() -> int:
    """Memory that can be had without swapping: of the machine, or of the container's limit."""
    free = 1 << 62
    for line in _lines("/proc/meminfo"):
        if line.startswith("MemAvailable:"):
            free = int(line.split()[1]) * 1024
    limit, used = _lines("/sys/fs/cgroup/memory.max"), _lines("/sys/fs/cgroup/memory.current")
    if limit and used and limit[0].isdigit():
        free = min(free, int(limit[0]) - int(used[0]))
    return free


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="ascii").splitlines()
    except OSError:
        return []


def _header(path: Path) -> dict[str, Any]:
    with path.open("rb") as stream:
        (size,) = struct.unpack("<Q", stream.read(8))
        header: dict[str, Any] = json.loads(stream.read(size))
    return header


def _is_whole(path: Path) -> bool:
    """Whether a safetensors file is as long as its header says."""
    try:
        with path.open("rb") as stream:
            (size,) = struct.unpack("<Q", stream.read(8))
        tensors = (one for name, one in _header(path).items() if name != "__metadata__")
        ends = max(tensor["data_offsets"][1] for tensor in tensors)
        return bool(path.stat().st_size >= 8 + size + int(ends))
    except (OSError, ValueError, KeyError, struct.error):
        return False
