"""A recipe of `train` for the planner: its base, its card, and a step at its largest."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from training.adapter_config import load_settings
from training.config import ConfigError
from training.plan_memory import Choices

TEXT_TOKENS: Final = 192
"""Prefix and suffix of the longest row: four structures with their masks."""
SUFFIX_TOKENS: Final = 128


@dataclass(frozen=True)
class Recipe:
    """The base and the card that a recipe names, and what of its settings changes its memory."""

    base: str
    card: str
    choices: Choices


def read_recipe(path: Path) -> Recipe:
    """The recipe of a YAML file of `train`; every task a picture can be asked is a row of the step.

    Raises:
        ConfigError: the file is no such recipe, or it names no base.
    """
    settings = load_settings(path, {})
    if not settings.made_for:
        raise ConfigError(f"{path}: names no base (made_for) to plan for")
    tasks = sum(share > 0 for share in settings.shares.values())
    choices = Choices(
        quantize="nf4" if settings.quantize == "nf4" else "bf16",
        rank=settings.rank,
        targets=settings.targets,
        batch=settings.pictures * tasks,
        text_tokens=TEXT_TOKENS,
        suffix_tokens=SUFFIX_TOKENS,
        arithmetic="bf16" if settings.precision == "bf16" else "fp32",
        is_checkpointed=settings.checkpointing,
    )
    return Recipe(settings.made_for, settings.card, choices)
