"""Cuts words that were typed without spaces ("icantbreathe") into words of the lists."""

import re
from collections.abc import Sequence
from itertools import chain
from typing import Final

from app.guardrail.concepts import Lexicon, Patience
from app.guardrail.wordtable import Known

_SHORTEST: Final = 7
_LONGEST: Final = 120
_LONGEST_WORD: Final = 14
# Two-letter words that make a cut plausible; all others must have three letters.
_SHORT_WORDS: Final = frozenset(
    ("i", "a", "my", "me", "in", "on", "is", "it", "am", "im", "no", "to", "of", "at", "be", "we")
)
_MAX_DOUBLED: Final = 4
_DOUBLED: Final = re.compile(r"(.)\1")


def split_glued(lexicon: Lexicon, tokens: Sequence[str], patience: Patience) -> list[str]:
    """The words with unknown long ones cut, where the whole of such a word can be cut."""
    known, cuts = lexicon.known_in(patience), patience.cuts
    for token in tokens:
        if token not in cuts:
            is_word = len(token) < 2 or not token.isalpha() or known[token]
            cuts[token] = (token,) if is_word else _resolve(lexicon, token, patience)
    return list(chain.from_iterable(map(cuts.__getitem__, tokens)))


def _resolve(lexicon: Lexicon, token: str, patience: Patience) -> tuple[str, ...]:
    known = lexicon.known_in(patience)
    if len(token) > _LONGEST:
        return (token,)
    if len(token) >= _SHORTEST and patience.cuts_left > 0 and not lexicon.has_stem(token):
        patience.cuts_left -= 1
        cut = _cut(known, token)
        if cut:
            return tuple(cut)
    return (_unstretch(known, token),)


def _unstretch(known: Known, token: str) -> str:
    """A word with letters held too long ("bleediing"), as the listed word it stands for."""
    if not _DOUBLED.search(token):
        return token
    doubled = [at for at in range(1, len(token)) if token[at] == token[at - 1]][:_MAX_DOUBLED]
    for number in range((1 << len(doubled)) - 1, 0, -1):
        dropped = {at for bit, at in enumerate(doubled) if number >> bit & 1}
        shorter = "".join(char for at, char in enumerate(token) if at not in dropped)
        if known[shorter]:
            return shorter
    return token


def _cut(known: Known, token: str) -> list[str]:
    """The cut with the fewest words, or [] when there is none."""
    best: list[list[str] | None] = [[]] + [None] * len(token)
    for end in range(1, len(token) + 1):
        for start in range(max(0, end - _LONGEST_WORD), end):
            before = best[start]
            if before is None or not _is_word(known, token[start:end]):
                continue
            current = best[end]
            if current is None or len(before) + 1 < len(current):
                best[end] = [*before, token[start:end]]
    cut = best[-1]
    # "lesions" is not "les i ons": words cut out of chance letters are short.
    return cut if cut and 2 <= len(cut) <= len(token) / 3 else []


def _is_word(known: Known, part: str) -> bool:
    return part in _SHORT_WORDS if len(part) < 3 else known[part]
