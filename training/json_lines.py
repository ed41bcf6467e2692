"""JSONL files with the numbers of their lines, so that a mistake can be named with its place."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from training.config import ConfigError


def numbered_lines(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """(`file:line`, object) of every line that is not blank; none when the file is absent.

    Raises:
        ConfigError: naming the line that is no object.
    """
    texts = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    for number, text in enumerate(texts, start=1):
        if not text.strip():
            continue
        try:
            line = json.loads(text)
        except ValueError as error:
            raise ConfigError(f"{path}:{number}: is not JSON: {error}") from error
        if not isinstance(line, dict):
            raise ConfigError(f"{path}:{number}: is no object")
        yield f"{path}:{number}", line


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a JSONL file; none when it is absent."""
    return (line for _, line in numbered_lines(path))


def needed(place: str, line: Mapping[str, Any], *names: str) -> None:
    """Stop where a line leaves out what it must say.

    Raises:
        ConfigError: naming the line and the first of these keys without a value.
    """
    missing = [name for name in names if line.get(name) in (None, "")]
    if missing:
        raise ConfigError(f"{place}: there is no {missing[0]!r}")


class Once:
    """Hears of identifiers and stops at the second of a kind. A class for what it has heard."""

    def __init__(self) -> None:
        """Nothing heard yet."""
        self._places: dict[str, str] = {}

    def hear(self, identifier: str, place: str) -> None:
        """Take note of one.

        Raises:
            ConfigError: it was heard before; both lines are named.
        """
        if identifier in self._places:
            number = self._places[identifier].rpartition(":")[2]
            raise ConfigError(f"{place}: the id {identifier!r} is that of line {number} too")
        self._places[identifier] = place
