"""How much a sentence of approved words sounds like a plain description, by weights learnt.

A rule that listens for how findings may be put in everyday words ("a gap in …") meets harmless
sentences too ("the kneecap glides in a groove of the thigh bone"). Rules marked `yields` in the
policy say nothing against a sentence that clearly sounds like those which the cases call harmless;
and one that clearly sounds like a hint is held though no rule objects. No weight brings in a word
that is not approved, and no other rule is ever overruled.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.guardrail.likeness import PRIME, Numbered, Pieces, Slots, by_passage, named
from app.guardrail.vocabulary import Vocabulary

KINDS: Final = ("plain", "hint")
YIELDS: Final = -2.5
"""Up to this score a rule yields; chosen on sentences held back: see the card."""
SURELY: Final = -6.0
"""Up to this one also rules against negations, where no word is in doubt; chosen as the other."""
OBJECTS: Final = 2.0
"""Above it a sentence is held though no rule objects; chosen as the other."""
OBJECTS_SHORT: Final = 3.0
"""The same for one of fewer than `SHORT` words: what is short and plain sounds more like a hint."""
SHORT: Final = 8
LEAST_HEARD: Final = 5
"""Names, and sentences of fewer words, sound like nothing."""
_FUNCTION: Final = ("function", "irregular")
_BEGIN, _END = "^", "$"


def slots_of(vocabulary: Vocabulary, tagged: Sequence[str]) -> Slots:
    """The slots of one tagged sentence: see `slots_of_all`."""
    return slots_of_all(vocabulary, [tagged])[0]


def slots_of_all(vocabulary: Vocabulary, several: Sequence[Sequence[str]]) -> tuple[Slots, Slots]:
    """The slots of tagged sentences, one after the other, and where each begins.

    They are what stands in a sentence, one to three in a row: its words, the tags that rules see,
    the groups of its words with the function words between them, and the groups alone, which all
    languages share; and every two tags that stand in it.
    """
    language, known = vocabulary.language, _Families(vocabulary)
    words = [word for tagged in several for word in (_BEGIN, *tagged, _END)]
    families = [known[word] for word in words]
    rows = {
        f"word {language}": words,
        f"group {language}": [_tag_of(word) for word in words],
        f"family {language}": [one or word for one, word in zip(families, words, strict=True)],
        "family": families,
    }
    sentences = np.repeat(np.arange(len(several)), [len(tagged) + 2 for tagged in several])
    numbered = np.stack([named(name, names) for name, names in rows.items()])
    pieces = [*_in_a_row(numbered, sentences), *_together(language, several)]
    return by_passage(pieces, len(several))


def _tag_of(word: str) -> str:
    return word[:2] if word[1:2] == "_" else word


def _together(language: str, several: Sequence[Sequence[str]]) -> Iterator[Numbered]:
    """Of every sentence each two of its tags."""
    for number, tagged in enumerate(several):
        held = named(f"held {language}", sorted({_tag_of(word) for word in tagged}))
        one, two = _pairs(len(held))
        yield held[one] * PRIME + held[two], np.full(len(one), number)


@lru_cache(maxsize=128)
def _pairs(size: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Both places of every pair of so many."""
    one, two = np.triu_indices(size, 1)
    return one, two


class _Families(dict[str, str]):
    """The groups of tagged words without their kinds ("verb_er" is a verb), each looked up once.

    "" for function words; a word without a group stands for itself.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._group_of = vocabulary.group_of

    def __missing__(self, tag: str) -> str:
        group = self._group_of(tag.split("_", 1)[-1])
        family = self[tag] = "" if group in _FUNCTION else group.split("_")[0] or tag
        return family


def _in_a_row(rows: Pieces, sentences: Slots) -> Iterator[Numbered]:
    """Of every row runs of one to three, and pairs with one between, within each sentence."""
    two = rows[:, :-1] * PRIME + rows[:, 1:]
    three = two[:, :-1] * PRIME + rows[:, 2:]
    apart = rows[:, :-2] * PRIME * PRIME * PRIME + rows[:, 2:]
    for run, length in ((rows, 1), (two, 2), (three, 3), (apart, 3)):
        first = sentences[: len(sentences) + 1 - length]
        inside = first == sentences[length - 1 :]
        yield run[:, inside].ravel(), np.tile(first[inside], len(rows))
