"""Reads YAML with line numbers and collects every mistake; what values mean stands elsewhere."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import yaml


@dataclass(frozen=True)
class Mistake:
    """One thing wrong in a data file, with where it stands (line counts from 1)."""

    file: str
    line: int
    reason: str

    def __str__(self) -> str:
        """File, line and reason, as editors open it."""
        return f"{self.file}:{self.line}: {self.reason}"


class DataError(Exception):
    """Data files that cannot be used; carries all mistakes, not just the first."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        """An error whose text has one line for each mistake."""
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(str(mistake) for mistake in mistakes))


@dataclass
class Reader:
    """One YAML file being read; every check adds to the shared list of mistakes."""

    file: str
    mistakes: list[Mistake] = field(default_factory=list)

    def root(self, path: Path) -> yaml.MappingNode | None:
        """The top mapping of a file, or None (with a mistake) when there is none."""
        try:
            node = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
        except (OSError, UnicodeDecodeError) as error:
            self._add(1, f"cannot be read: {type(error).__name__}")
            return None
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            self._add(mark.line + 1 if mark else 1, "is not valid YAML")
            return None
        if isinstance(node, yaml.MappingNode):
            return node
        self._add(1, "must be a mapping")
        return None

    def fields(
        self, node: yaml.Node, required: frozenset[str], optional: frozenset[str] = frozenset()
    ) -> dict[str, yaml.Node]:
        """The values of a mapping by key; unknown, doubled and missing keys are mistakes."""
        found: dict[str, yaml.Node] = {}
        for key, value, line in self.items(node):
            if key not in required | optional:
                self._add(line, f"unknown key {key!r}")
            else:
                found[key] = value
        for key in sorted(required - found.keys()):
            self.at(node, f"key {key!r} is missing")
        return found

    def items(self, node: yaml.Node) -> Iterator[tuple[str, yaml.Node, int]]:
        """Key, value and line of each entry of a mapping; a doubled key is a mistake."""
        if not isinstance(node, yaml.MappingNode):
            self.at(node, "must be a mapping")
            return
        seen: set[str] = set()
        for key, value in node.value:
            line = key.start_mark.line + 1
            if key.value in seen:
                self._add(line, f"key {key.value!r} stands here twice")
                continue
            seen.add(key.value)
            yield str(key.value), value, line

    def text(self, node: yaml.Node | None) -> str:
        """A scalar as written, so that `yes` stays "yes"; empty when it is not one."""
        if node is None:
            return ""
        if not isinstance(node, yaml.ScalarNode) or not node.value.strip():
            self.at(node, "must be a text")
            return ""
        return str(node.value).strip()

    def texts(self, node: yaml.Node | None) -> tuple[str, ...]:
        """A list of scalars as written."""
        if node is None:
            return ()
        if not isinstance(node, yaml.SequenceNode):
            self.at(node, "must be a list")
            return ()
        return tuple(self.text(item) for item in node.value)

    def number(self, node: yaml.Node | None, low: float, high: float) -> float:
        """A number between two limits; the lower limit stands in for a wrong one."""
        if node is None:
            return low
        try:
            value = float(self.text(node))
        except ValueError:
            value = float("nan")
        if low <= value <= high:
            return value
        self.at(node, f"must be a number from {low:g} to {high:g}")
        return low

    def span(self, node: yaml.Node | None) -> tuple[float, float]:
        """Two rising numbers from 0 to 1."""
        if not isinstance(node, yaml.SequenceNode) or len(node.value) != 2:
            if node is not None:
                self.at(node, "must be a list of two numbers")
            return (0.0, 1.0)
        low, high = (self.number(item, 0.0, 1.0) for item in node.value)
        if low > high:
            self.at(node, "the first number must not be above the second")
        return (low, high)

    def one_of(self, node: yaml.Node | None, allowed: tuple[str, ...]) -> str:
        """One word out of a closed list."""
        if node is None:
            return allowed[0]
        value = self.text(node)
        if value in allowed:
            return value
        self.at(node, f"{value!r} is none of {', '.join(allowed)}")
        return allowed[0]

    def many_of(self, node: yaml.Node | None, allowed: tuple[str, ...]) -> tuple[str, ...]:
        """One or more words out of a closed list, each once."""
        values = self.texts(node)
        if node is not None and (not values or len(set(values)) != len(values)):
            self.at(node, "must name one or more words, each once")
        for value in values:
            if value not in allowed:
                self.at(node, f"{value!r} is none of {', '.join(allowed)}")
        return values

    def at(self, node: yaml.Node | None, reason: str) -> None:
        """Add a mistake at the place of a node."""
        self._add(node.start_mark.line + 1 if node is not None else 1, reason)

    def _add(self, line: int, reason: str) -> None:
        self.mistakes.append(Mistake(self.file, line, reason))
