"""The planner's answer as a table for people and as a dictionary for programs."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from training.plan_layers import PARTS, Format, Layer, lora_parameters, lora_targets, total_bytes
from training.plan_measure import Pair
from training.plan_memory import GIB, RESERVED, Choices, Memory, image_tokens, serving_bytes
from training.plan_offload import Placement, in_words
from training.targets import CHOICES, targets_of

FORMATS: Final[tuple[Format, ...]] = ("fp32", "bf16", "int8", "nf4")
RANKS: Final = (4, 8, 16, 32)


@dataclass(frozen=True)
class Answer:
    """All that the planner found out about one base and one set of choices."""

    name: str
    config: Any
    layers: list[Layer]
    choices: Choices
    memory: Memory
    gpu_bytes: int | None
    advice: str
    placement: Placement | None = None
    pairs: Mapping[str, Pair] = field(default_factory=dict)


def as_dictionary(answer: Answer) -> dict[str, Any]:
    """Everything in bytes and parameters, for --json."""
    layers, memory = answer.layers, answer.memory
    return {
        "base": answer.name,
        "parameters": sum(one.parameters for one in layers),
        "image_tokens": image_tokens(answer.config),
        "choices": asdict(answer.choices),
        "parts": {part: _part(layers, part) for part in PARTS},
        "weights": {form: _form(layers, form, False) for form in FORMATS},
        "weights_int8_embedding": {form: _form(layers, form, True) for form in ("int8", "nf4")},
        "lora": {choice: _lora(answer, choice) for choice in CHOICES},
        "training": {
            "weights": memory.weights.total,
            **{k: v for k, v in asdict(memory).items() if k != "weights"},
            "peak": memory.peak,
        },
        "serving": serving_bytes(answer.config, layers, answer.choices),
        "offload": _placed(answer.placement),
        "measured": {
            what: {**asdict(pair), "off_by": pair.off_by} for what, pair in answer.pairs.items()
        },
        "gpu_bytes": answer.gpu_bytes,
        "fits": None if answer.gpu_bytes is None else memory.peak + RESERVED <= answer.gpu_bytes,
        "advice": answer.advice,
        "layers": [asdict(one) for one in layers],
    }


def as_table(answer: Answer, *, every_layer: bool = False) -> str:
    """The plan in lines for a terminal."""
    blocks = [_head(answer), _weights(answer), _lora_lines(answer), _training(answer)]
    if answer.placement is not None:
        blocks.append(in_words(answer.placement, answer.gpu_bytes))
    if answer.pairs:
        blocks.append(_pairs(answer.pairs))
    if every_layer:
        blocks.insert(1, _layer_lines(answer.layers))
    return "\n\n".join(blocks) + f"\n\n{answer.advice}\n"


def _placed(placement: Placement | None) -> dict[str, Any] | None:
    return None if placement is None else {**asdict(placement), "peak": placement.peak}


def _pairs(pairs: Mapping[str, Pair]) -> str:
    mib = 2**20
    lines = [f"{'peak':<34}{'planned':>14}{'measured':>14}{'off by':>10}"]
    for what, pair in pairs.items():
        sizes = f"{pair.planned / mib:>10.1f} MiB{pair.measured / mib:>10.1f} MiB"
        lines.append(f"{what:<34}{sizes}{pair.off_by:>10.1%}")
    return "\n".join(lines)


def _part(layers: Sequence[Layer], part: str) -> dict[str, float]:
    own = [one for one in layers if one.part == part]
    sizes: dict[str, float] = {form: total_bytes(own, form).total for form in FORMATS}
    return {"parameters": sum(one.parameters for one in own), **sizes}


def _form(layers: Sequence[Layer], form: Format, int8_embedding: bool) -> dict[str, float]:
    size = total_bytes(layers, form, int8_embedding=int8_embedding)
    return {"without_constants": size.weights, "with_constants": size.total}


def _lora(answer: Answer, choice: str) -> dict[str, int]:
    targets = lora_targets(answer.layers, targets_of(answer.config, choice).pattern)
    counts = {f"r{rank}": lora_parameters(targets, rank) for rank in RANKS}
    return {"layers": len(targets), **counts}


def _head(answer: Answer) -> str:
    layers = answer.layers
    lines = [f"{answer.name}: {sum(one.parameters for one in layers):,} parameters"]
    lines += [f"{'part':<12}{'parameters':>16}" + "".join(f"{f:>12}" for f in FORMATS)]
    for part in PARTS:
        row = _part(layers, part)
        sizes = "".join(f"{row[form] / GIB:>8.4f} GiB" for form in FORMATS)
        lines.append(f"{part:<12}{int(row['parameters']):>16,}{sizes}")
    return "\n".join(lines)


def _weights(answer: Answer) -> str:
    lines = [f"{'all weights':<34}{'packed only':>14}{'with constants':>18}"]
    for form in FORMATS:
        lines.append(_weight_line(form, _form(answer.layers, form, False)))
    for form in FORMATS[2:]:
        named = f"{form}, embedding and head int8"
        lines.append(_weight_line(named, _form(answer.layers, form, True)))
    return "\n".join(lines)


def _weight_line(name: str, size: dict[str, float]) -> str:
    packed, whole = size["without_constants"] / GIB, size["with_constants"] / GIB
    return f"{name:<34}{packed:>10.4f} GiB{whole:>14.4f} GiB"


def _lora_lines(answer: Answer) -> str:
    lines = [f"{'LoRA parameters':<22}{'layers':>8}" + "".join(f"{f'r={r}':>14}" for r in RANKS)]
    for choice in CHOICES:
        row = _lora(answer, choice)
        counts = "".join(f"{row[f'r{rank}']:>14,}" for rank in RANKS)
        lines.append(f"{choice:<22}{row['layers']:>8}{counts}")
    return "\n".join(lines)


def _training(answer: Answer) -> str:
    chosen, memory = answer.choices, answer.memory
    tokens = f"{image_tokens(answer.config)} picture + {chosen.text_tokens} text tokens"
    rows = {
        "weights with constants": memory.weights.total,
        "adapter (float32)": memory.adapter,
        "gradients": memory.gradients,
        f"optimizer ({chosen.optimizer})": memory.optimizer,
        "kept for the backward pass": memory.activations,
        "logits and their gradients, or": memory.logits,
        "the backward pass of a layer": memory.passing,
        "unpacking the largest layer": memory.workspace,
        "peak of training": memory.peak,
        f"answering, batch {chosen.batch}": serving_bytes(answer.config, answer.layers, chosen),
    }
    lines = [f"{chosen.method}, {chosen.quantize}, batch {chosen.batch}, {tokens}"]
    return "\n".join(lines + [f"{name:<34}{size / GIB:>10.4f} GiB" for name, size in rows.items()])


def _layer_lines(layers: Sequence[Layer]) -> str:
    lines = [f"{'layer':<68}{'parameters':>14}{'bf16':>14}{'nf4':>14}"]
    for one in layers:
        bf16, nf4 = total_bytes([one], "bf16").total, total_bytes([one], "nf4").total
        lines.append(f"{one.name:<68}{one.parameters:>14,}{bf16:>14,.0f}{nf4:>14,.0f}")
    return "\n".join(lines)
