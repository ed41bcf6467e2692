"""The weights of matching: read from YAML, with file and line of every mistake."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cache
from pathlib import Path
from typing import Final

from app.guardrail.yamlfile import Mistakes, Part, PolicyError, mapping, read_yaml, text

FILE: Final = Path(__file__).parent / "weights.yaml"
HIGHEST: Final = 10.0
"""A weight beyond it would drown all others."""


@dataclass(frozen=True)
class Weights:
    """How much each agreement counts, and from which sum on an example is shown at all."""

    structures: float = 4.0
    level: float = 2.0
    same_age: float = 2.0
    near_age: float = 1.0
    far_age: float = -1.0
    same_sex: float = 1.5
    any_sex: float = 0.5
    other_sex: float = -1.5
    same_side: float = 1.5
    other_side: float = -1.0
    drawn: float = -1.0
    least: float = -3.0
    child_steps: float = 1.0


NAMES: Final = tuple(field.name for field in fields(Weights))


@cache
def shipped_weights() -> Weights:
    """The weights that come with the program; raises PolicyError for a broken file."""
    mistakes = Mistakes()
    part = read_yaml(FILE, mistakes)
    found = Weights() if part is None else read_weights(part, mistakes)
    if mistakes.found:
        raise PolicyError(mistakes.found)
    return found


def read_weights(part: Part, mistakes: Mistakes) -> Weights:
    """Weights out of a YAML mapping; what it leaves out keeps the default."""
    found: dict[str, float] = {}
    for name, item in mapping(part, mistakes).items():
        value = _number(item, mistakes)
        if name not in NAMES:
            mistakes.add(item.file, item.line, f"unknown weight {name!r}")
        elif value is not None:
            found[name] = value
    _check_signs(found, part, mistakes)
    return replace(Weights(), **found)


def _number(part: Part, mistakes: Mistakes) -> float | None:
    try:
        value = float(text(part, mistakes))
    except ValueError:
        value = float("nan")
    if abs(value) <= HIGHEST:
        return value
    mistakes.add(part.file, part.line, f"must be a number from -{HIGHEST:g} to {HIGHEST:g}")
    return None


def _check_signs(found: Mapping[str, float], part: Part, mistakes: Mistakes) -> None:
    """An agreement must not count less than a difference: the best match would be the worst."""
    whole = replace(Weights(), **found)
    pairs = (
        ("same_age", "near_age"),
        ("near_age", "far_age"),
        ("same_sex", "any_sex"),
        ("any_sex", "other_sex"),
        ("same_side", "other_side"),
    )
    for better, worse in pairs:
        if getattr(whole, better) < getattr(whole, worse):
            mistakes.add(part.file, part.line, f"{better} must not be less than {worse}")
