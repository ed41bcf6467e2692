"""Sums up what a sentence says of somebody's state: who, which part, what is wrong, since when."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from app.guardrail.hearing import ASKED_PART, View
from app.guardrail.patterns import BORDER

_LEAST_WORDS = 4
_EXPLAINS = -2  # a kind that weighs this or less makes a statement harmless


@dataclass(frozen=True)
class WordKind:
    """Concepts that count as one kind of word, and how much it says."""

    name: str
    weight: int
    concepts: frozenset[str]


@dataclass(frozen=True)
class Scale:
    """What the kinds of words weigh, and the sum at which a person is called."""

    threshold: int
    plain_threshold: int  # of a sentence that neither asks nor holds anything harmless
    statement: int
    without_person: frozenset[str]  # languages that leave out "I" and "he"
    kinds: tuple[WordKind, ...]

    def calls(self, names: frozenset[str]) -> bool:
        """Whether a sentence that holds these kinds of words calls a person."""
        plain = not names & (self.explaining | {ASKED_PART})
        return self.weight_of(names) >= (self.plain_threshold if plain else self.threshold)

    def weight_of(self, names: frozenset[str]) -> int:
        """The sum of a sentence that holds these kinds of words."""
        return self.statement + sum(kind.weight for kind in self.kinds if kind.name in names)

    @property
    def explaining(self) -> frozenset[str]:
        """The kinds of words that make a statement harmless."""
        return frozenset(kind.name for kind in self.kinds if kind.weight <= _EXPLAINS)


def complains(scale: Scale, view: View, languages: Iterable[str]) -> bool:
    """Whether some sentence weighs enough, in some language, to call a person."""
    return any(
        scale.calls(held)
        for language in languages
        for held in read_sentences(scale, language, view)
    )


def is_unplaced(scale: Scale, view: View, languages: Iterable[str]) -> bool:
    """Whether somebody states something of a person that nothing harmless explains."""
    return len(view.tokens) >= _LEAST_WORDS and any(
        {"person"} <= held and not held & (scale.explaining | {ASKED_PART})
        for language in languages
        for held in read_sentences(scale, language, view)
    )


def read_sentences(scale: Scale, language: str, view: View) -> Iterator[frozenset[str]]:
    """The kinds of words that each sentence states; what is asked in it counts for nothing."""
    spans = view.spans.get(language, {})
    ends = [end for end, _ in spans.get(BORDER, ())]
    asked = [at for low, high in spans.get(ASKED_PART, ()) for at in (low, high)]
    sentences: dict[int, set[str]] = {}
    for kind in scale.kinds:
        for concept in kind.concepts & spans.keys():
            for start, _ in spans[concept]:
                # Inside a part that asks, an odd number of its borders lies behind.
                if kind.weight < 0 or not bisect_right(asked, start) % 2:
                    sentences.setdefault(bisect_right(ends, start), set()).add(kind.name)
    for start, _ in spans.get(ASKED_PART, ()):
        sentences.setdefault(bisect_right(ends, start), set()).add(ASKED_PART)
    implied = {"person"} if language in scale.without_person else set()
    for held in sentences.values():
        yield frozenset(held | implied)
