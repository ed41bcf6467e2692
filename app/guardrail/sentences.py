"""Splits a text into sentences and a sentence into the parts that can stand alone."""

import re
from typing import Final

# A full stop after one letter or a known short form ends nothing: "M. Right foot" is the exception
# that is wanted (a name before, a view behind), so only lower-case short forms are listed.
_END: Final = re.compile(r"(?<=[.!?…؟。])[\"'\u201d\u2019)\]]*\s+|\s*[\r\n]+\s*")
_SHORT: Final = re.compile(
    r"(?:\b(?:e\.g|i\.e|approx|ca|bzw|z\.B|d\.h|np|tzn|vs|etc|Dr|Nr|no))\.$", re.I
)
_CLAUSE: Final = re.compile(r"\s*[;]\s*")
MAX_SENTENCES: Final = 60


def split_sentences(text: str) -> list[str]:
    """The sentences of a text, stripped, at most MAX_SENTENCES of them."""
    found: list[str] = []
    for piece in _END.split(text):
        piece = piece.strip()
        if not piece:
            continue
        if found and _SHORT.search(found[-1]):
            found[-1] = f"{found[-1]} {piece}"
        else:
            found.append(piece)
        if len(found) > MAX_SENTENCES:
            break
    return found


def split_clauses(sentence: str) -> list[str]:
    """The parts of a sentence between semicolons."""
    return [part for part in _CLAUSE.split(sentence) if part.strip()]
