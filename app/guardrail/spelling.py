"""The shapes in which a word may be mistyped: letters lost, and what sounds the same."""

import re
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


def deletions(word: str, times: int = 1) -> set[str]:
    """The word and what is left of it with up to `times` letters taken out, at most two."""
    found = {word[:at] + word[at + 1 :] for at in range(len(word))}
    if times > 1:
        found |= {
            shorter[:at] + shorter[at + 1 :] for shorter in found for at in range(len(shorter))
        }
    found.add(word)
    return found


def sound(word: str) -> str:
    """How an English word sounds, roughly: "throte" and "throat" give the same."""
    for pattern, replacement in _SOUNDS:
        word = pattern.sub(replacement, word)
    return word.rstrip("a") or word
