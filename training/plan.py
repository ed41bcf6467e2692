"""`python -m training plan`: what fits on a card, from shapes alone; no weights are needed."""

import argparse
import json
import re
import sys
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, Final

from training.config import ConfigError, read_settings
from training.plan_bases import open_base, text_tokens
from training.plan_layers import count_layers
from training.plan_measure import measure
from training.plan_memory import (
    GIB,
    MOMENTS,
    RESERVED,
    Choices,
    plan_memory,
    without_waste,
)
from training.plan_offload import Offload, fits, place
from training.plan_recipe import Recipe, read_recipe
from training.plan_table import Answer, as_dictionary, as_table
from training.targets import CHOICES

SMALLEST: Final = "google/paligemma-3b-mix-224"
_SIZE: Final = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>GiB|GB|MiB|MB)$", re.IGNORECASE)
_UNITS: Final = {"gib": GIB, "gb": 10**9, "mib": 2**20, "mb": 10**6}


def make_plan(
    name: str,
    choices: Choices,
    gpu_bytes: int | None = None,
    *,
    offload: Offload = "none",
    is_measured: bool = False,
) -> Answer:
    """The plan for one base.

    Args:
        name: a published PaliGemma's hub id, or a folder with a config.json.
        gpu_bytes: the card's memory; without it nothing is said about fitting.
        offload: plans answers with parts of the base beside the card.
        is_measured: runs the folder's weights too and sets what they took beside the plan.

    Raises:
        UnknownBase: the base is neither.
        OffloadError, MeasureError: that cannot be planned or measured.
    """
    base = open_base(name)
    layers = count_layers(base.module)
    memory = plan_memory(base.config, layers, choices)
    advice = _advice(base.config, layers, choices, gpu_bytes)
    placement = None
    if offload != "none":
        placement = place(base.module, base.config, layers, choices, offload, gpu_bytes)
    pairs = measure(Path(name), base.config, layers, choices) if is_measured else {}
    return Answer(name, base.config, layers, choices, memory, gpu_bytes, advice, placement, pairs)


def read_size(text: str) -> int:
    """Bytes of a size such as 16GiB or 24 GB.

    Raises:
        ValueError: it is no number with one of these units.
    """
    match = _SIZE.match(text.strip())
    if match is None:
        raise ValueError(f"{text} is no size such as 16GiB")
    return int(float(match["number"]) * _UNITS[match["unit"].lower()])


def main(arguments: Sequence[str]) -> int:
    """Run `plan`; 0 when the plan fits or no card was named, 1 when it does not, 2 on bad input."""
    options = _parser().parse_args(arguments)
    try:
        recipe = read_recipe(options.recipe) if options.recipe else None
        base = options.base or (recipe.base if recipe else SMALLEST)
        chosen = _choices(options, base, recipe)
        card = options.gpu_memory or (recipe.card if recipe else "")
        gpu_bytes = read_size(card) if card else None
        answer = make_plan(
            base, chosen, gpu_bytes, offload=options.offload, is_measured=options.measure
        )
    except (ValueError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    described = as_dictionary(answer)
    text = json.dumps(described, indent=1) + "\n" if options.json else None
    sys.stdout.write(text or as_table(answer, every_layer=options.layers))
    placed = answer.placement
    is_enough = described["fits"] if placed is None else fits(placed, gpu_bytes)
    return 1 if is_enough is False else 0


def _advice(config: Any, layers: list[Any], choices: Choices, gpu_bytes: int | None) -> str:
    if gpu_bytes is None:
        return "No card was named (--gpu-memory 16GiB), so nothing is said about fitting."
    room = gpu_bytes - RESERVED
    need = plan_memory(config, layers, choices).peak
    if need <= room:
        spare = (room - need) / GIB
        return f"Fits: {spare:.2f} GiB to spare after {RESERVED / GIB:.1f} GiB for the driver."
    changes: list[str] = []
    for words, changed in without_waste(choices):
        changes.append(words)
        if plan_memory(config, layers, changed).peak <= room:
            single = _single(config, layers, choices, room)
            return f"Does not fit. Cheapest change: {single or ', then '.join(changes)}."
    return "Does not fit, and no setting makes it fit: take a smaller base or resolution."


def _single(config: Any, layers: list[Any], choices: Choices, room: int) -> str | None:
    before = choices
    for words, after in without_waste(choices):
        changed = {
            field.name: getattr(after, field.name)
            for field in fields(Choices)
            if getattr(after, field.name) != getattr(before, field.name)
        }
        before = after
        alone = Choices(**{**vars(choices), **changed})
        if plan_memory(config, layers, alone).peak <= room:
            return words
    return None


def _choices(options: argparse.Namespace, base: str, recipe: Recipe | None) -> Choices:
    given: dict[str, Any] = {"text_tokens": text_tokens(base)} if recipe is None else {}
    given |= vars(recipe.choices) if recipe is not None else {}
    if options.config:
        read = read_settings(Path(options.config))
        known = {field.name for field in fields(Choices)}
        unknown = sorted(set(read.values) - known)
        if unknown:
            raise ConfigError(f"{read.place(unknown[0])}: unknown key {unknown[0]}")
        given.update(read.values)
    flags = {field.name: getattr(options, field.name) for field in fields(Choices)}
    given.update({name: value for name, value in flags.items() if value is not None})
    if given.get("quantize") == "none":
        given["quantize"] = "bf16"
    return Choices(**given)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="training plan", description=__doc__)
    add = parser.add_argument
    add("--base", help=f"hub id or folder; nothing is read; default: {SMALLEST}")
    add("--recipe", type=Path, help="YAML of `train`: its base, card and settings are planned")
    add("--config", help="YAML with the settings below; what is given here wins")
    add("--quantize", choices=("none", "bf16", "fp32", "int8", "nf4"))
    add("--int8-embedding", action="store_true", default=None, help="embedding and head in int8")
    add("--method", choices=("lora", "full"))
    add("--rank", type=int)
    add("--targets", choices=CHOICES)
    add("--batch", type=int)
    add("--text-tokens", type=int)
    add("--suffix-tokens", type=int, help="of the text tokens, those that are taught")
    add("--arithmetic", choices=("bf16", "fp32"), help="fp32 on a processor")
    add("--no-checkpointing", action="store_false", default=None, dest="is_checkpointed")
    add("--optimizer", choices=tuple(MOMENTS))
    add("--gpu-memory", help="for example 16GiB")
    add("--offload", choices=("none", "cpu", "disk"), default="none", help="plan answers so")
    add("--measure", action="store_true", help="run a folder's weights beside the plan: seconds")
    add("--layers", action="store_true", help="one line for every layer")
    add("--json", action="store_true")
    return parser
