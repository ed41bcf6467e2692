"""The shapes in which a word may be mistyped: letters lost, and what sounds the same."""

import re
from typing import Final

# What must stand in a word for a rule to change it, the rule, and what it writes instead.
_SOUNDS: Final = (
    ("n", re.compile(r"^(?:kn|gn)"), "n"),
    ("wr", re.compile(r"^wr"), "r"),
    ("ph", re.compile(r"ph"), "f"),
    ("gh", re.compile(r"igh|gh"), ""),
    ("h", re.compile(r"sch|sh"), "x"),
    ("", re.compile(r"ck|q|c(?![eiyh])"), "k"),
    ("", re.compile(r"[zc](?!h)"), "s"),
    ("th", re.compile(r"th"), "0"),
    ("", re.compile(r"[aeiouyw]+"), "a"),
    ("", re.compile(r"(.)\1+"), r"\1"),
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
    for needed, pattern, replacement in _SOUNDS:
        if needed in word:
            word = pattern.sub(replacement, word)
    return word.rstrip("a") or word
