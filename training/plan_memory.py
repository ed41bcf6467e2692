"""What a run needs on a card: weights, adapter, gradients, optimizer, activations and the peak."""

from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from training.plan_activations import (
    FULL,
    HALF,
    Arithmetic,
    Rows,
    answering_passing,
    inputs_kept,
    language_kept,
    language_passing,
    vision_kept,
    vision_passing,
)
from training.plan_layers import (
    Bytes,
    Format,
    Layer,
    lora_parameters,
    lora_targets,
    total_bytes,
)
from training.targets import targets_of

Method = Literal["lora", "full"]
Optimizer = Literal["adamw", "adamw8bit", "adafactor"]
GIB: Final = 2**30
MOMENTS: Final = {"adamw": 8.0, "adamw8bit": 2.0, "adafactor": 0.01}
"""Optimizer bytes for each trained number: two float32 moments, two 8-bit ones, row sums."""
RESERVED: Final = int(0.6 * GIB)
"""What a CUDA context and fragmentation take before the first tensor (0.4 to 0.8 GiB seen)."""


@dataclass(frozen=True)
class Choices:
    """The settings of a run that change its memory."""

    quantize: Format = "bf16"
    int8_embedding: bool = False
    method: Method = "lora"
    rank: int = 8
    targets: str = "language"
    batch: int = 1
    text_tokens: int = 128
    suffix_tokens: int = 64
    """Of the text tokens, those that are taught: the head scores these alone."""
    arithmetic: Arithmetic = "bf16"
    """fp32 for processors and for weights in fp32."""
    is_checkpointed: bool = True
    optimizer: Optimizer = "adamw"


@dataclass(frozen=True)
class Memory:
    """Bytes of one run by what they hold; `peak` is the sum that lives at one moment."""

    weights: Bytes
    adapter: float
    gradients: float
    optimizer: float
    activations: float
    passing: float
    logits: float
    workspace: float
    trained_parameters: int
    adapter_layers: int

    @property
    def peak(self) -> float:
        """What lives as the backward pass begins: of head and last layer the larger one."""
        parts = (self.adapter, self.gradients, self.optimizer, self.activations)
        top = max(self.logits, self.passing)
        return self.weights.total + sum(parts) + top + self.workspace


def plan_memory(config: Any, layers: list[Layer], choices: Choices) -> Memory:
    """Bytes for training with these choices on a base of this configuration."""
    targets = lora_targets(layers, targets_of(config, choices.targets).pattern)
    is_full = choices.method == "full"
    adapter = 0 if is_full else lora_parameters(targets, choices.rank)
    trained = sum(one.parameters for one in layers) if is_full else adapter
    form: Format = "fp32" if is_full else choices.quantize
    seen = _seen(config, choices)
    kept, passing = _kept(config, choices, seen)
    return Memory(
        weights=_weights(layers, choices, form),
        adapter=float(FULL * adapter),
        gradients=float(FULL * trained),
        optimizer=MOMENTS[choices.optimizer] * trained,
        activations=kept,
        passing=passing,
        logits=_logits(config, choices),
        workspace=_workspace(layers, form, seen.element),
        trained_parameters=trained,
        adapter_layers=0 if is_full else len(targets),
    )


def serving_bytes(config: Any, layers: list[Layer], choices: Choices) -> float:
    """Bytes at the peak of answering a batch: weights and what answering adds to them."""
    return _weights(layers, choices, choices.quantize).total + answering(config, layers, choices)


def answering(config: Any, layers: list[Layer], choices: Choices) -> float:
    """Bytes beside the weights: adapter in float32, key/value cache, what comes and goes."""
    targets = lora_targets(layers, targets_of(config, choices.targets).pattern)
    text, seen = config.text_config, _seen(config, choices)
    cache = 2 * text.num_hidden_layers * text.num_key_value_heads * text.head_dim
    adapter = FULL * lora_parameters(targets, choices.rank)
    passing = answering_passing(config, seen) + _workspace(layers, choices.quantize, seen.element)
    return float(adapter + seen.element * seen.tokens * cache + passing)


def arithmetic_of(choices: Choices) -> Arithmetic:
    """The numbers that are counted with: float32 wherever the weights are."""
    is_full = choices.method == "full" or choices.quantize == "fp32"
    return "fp32" if is_full else choices.arithmetic


def _weights(layers: list[Layer], choices: Choices, form: Format) -> Bytes:
    rest = FULL if arithmetic_of(choices) == "fp32" else HALF
    int8_embedding = choices.int8_embedding and choices.method != "full"
    return total_bytes(layers, form, int8_embedding=int8_embedding, rest=rest)


def image_tokens(config: Any) -> int:
    """Patches of one picture, each a token of the language model."""
    return int((config.vision_config.image_size // config.vision_config.patch_size) ** 2)


def without_waste(choices: Choices) -> list[tuple[str, Choices]]:
    """Changes that save memory, the cheapest for quality first, each on top of the last."""
    steps = (
        ("gradient checkpointing on", {"is_checkpointed": True}),
        ("batch 1 with accumulation", {"batch": 1}),
        ("LoRA in place of full fine-tuning", {"method": "lora"}),
        ("8-bit optimizer", {"optimizer": "adamw8bit"}),
        ("base in NF4 with double quantisation", {"quantize": "nf4"}),
        ("embedding and head in int8", {"int8_embedding": True}),
        ("language layers only", {"targets": "language"}),
        ("attention layers only", {"targets": "language-attention"}),
        ("rank 4", {"rank": min(choices.rank, 4)}),
    )
    chain: list[tuple[str, Choices]] = []
    current = choices
    for words, change in steps:
        changed = replace(current, **change)
        if changed != current:
            chain.append((words, changed))
            current = changed
    return chain


def _kept(config: Any, choices: Choices, seen: Rows) -> tuple[float, float]:
    """Bytes kept for the backward pass, and those that come and go on top of them."""
    text, vision = config.text_config, config.vision_config
    language, eyes = language_kept(text, seen), vision_kept(vision, seen)
    passing = language_passing(text, seen)
    is_seeing_taught = choices.method == "full" or choices.targets == "language+vision"
    if not choices.is_checkpointed:
        kept = text.num_hidden_layers * language
        if is_seeing_taught:
            kept += vision.num_hidden_layers * eyes
        return kept, passing
    # The vision tower keeps its inputs even where nothing in it is taught.
    kept = inputs_kept(text.num_hidden_layers, text.hidden_size, seen.tokens, seen)
    kept += inputs_kept(vision.num_hidden_layers, vision.hidden_size, seen.patches, seen)
    again = [language + passing]
    if is_seeing_taught:
        again.append(eyes + vision_passing(vision, seen))
    return kept, max(again)


def _logits(config: Any, choices: Choices) -> float:
    # Of the suffix and the place before it: scores, their float32 copy for the loss, gradients.
    each = 2 * (HALF + FULL) * config.text_config.vocab_size
    return float(each * choices.batch * (choices.suffix_tokens + 1))


def _seen(config: Any, choices: Choices) -> Rows:
    is_wide = choices.method == "full" or choices.targets != "language-attention"
    rank = 0 if choices.method == "full" else choices.rank
    tokens = image_tokens(config)
    arithmetic = arithmetic_of(choices)
    return Rows(choices.batch, tokens, choices.text_tokens, rank, is_wide, arithmetic)


def _workspace(layers: list[Layer], form: Format, element: int) -> float:
    # A packed layer is unpacked for its own product: the largest one decides.
    if form not in ("nf4", "int8"):
        return 0.0
    return float(element * max(one.matrix for one in layers))
