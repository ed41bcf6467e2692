"""What a run needs on a card: weights, adapter, gradients, optimizer, activations and the peak."""

from dataclasses import dataclass, replace
from typing import Any, Final, Literal

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
HALF: Final = 2
FULL: Final = 4


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
    logits: float
    workspace: float
    trained_parameters: int
    adapter_layers: int

    @property
    def peak(self) -> float:
        """All of them: the backward pass of the output head holds everything at once."""
        parts = (self.adapter, self.gradients, self.optimizer, self.activations)
        return self.weights.total + sum(parts) + self.logits + self.workspace


def plan_memory(config: Any, layers: list[Layer], choices: Choices) -> Memory:
    """Bytes for training with these choices on a base of this configuration."""
    targets = lora_targets(layers, targets_of(config, choices.targets).pattern)
    is_full = choices.method == "full"
    adapter = 0 if is_full else lora_parameters(targets, choices.rank)
    trained = sum(one.parameters for one in layers) if is_full else adapter
    form: Format = "fp32" if is_full else choices.quantize
    needs_vision_gradient = is_full or choices.targets == "language+vision"
    return Memory(
        weights=total_bytes(layers, form, int8_embedding=choices.int8_embedding and not is_full),
        adapter=float(FULL * adapter),
        gradients=float(FULL * trained),
        optimizer=MOMENTS[choices.optimizer] * trained,
        activations=_activations(config, choices, needs_vision_gradient),
        logits=_logits(config, choices),
        workspace=_workspace(layers, form),
        trained_parameters=trained,
        adapter_layers=0 if is_full else len(targets),
    )


def serving_bytes(config: Any, layers: list[Layer], choices: Choices) -> float:
    """Bytes for answering one question: weights, adapter in float32, key/value cache."""
    targets = lora_targets(layers, targets_of(config, choices.targets).pattern)
    text = config.text_config
    tokens = image_tokens(config) + choices.text_tokens
    cache = 2 * text.num_hidden_layers * text.num_key_value_heads * text.head_dim * HALF * tokens
    weights = total_bytes(layers, choices.quantize, int8_embedding=choices.int8_embedding)
    adapter = FULL * lora_parameters(targets, choices.rank)
    return float(
        weights.total + adapter + choices.batch * cache + _workspace(layers, choices.quantize)
    )


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


def _activations(config: Any, choices: Choices, needs_vision_gradient: bool) -> float:
    text, vision = config.text_config, config.vision_config
    heads = text.num_attention_heads + 2 * text.num_key_value_heads
    # Kept for backward by one decoder layer and token: two norms in float32 with their inputs,
    # queries, keys, values, attention output, gate, up, activation and product.
    language = 2 * (FULL + HALF) * text.hidden_size + 2 * HALF * heads * text.head_dim
    language += 4 * HALF * text.intermediate_size
    seen = 2 * (FULL + HALF) * vision.hidden_size + 5 * HALF * vision.hidden_size
    seen += 2 * HALF * vision.intermediate_size
    patches = choices.batch * image_tokens(config)
    tokens = patches + choices.batch * choices.text_tokens
    kept = _kept(choices, tokens, text.num_hidden_layers, text.hidden_size, language)
    if not needs_vision_gradient:
        return kept
    return kept + _kept(choices, patches, vision.num_hidden_layers, vision.hidden_size, seen)


def _kept(choices: Choices, tokens: int, layers: int, width: int, inner: int) -> float:
    if not choices.is_checkpointed:
        return float(tokens * layers * inner)
    return float(tokens * (layers * HALF * width + inner))


def _logits(config: Any, choices: Choices) -> float:
    # bfloat16 logits, their float32 copy for the loss, and the gradients of both.
    each = 2 * (HALF + FULL) * config.text_config.vocab_size
    return float(each * choices.batch * (image_tokens(config) + choices.text_tokens))


def _workspace(layers: list[Layer], form: Format) -> float:
    # A packed layer is unpacked to bfloat16 for its own product: the largest one decides.
    if form not in ("nf4", "int8"):
        return 0.0
    return float(HALF * max(one.matrix for one in layers))
