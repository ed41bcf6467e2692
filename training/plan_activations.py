"""What a training step keeps for its backward pass, counted tensor by tensor as the layers save it.

Two ways of counting: float32 with plain attention, as on a processor, and bfloat16 with fused
attention, as on a card. Both were read off autograd's saved tensors, layer by layer.
"""

from dataclasses import dataclass
from typing import Any, Final, Literal

Arithmetic = Literal["bf16", "fp32"]
HALF: Final = 2
FULL: Final = 4


@dataclass(frozen=True)
class Rows:
    """What one step sees: rows of a picture and its text, and how LoRA touches the layers.

    `is_mlp_taught` tells whether the MLPs carry LoRA too, which then keep their own inputs.
    """

    rows: int
    image_tokens: int
    text_tokens: int
    rank: int
    is_mlp_taught: bool
    arithmetic: Arithmetic

    @property
    def tokens(self) -> int:
        """Places in the language model, pictures and text."""
        return self.rows * (self.image_tokens + self.text_tokens)

    @property
    def patches(self) -> int:
        """Places in the vision tower."""
        return self.rows * self.image_tokens

    @property
    def element(self) -> int:
        """Bytes of a number."""
        return FULL if self.arithmetic == "fp32" else HALF


def language_kept(text: Any, seen: Rows) -> float:
    """Bytes that one decoder layer of the language model keeps."""
    width, mlp = text.hidden_size, text.intermediate_size
    inner = text.num_attention_heads * text.head_dim
    norms = 4 if text.model_type.startswith("gemma2") else 2
    length = seen.image_tokens + seen.text_tokens
    taught = int(seen.is_mlp_taught)
    ranks = (4 + 3 * taught) * seen.rank
    # Queries, repeated keys and values, attention output; gate, its activation, up, the product.
    shared = 4 * inner + (3 + taught) * mlp + ranks
    if seen.arithmetic == "fp32":
        scores = text.num_attention_heads * length
        return float(FULL * seen.tokens * (shared + (norms + 1 + taught) * width + scores))
    # Norms count in float32; autocast makes every LoRA its own copy of its input.
    copies = (3 + 2 * taught) * width + inner
    wide = norms * width + text.num_attention_heads
    return float(seen.tokens * (HALF * (shared + copies + length) + FULL * wide))


def vision_kept(vision: Any, seen: Rows) -> float:
    """Bytes that one layer of the vision tower keeps where it carries LoRA."""
    width, mlp = vision.hidden_size, vision.intermediate_size
    heads = vision.num_attention_heads
    shared = 6 * width + 2 * mlp + 6 * seen.rank  # two norms; queries, keys, values, output
    if seen.arithmetic == "fp32":
        scores = heads * seen.image_tokens
        return float(FULL * seen.patches * (shared + 2 * width + scores))
    return float(seen.patches * (HALF * (shared + 5 * width) + FULL * heads))


def language_passing(text: Any, seen: Rows) -> float:
    """Bytes that come and go in the backward pass of one decoder layer: three MLP gradients."""
    return float(seen.element * seen.tokens * (3 * text.intermediate_size + text.hidden_size))


def vision_passing(vision: Any, seen: Rows) -> float:
    """The same in one layer of the vision tower."""
    return float(seen.element * seen.patches * (2 * vision.intermediate_size + vision.hidden_size))


def answering_passing(config: Any, seen: Rows) -> float:
    """Bytes that come and go while a batch of prefixes is read: one MLP, residuals, features."""
    text, vision = config.text_config, config.vision_config
    one_picture = seen.image_tokens * (2 * vision.intermediate_size + 4 * vision.hidden_size)
    prefix = seen.tokens * (3 * text.intermediate_size + 4 * text.hidden_size)
    features = seen.patches * text.hidden_size
    return float(seen.element * (max(one_picture, prefix) + features))


def inputs_kept(layers: int, width: int, places: int, seen: Rows) -> float:
    """With gradient checkpointing: the input of every layer, from which the rest is made again."""
    return float(seen.element * layers * width * places)
