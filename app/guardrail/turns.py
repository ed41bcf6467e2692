"""Approved turns of phrase: words that may be shown together, though not each alone."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from app.guardrail.normalise import fold, words

X_RAY: Final = re.compile(r"\bx[-\u2010\u2011 ](?=ray)", re.IGNORECASE)
_PIECE: Final = re.compile(r"\(([^()]*)\)|([^()]+)")
_INNER: Final = re.compile(r"(?<=[(|])\(([^()]*)\)(?=[|)])")
_LONGEST: Final = 20  # words
_SHARED: Final = 5  # first words from which on what goes on alike is one pattern


@dataclass(frozen=True)
class Turns:
    """Turns of phrase by their first word: patterns over the words behind it, each with a space.

    Many first words share the pattern of what goes on alike ("(critical|dead|hot) (button|key)").
    """

    by_first: dict[str, tuple[re.Pattern[str], ...]]

    def length_at(self, tokens: Sequence[str], at: int) -> int:
        """How many words the turn of phrase that begins at a word has; 0 where none does."""
        patterns = self.by_first.get(tokens[at])
        if patterns is None:
            return 0
        rest = "".join(f"{token} " for token in tokens[at + 1 : at + _LONGEST])
        matches = [match for pattern in patterns if (match := pattern.match(rest))]
        return 1 + max(match[0].count(" ") for match in matches) if matches else 0


NO_TURNS: Final = Turns({})


def read_turns(turns: Iterable[Sequence[tuple[str, ...]]]) -> Turns:
    """Makes turns, each read by `parts_of`, into patterns by their first word."""
    own: dict[str, dict[str, int]] = {}
    shared: dict[str, list[re.Pattern[str]]] = {}
    for parts in turns:
        rest = "".join(_either(several) for several in parts[1:])
        length = sum(max(map(len, several)) for several in parts)
        by_first = _by_first_word(parts[0])
        if len(by_first) >= _SHARED:
            pattern = re.compile(rest)
            for first in [first for first, several in by_first.items() if several == [""]]:
                shared.setdefault(first, []).append(pattern)
                del by_first[first]
        for first, several in by_first.items():
            own.setdefault(first, {})[_either(several) + rest] = length
    found = {first: [_compile(several)] for first, several in own.items()}
    for first, patterns in shared.items():
        found.setdefault(first, []).extend(patterns)
    return Turns({first: tuple(patterns) for first, patterns in found.items()})


def parts_of(line: str) -> list[tuple[str, ...]]:
    """Reads "shadow of (a|the) (old|) tree": one of several, an empty one for nothing.

    Gives the parts of the turn: each the folded words, with a space behind each, that it may be.

    Raises:
        ValueError: the turn begins with a choice of nothing, holds no word, or among several words
            of one choice another ("(a|b (c|d))").
    """
    flat = _flattened(line)
    parts = [_choices(match) for match in _PIECE.finditer(flat) if match[0].strip()]
    if not parts or "" in parts[0] or _PIECE.sub("", flat):
        raise ValueError(line)
    return parts


def _flattened(line: str) -> str:
    """A turn in which a choice that is one of a choice ("((a|b)|c)") is part of it."""
    flat = _INNER.sub(r"\1", line)
    return line if flat == line else _flattened(flat)


def _by_first_word(choices: Sequence[str]) -> dict[str, list[str]]:
    """What follows the first word of each choice, by that word."""
    several: dict[str, list[str]] = {}
    for choice in choices:
        first, _, rest = choice.partition(" ")
        several.setdefault(first, []).append(rest)
    return several


def _choices(match: re.Match[str]) -> tuple[str, ...]:
    texts = [match[2]] if match[1] is None else match[1].split("|")
    folded = [words(fold(X_RAY.sub("x", text))) for text in texts]
    return tuple("".join(f"{word} " for word in several) for several in folded)


def _either(several: Sequence[str]) -> str:
    longest_first = sorted(set(several), key=len, reverse=True)
    return longest_first[0] if len(longest_first) == 1 else f"(?:{'|'.join(longest_first)})"


def _compile(patterns: dict[str, int]) -> re.Pattern[str]:
    """One pattern for all turns with one first word, the longest tried first."""
    return re.compile("|".join(sorted(patterns, key=lambda one: patterns[one], reverse=True)))
