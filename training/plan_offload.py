"""Where accelerate would put the parts of a base that a card cannot hold, for answering."""

import logging
from dataclasses import dataclass
from typing import Any, Final, Literal

from training.plan_layers import Layer, layer_bytes
from training.plan_memory import GIB, RESERVED, Choices, answering

Offload = Literal["none", "cpu", "disk"]
CARD: Final = 0
_FILLED: Final = 0.9
"""Share of a card that transformers gives to weights under device_map "auto"; the rest is for work
(transformers.integrations.accelerate.get_balanced_memory)."""
_PLENTY: Final = 1 << 50
NO_PACKED: Final = (
    "Packed weights (int8, nf4) cannot be offloaded: bitsandbytes keeps them on the card, or on a "
    "processor as a whole."
)


class OffloadError(ValueError):
    """A wish that cannot be planned; the sentence says why."""


@dataclass(frozen=True)
class Placement:
    """Bytes of the weights by where they lie, and what answering needs beside them.

    `turn` is the largest part that comes to the card for its turn, `moved` what comes there in
    one pass through the model, `work` adapter, cache and passing values.
    """

    card: float
    memory: float
    disk: float
    turn: float
    moved: float
    work: float
    where: dict[str, str]

    @property
    def peak(self) -> float:
        """On the card at most (in memory, where there is no card)."""
        return self.card + self.turn + self.work


def place(
    module: Any,
    config: Any,
    layers: list[Layer],
    choices: Choices,
    offload: Offload,
    gpu_bytes: int | None,
) -> Placement:
    """What lies where when this base answers.

    Args:
        module: the base on the meta device.
        gpu_bytes: the card's memory; None plans a machine without one, which "disk" allows.

    Raises:
        OffloadError: packed weights, or no card to fill.
    """
    if offload != "none" and choices.quantize in ("int8", "nf4"):
        raise OffloadError(NO_PACKED)
    if offload == "cpu" and gpu_bytes is None:
        raise OffloadError("--offload cpu fills a card first: name its --gpu-memory")
    work = answering(config, layers, choices)
    where = _where(module, choices, offload, gpu_bytes)
    held: dict[str, float] = {"card": 0.0, "cpu": 0.0, "disk": 0.0}
    turn = 0.0
    for layer in layers:
        size, place_of = layer_bytes(layer, choices.quantize).total, _find(where, layer.name)
        held[place_of] += size
        if place_of != "card":
            turn = max(turn, size)
    moved = held["cpu"] + held["disk"]
    return Placement(held["card"], held["cpu"], held["disk"], turn, moved, work, where)


def in_words(placement: Placement, gpu_bytes: int | None) -> str:
    """The placement in lines for a terminal."""
    has_card = gpu_bytes is not None
    rows = {
        "weights on the card" if has_card else "weights in memory": placement.card,
        "weights in the machine's memory": placement.memory,
        "weights on disk": placement.disk,
        "largest part that takes its turn": placement.turn,
        "adapter, cache, passing values": placement.work,
        "peak on the card" if has_card else "peak in memory": placement.peak,
        "moved in one pass through all": placement.moved,
    }
    lines = [f"{name:<34}{size / GIB:>10.4f} GiB" for name, size in rows.items()]
    called = {"card": "card" if has_card else "memory", "cpu": "memory", "disk": "disk"}
    short = sorted(_short(placement.where).items())
    parts = [f"  {name}: {called[where]}" for name, where in short]
    return "\n".join(["answering with offloading", *lines, *parts, *_verdict(placement, gpu_bytes)])


def fits(placement: Placement, gpu_bytes: int | None) -> bool | None:
    """Whether the card holds its share and the work; None without a card."""
    return None if gpu_bytes is None else placement.peak + RESERVED <= gpu_bytes


def _verdict(placement: Placement, gpu_bytes: int | None) -> list[str]:
    if gpu_bytes is None:
        return []
    is_enough = fits(placement, gpu_bytes)
    return ["Fits this way." if is_enough else "Does not fit even so: try --offload disk or NF4."]


def _where(
    module: Any, choices: Choices, offload: Offload, gpu_bytes: int | None
) -> dict[str, str]:
    if offload == "none":
        return {"": "card"}
    if offload == "disk":
        from model.loading import disk_places

        return {
            name: "disk" if device == "disk" else "card"
            for name, device in disk_places(module, "card").items()
        }
    import torch
    from accelerate.utils import infer_auto_device_map

    # It warns that the card is not in this machine: it is planned for another one.
    logging.getLogger("accelerate.utils.modeling").setLevel(logging.ERROR)
    assert gpu_bytes is not None
    found = infer_auto_device_map(
        module,
        max_memory={CARD: int(_FILLED * (gpu_bytes - RESERVED)), "cpu": _PLENTY},
        no_split_module_classes=sorted(module._no_split_modules),
        dtype=torch.float32 if choices.quantize == "fp32" else torch.bfloat16,
    )
    return {name: "card" if device == CARD else str(device) for name, device in found.items()}


def _find(where: dict[str, str], name: str) -> str:
    """The place of a layer: that of the longest name in the map it lies under."""
    fitting = [one for one in where if not one or name == one or name.startswith(f"{one}.")]
    return where[max(fitting, key=len)] if fitting else "card"


def _short(where: dict[str, str]) -> dict[str, str]:
    """Numbered layers of one stack that lie together, as a range."""
    stacks: dict[tuple[str, str], list[int]] = {}
    short: dict[str, str] = {}
    for name, place_of in where.items():
        stack, _, number = name.rpartition(".")
        if number.isdigit():
            stacks.setdefault((stack, place_of), []).append(int(number))
        else:
            short[name or "everything"] = place_of
    for (stack, place_of), numbers in stacks.items():
        first, last = min(numbers), max(numbers)
        short[f"{stack}.{first}" + (f" to {last}" if last > first else "")] = place_of
    return short
