"""Where is my liver? A part that somebody names, looked for among the parts of the picture."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from app.anatomy.catalogue import Catalogue
from app.report.content import ReportStructure

MAX_CHARS: Final = 80
MIN_CHARS: Final = 3
"""Shorter words stand inside too many names."""


@dataclass(frozen=True)
class Found:
    """What became of a name: here (with the numbers to light up), unsure, absent or unknown."""

    state: Literal["here", "unsure", "absent", "unknown"]
    name: str = ""
    numbers: tuple[int, ...] = ()


def find_part(
    typed: str,
    parts: tuple[ReportStructure, ...],
    unsure: tuple[str, ...],
    catalogue: Catalogue,
    language: str,
) -> Found | None:
    """The part that somebody typed, or None when nothing was typed.

    A whole question is fine: the longest known name in it counts, and half a name too.
    """
    words = _plain(typed[:MAX_CHARS])
    if not words:
        return None
    here = _best(words, [part.name for part in parts])
    if here:
        chosen = [part for part in parts if part.name in here]
        return Found(
            "here",
            ", ".join(part.name for part in chosen),
            tuple(part.number for part in chosen),
        )
    doubtful = _best(words, unsure)
    if doubtful:
        return Found("unsure", ", ".join(doubtful))
    texts = (one.text(language).name for one in catalogue.structures.values())
    elsewhere = _best(words, texts)
    return Found("absent", ", ".join(elsewhere[:2])) if elsewhere else Found("unknown")


def _best(words: str, names: Iterable[str]) -> list[str]:
    """The names that fit: exactly, else the longest one inside the words, else those with them."""
    plain = {name: _plain(name) for name in names}
    for fits in (
        [name for name, one in plain.items() if one == words],
        _longest({name: one for name, one in plain.items() if f" {one} " in f" {words} "}),
        [name for name, one in plain.items() if any(_is_part(w, one) for w in words.split())],
    ):
        if fits:
            return fits
    return []


def _longest(fitting: dict[str, str]) -> list[str]:
    most = max((len(one) for one in fitting.values()), default=0)
    return [name for name, one in fitting.items() if len(one) == most]


def _is_part(word: str, name: str) -> bool:
    return len(word) >= MIN_CHARS and any(one.startswith(word) for one in name.split())


def _plain(text: str) -> str:
    """Small letters without marks, words alone: "Où est mon FOIE ?" is "ou est mon foie"."""
    spread = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(letter for letter in spread if not unicodedata.combining(letter))
    return " ".join(re.findall(r"\w+", bare))
