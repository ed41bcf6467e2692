"""Which layers LoRA touches: full-path patterns with the number of layers they must hit."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from training.config import ConfigError

LANGUAGE: Final = r"(?:base_model\.model\.)?model\.language_model\.layers\.\d+\."
VISION: Final = (
    r"(?:base_model\.model\.)?model\.vision_tower\.(?:vision_model\.)?encoder\.layers\.\d+\."
)
ATTENTION: Final = ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj")
MLP: Final = ("mlp.gate_proj", "mlp.up_proj", "mlp.down_proj")
VISION_LAYERS: Final = (
    "self_attn.q_proj",
    "self_attn.k_proj",
    "self_attn.v_proj",
    "self_attn.out_proj",
    "mlp.fc1",
    "mlp.fc2",
)
CHOICES: Final = ("language-attention", "language", "language+vision")


class TargetError(ConfigError):
    """A choice of layers that is unknown, or that hits more or fewer layers than it must."""


@dataclass(frozen=True)
class Targets:
    """A peft pattern over full module paths and how many linear layers it must match."""

    pattern: str
    expected: int


def choose_targets(choice: str, *, language_layers: int, vision_layers: int) -> Targets:
    """The pattern and the expected count for one of CHOICES.

    Bare names such as "q_proj" are not offered: they also match the vision tower, whose output
    projection has another name, so three of its four are hit without anybody asking.
    """
    if choice not in CHOICES:
        raise TargetError(f"targets is {choice}, but must be one of {', '.join(CHOICES)}")
    language = ATTENTION if choice == "language-attention" else ATTENTION + MLP
    patterns = [LANGUAGE + _either(language)]
    expected = language_layers * len(language)
    if choice == "language+vision":
        patterns.append(VISION + _either(VISION_LAYERS))
        expected += vision_layers * len(VISION_LAYERS)
    return Targets("|".join(f"(?:{one})" for one in patterns), expected)


def targets_of(config: Any, choice: str) -> Targets:
    """The targets for a PaliGemma configuration."""
    return choose_targets(
        choice,
        language_layers=int(config.text_config.num_hidden_layers),
        vision_layers=int(config.vision_config.num_hidden_layers),
    )


def matched(names: Iterable[str], targets: Targets) -> list[str]:
    """The names the pattern hits.

    Raises:
        TargetError: the count is not the expected one.
    """
    hits = [name for name in names if re.fullmatch(targets.pattern, name)]
    if len(hits) != targets.expected:
        raise TargetError(f"the pattern hits {len(hits)} layers, expected {targets.expected}")
    return hits


def _either(names: Sequence[str]) -> str:
    return "(?:" + "|".join(re.escape(name) for name in names) + ")"
