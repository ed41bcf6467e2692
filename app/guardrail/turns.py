"""Approved turns of phrase: words that may be shown together, though not each alone."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from app.guardrail.normalise import fold, words

X_RAY: Final = re.compile(r"\bx[-\u2010\u2011 ](?=ray)", re.IGNORECASE)
_PIECE: Final = re.compile(r"\(([^()]*)\)|([^()]+)")
_LONGEST: Final = 20  # words


@dataclass(frozen=True)
class Turns:
    """Turns of phrase by their first word: each a pattern over words with a space behind each."""

    by_first: dict[str, re.Pattern[str]]

    def length_at(self, tokens: Sequence[str], at: int) -> int:
        """How many words the turn of phrase that begins at a word has; 0 where none does."""
        pattern = self.by_first.get(tokens[at])
        if pattern is None:
            return 0
        match = pattern.match(" ".join(tokens[at : at + _LONGEST]) + " ")
        return match[0].count(" ") if match else 0


def read_turns(lines: Iterable[str]) -> Turns:
    """Reads "shadow of (a|the) (old|) tree": one of several, an empty one for nothing.

    Raises:
        ValueError: a turn begins with a choice of nothing, or holds no word.
    """
    found: dict[str, dict[str, int]] = {}
    for line in lines:
        parts = [_choices(match) for match in _PIECE.finditer(line) if match[0].strip()]
        if not parts or "" in parts[0]:
            raise ValueError(line)
        pattern = "".join(_either(several) for several in parts)
        length = sum(max(map(len, several)) for several in parts)
        for first in {choice.split(" ", 1)[0] for choice in parts[0]}:
            found.setdefault(first, {})[pattern] = length
    return Turns({first: _compile(several) for first, several in found.items()})


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
