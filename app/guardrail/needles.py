"""Tells from the words of a sentence which patterns can match it at all, so that few are tried."""

import importlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

# The parser that `re` itself uses: what a pattern must hold is read off its tree.
_parser: Final[Any] = importlib.import_module("re._parser")
Needles = tuple[str, ...]
_MOST_WORDS: Final = 20_000


@dataclass(frozen=True)
class Sieve:
    """Patterns by the pieces of words that they cannot match without."""

    patterns: tuple[re.Pattern[str], ...]
    numbers: Mapping[str, frozenset[int]]  # needle -> the patterns that may match where it stands
    always: frozenset[int]  # the patterns without a needle
    _of_word: dict[str, frozenset[int]] = field(default_factory=dict, compare=False, repr=False)

    def matching(self, words: Sequence[str]) -> list[int]:
        """The numbers of the patterns that match the words, joined by spaces.

        The words are remembered: they must be those of a vocabulary, never what somebody typed.
        """
        text = " ".join(words)
        possible = set(self.always)
        for word in set(words):
            found = self._of_word.get(word)
            if found is None:
                found = self._look_up(word)
                if len(self._of_word) < _MOST_WORDS:
                    self._of_word[word] = found
            possible |= found
        return [number for number in sorted(possible) if self.patterns[number].search(text)]

    def _look_up(self, word: str) -> frozenset[int]:
        size = range(len(word) + 1)
        pieces = {word[start:end] for start in size for end in size[start + 1 :]}
        return frozenset().union(*(self.numbers[one] for one in pieces & self.numbers.keys()))


def make_sieve(patterns: Iterable[re.Pattern[str]]) -> Sieve:
    """The patterns with what they need, read off once."""
    several = tuple(patterns)
    numbers: dict[str, set[int]] = {}
    always = set()
    for number, pattern in enumerate(several):
        needles = needles_of(pattern)
        if not needles:
            always.add(number)
        for needle in needles:
            numbers.setdefault(needle, set()).add(number)
    return Sieve(
        several, {needle: frozenset(found) for needle, found in numbers.items()}, frozenset(always)
    )


@cache
def needles_of(pattern: re.Pattern[str]) -> Needles:
    """Pieces of words, at least one of which stands in every text that a pattern matches.

    () where there is none such, and for patterns that ignore case.
    """
    if pattern.flags & re.IGNORECASE:
        return ()
    return _of_sequence(_parser.parse(pattern.pattern))


def _of_sequence(items: Iterable[tuple[Any, Any]]) -> Needles:
    """The needles of the part that is rarest, going by their length."""
    found: list[Needles] = []
    run = ""
    for operation, value in items:
        name = str(operation)
        if name == "LITERAL":
            run += chr(value)
            continue
        found += [_of_run(run), _of_part(name, value)]
        run = ""
    found.append(_of_run(run))
    return max(found, key=lambda needles: min(map(len, needles), default=0))


def _of_run(run: str) -> Needles:
    """The longest piece of letters in a row: words are looked at one by one."""
    longest = max(run.split(), key=len, default="")
    return (longest,) if longest else ()


def _of_part(name: str, value: Any) -> Needles:
    if name == "SUBPATTERN":
        return _of_sequence(value[-1])
    if name == "ASSERT":
        return _of_sequence(value[1])
    if name in ("MAX_REPEAT", "MIN_REPEAT"):
        return _of_sequence(value[2]) if value[0] else ()
    if name == "BRANCH":
        branches = [_of_sequence(branch) for branch in value[1]]
        return tuple(needle for branch in branches for needle in branch) if all(branches) else ()
    return ()
