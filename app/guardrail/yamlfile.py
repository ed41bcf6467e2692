"""Reads one YAML file with the line of every key, and collects what is wrong in it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

# libyaml is ten times quicker; the pure reader is the fallback of a build without it.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class PolicyError(Exception):
    """A policy that must not be used; holds every mistake as "file:line: what is wrong"."""

    def __init__(self, mistakes: Sequence[str]) -> None:
        """Keeps the mistakes, in the order in which they were found."""
        super().__init__("\n".join(mistakes))
        self.mistakes = tuple(mistakes)


@dataclass
class Mistakes:
    """The mistakes found so far, over all files."""

    found: list[str] = field(default_factory=list)

    def add(self, file: Path, line: int, text: str) -> None:
        """Notes one mistake."""
        self.found.append(f"{file.name}:{line}: {text}")


@dataclass(frozen=True)
class Part:
    """A value of a YAML file with the place it stands at."""

    value: Any  # str, list[Part] or dict[str, Part]: what YAML gives, with lines kept
    line: int
    file: Path


def read_yaml(file: Path, mistakes: Mistakes) -> Part | None:
    """The file as nested Parts (scalars as str), or None when it cannot be read at all."""
    try:
        text = file.read_text(encoding="utf-8")
        node = yaml.compose(text, Loader=_Loader)
    except (OSError, UnicodeError) as error:
        mistakes.add(file, 1, f"cannot be read ({type(error).__name__})")
        return None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        mistakes.add(file, mark.line + 1 if mark else 1, "is not well-formed YAML")
        return None
    if node is None:
        mistakes.add(file, 1, "is empty")
        return None
    return _convert(node, file, mistakes)


def mapping(part: Part | None, mistakes: Mistakes) -> dict[str, Part]:
    """The part as a mapping; a mistake and an empty one when it is none."""
    if part is None:
        return {}
    if not isinstance(part.value, dict):
        mistakes.add(part.file, part.line, "must be a mapping")
        return {}
    return part.value


def text_list(part: Part | None, mistakes: Mistakes) -> tuple[str, ...]:
    """The part as a list of strings; a mistake for anything else in it."""
    if part is None:
        return ()
    if not isinstance(part.value, list):
        mistakes.add(part.file, part.line, "must be a list")
        return ()
    for item in part.value:
        if not isinstance(item.value, str):
            mistakes.add(item.file, item.line, "must be a text")
    return tuple(item.value for item in part.value if isinstance(item.value, str))


def text(part: Part | None, mistakes: Mistakes) -> str:
    """The part as one string; a mistake and "" for anything else."""
    if part is None:
        return ""
    if not isinstance(part.value, str):
        mistakes.add(part.file, part.line, "must be a text")
        return ""
    return part.value


def check_keys(
    part: Part | None, *, needed: Sequence[str], allowed: Sequence[str], mistakes: Mistakes
) -> dict[str, Part]:
    """The mapping of a part; unknown keys and missing ones are mistakes."""
    found = mapping(part, mistakes)
    if part is None:
        return found
    for key, value in found.items():
        if key not in needed and key not in allowed:
            mistakes.add(part.file, value.line, f"unknown key {key!r}")
    for key in needed:
        if key not in found:
            mistakes.add(part.file, part.line, f"key {key!r} is missing")
    return found


def commas(value: str) -> list[str]:
    """The entries of a text that are parted by commas."""
    return [entry.strip() for entry in value.split(",") if entry.strip()]


def lines(value: str) -> tuple[str, ...]:
    """The lines of a text that hold anything."""
    return tuple(line.strip() for line in value.splitlines() if line.strip())


def _convert(node: Any, file: Path, mistakes: Mistakes) -> Part:  # yaml's nodes carry no types
    line = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        value: dict[str, Part] = {}
        for key, item in node.value:
            if key.value in value:
                mistakes.add(file, key.start_mark.line + 1, f"key {key.value!r} stands twice")
            value[str(key.value)] = _convert(item, file, mistakes)
        return Part(value, line, file)
    if isinstance(node, yaml.SequenceNode):
        return Part([_convert(item, file, mistakes) for item in node.value], line, file)
    return Part(str(node.value), line, file)
