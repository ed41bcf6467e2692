"""The shapes in which a word may be mistyped: letters lost, and what sounds the same."""

import re
from functools import lru_cache
from typing import Final

_SOUNDS: Final = (
    (re.compile(r"^(?:kn|gn)"), "n"),
    (re.compile(r"^wr"), "r"),
    (re.compile(r"ph"), "f"),
    (re.compile(r"igh|gh"), ""),
    (re.compile(r"sch|sh"), "x"),
    (re.compile(r"ck|q|c(?![eiyh])"), "k"),
    (re.compile(r"[zc](?!h)"), "s"),
    (re.compile(r"th"), "0"),
    (re.compile(r"[aeiouyw]+"), "a"),
    (re.compile(r"(.)\1+"), r"\1"),
)


@lru_cache(maxsize=20_000)
def deletions(word: str, times: int = 1) -> frozenset[str]:
    """The word and what is left of it with up to `times` letters taken out."""
    found = {word, *(word[:at] + word[at + 1 :] for at in range(len(word)))}
    if times > 1:
        found |= {shorter for shape in tuple(found) for shorter in deletions(shape, times - 1)}
    return frozenset(found)


def sound(word: str) -> str:
    """How an English word sounds, roughly: "throte" and "throat" give the same."""
    for pattern, replacement in _SOUNDS:
        word = pattern.sub(replacement, word)
    return word.rstrip("a") or word
