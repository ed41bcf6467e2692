"""Counts how hard a text is to read: Flesch-Kincaid grade for English, LIX for the others."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import pyphen

_SENTENCE_END: Final = re.compile(r"[.!?:…؟]+[\"'\u201d\u2019»)]*(?:\s|$)")
_WORD: Final = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*")
_VOWELS: Final = re.compile(r"[aeiouy]+")
_LONG_WORD: Final = 7  # letters; Source: C. H. Björnsson, Läsbarhet (1968)
# pyphen's names of its patterns; Arabic has none and is judged by sentence length alone.
_PATTERNS: Final = {
    "en": "en_US",
    "nl": "nl_NL",
    "de": "de_DE",
    "fr": "fr",
    "es": "es",
    "pl": "pl_PL",
}


@dataclass(frozen=True)
class Reading:
    """How hard a text is: mean and longest sentence in words, LIX, Flesch-Kincaid school grade."""

    mean_sentence: float
    longest_sentence: int
    lix: float
    grade: float


def measure(text: str, language: str = "en") -> Reading:
    """Measures a text; the grade is meant for English only.

    Source: Kincaid et al. 1975: 0.39 words per sentence + 11.8 syllables per word - 15.59.
    """
    sentences = [_WORD.findall(part) for part in _SENTENCE_END.split(text)]
    sentences = [part for part in sentences if part]
    found = [word for part in sentences for word in part]
    if not found:
        return Reading(0.0, 0, 0.0, 0.0)
    mean = len(found) / len(sentences)
    long_share = sum(len(word) >= _LONG_WORD for word in found) / len(found)
    syllables = sum(count_syllables(word, language) for word in found) / len(found)
    return Reading(
        mean_sentence=mean,
        longest_sentence=max(map(len, sentences)),
        lix=mean + 100 * long_share,
        grade=0.39 * mean + 11.8 * syllables - 15.59,
    )


def count_syllables(word: str, language: str = "en") -> int:
    """The syllables of a word: what hyphenation shows, and at least its groups of vowels."""
    lower = word.casefold()
    hyphenated = len(_patterns(language).positions(lower)) + 1 if language in _PATTERNS else 1
    groups = len(_VOWELS.findall(lower))
    # A silent e at the end ("like") is no syllable, but "-le" ("little") is.
    if language == "en" and lower.endswith("e") and not lower.endswith("le") and groups > 1:
        groups -= 1
    return max(hyphenated, groups, 1)


@lru_cache(maxsize=8)
def _patterns(language: str) -> pyphen.Pyphen:
    return pyphen.Pyphen(lang=_PATTERNS[language])
