"""Sums up what a sentence says of somebody's state: who, which part, what is wrong, since when."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from app.guardrail.hearing import ASKED_PART, QUESTION, View
from app.guardrail.patterns import BORDER, Spans

_LEAST_WORDS = 4
_PERSON = "person"
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

    @cached_property
    def explaining(self) -> frozenset[str]:
        """The kinds of words that make a statement harmless."""
        return frozenset(kind.name for kind in self.kinds if kind.weight <= _EXPLAINS)

    @cached_property
    def placing(self) -> frozenset[str]:
        """The kinds that say what a statement is about; one of weight 0 excuses nothing else."""
        return self.explaining | {kind.name for kind in self.kinds if not kind.weight}

    @cached_property
    def telling(self) -> frozenset[str]:
        """The kinds that say something of a state, beside that somebody has it."""
        told = {kind.name for kind in self.kinds if kind.weight > 0}
        return frozenset(told - {_PERSON})


def complains(scale: Scale, view: View, languages: Iterable[str]) -> bool:
    """Whether some sentence weighs enough, in some language, to call a person."""
    return any(
        scale.calls(held)
        for language in languages
        for held in read_sentences(scale, language, view)
    )


def is_unplaced(
    scale: Scale, view: View, languages: Iterable[str], *, all_known: bool = False
) -> bool:
    """Whether somebody states something of a person that nothing harmless explains.

    Where every word is known, one of them must speak of a state ("I have two children" does not).
    """
    return len(view.tokens) >= _LEAST_WORDS and any(
        not _asks_by_pointing(view.spans.get(language, {}))
        and _PERSON in held
        and not held & (scale.placing | {ASKED_PART})
        and (held & scale.telling or not all_known)
        for language in languages
        for held in read_sentences(scale, language, view)
    )


def _asks_by_pointing(spans: Spans) -> bool:
    """Whether all is one question that begins by pointing ("C'est bien ma main droite ?")."""
    points = any(start == 0 for start, _ in spans.get("pointing", ()))
    return points and bool(spans.get(QUESTION)) and len(set(spans.get(BORDER, ()))) == 1


def read_sentences(scale: Scale, language: str, view: View) -> Iterator[frozenset[str]]:
    """The kinds of words that each sentence states; what is asked in it counts for nothing."""
    spans = view.spans.get(language, {})
    ends = [end for end, _ in spans.get(BORDER, ())]
    asked = [at for low, high in spans.get(ASKED_PART, ()) for at in (low, high)]
    sentences: dict[int, set[str]] = {}
    for kind, start in _longest(scale, spans):
        # Inside a part that asks, an odd number of its borders lies behind.
        if kind.weight < 0 or not bisect_right(asked, start) % 2:
            sentences.setdefault(bisect_right(ends, start), set()).add(kind.name)
    for start, _ in spans.get(ASKED_PART, ()):
        sentences.setdefault(bisect_right(ends, start), set()).add(ASKED_PART)
    implied = {_PERSON} if language in scale.without_person else set()
    # Languages that leave the subject out often ask by the mark alone.
    for at, _ in spans.get(QUESTION, ()) if implied else ():
        sentences.setdefault(bisect_left(ends, at), set()).add(ASKED_PART)
    for held in sentences.values():
        yield frozenset(held | implied)


def _longest(scale: Scale, spans: Spans) -> Iterator[tuple[WordKind, int]]:
    """Each kind with where it begins, but for words inside a longer phrase that says otherwise.

    "Blood pressure tablets" speaks of no blood, "gone a funny colour" of no picture.
    """
    speaking: list[tuple[WordKind, int, int]] = []
    longest: dict[tuple[bool, int], int] = {}  # for or against, and a word -> length of the phrase
    for kind in scale.kinds:
        for concept in kind.concepts & spans.keys():
            for start, end in spans[concept]:
                speaking.append((kind, start, end))
                for at in range(start, end) if end - start > 1 or not kind.weight else ():
                    key = (kind.weight > 0, at)
                    longest[key] = max(longest.get(key, 0), _length(kind, start, end))
    for kind, start, end in speaking:
        other, length = kind.weight <= 0, _length(kind, start, end)
        if all(longest.get((other, at), 0) <= length for at in range(start, end)):
            yield kind, start


def _length(kind: WordKind, start: int, end: int) -> int:
    """The length of a phrase; one that only explains itself wins where it says the same words."""
    return 2 * (end - start) + (not kind.weight)
