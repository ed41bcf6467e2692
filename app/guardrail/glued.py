"""Cuts words that were typed without spaces ("icantbreathe") into words of the lists."""

from collections.abc import Sequence
from typing import Final

from app.guardrail.concepts import Lexicon

_SHORTEST: Final = 7
_LONGEST: Final = 120
_LONGEST_WORD: Final = 14
# Two-letter words that make a cut plausible; all others must have three letters.
_SHORT_WORDS: Final = frozenset(
    ("i", "a", "my", "me", "in", "on", "is", "it", "am", "im", "no", "to", "of", "at", "be", "we")
)
_MAX_CUTS: Final = 24
_MAX_DOUBLED: Final = 4


def split_glued(lexicon: Lexicon, tokens: Sequence[str]) -> list[str]:
    """The words with unknown long ones cut, where the whole of such a word can be cut."""
    found: list[str] = []
    cuts = 0
    for token in tokens:
        worth = _SHORTEST <= len(token) <= _LONGEST and not _is_listed(lexicon, token)
        if worth and cuts < _MAX_CUTS and not lexicon.has_stem(token):
            cuts += 1
            found += _cut(lexicon, token) or [_unstretch(lexicon, token)]
        else:
            found.append(_unstretch(lexicon, token))
    return found


def _unstretch(lexicon: Lexicon, token: str) -> str:
    """A word with letters held too long ("bleediing"), as the listed word it stands for."""
    if len(token) > _LONGEST or _is_listed(lexicon, token):
        return token
    doubled = [at for at in range(1, len(token)) if token[at] == token[at - 1]][:_MAX_DOUBLED]
    for number in range((1 << len(doubled)) - 1, 0, -1):
        dropped = {at for bit, at in enumerate(doubled) if number >> bit & 1}
        shorter = "".join(char for at, char in enumerate(token) if at not in dropped)
        if _is_listed(lexicon, shorter):
            return shorter
    return token


def _is_listed(lexicon: Lexicon, token: str) -> bool:
    return token in lexicon.known or token in lexicon.exact


def _cut(lexicon: Lexicon, token: str) -> list[str]:
    """The cut with the fewest words, or [] when there is none."""
    best: list[list[str] | None] = [[]] + [None] * len(token)
    for end in range(1, len(token) + 1):
        for start in range(max(0, end - _LONGEST_WORD), end):
            before = best[start]
            if before is None or not _is_word(lexicon, token[start:end]):
                continue
            current = best[end]
            if current is None or len(before) + 1 < len(current):
                best[end] = [*before, token[start:end]]
    cut = best[-1]
    # "lesions" is not "les i ons": words cut out of chance letters are short.
    return cut if cut and 2 <= len(cut) <= len(token) / 3 else []


def _is_word(lexicon: Lexicon, part: str) -> bool:
    if len(part) < 3:
        return part in _SHORT_WORDS
    return part in lexicon.known or part in lexicon.exact
