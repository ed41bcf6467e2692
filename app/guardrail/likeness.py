"""How much a question sounds like those that needed a person at once: weights learnt from cases.

The rules hear what they list. This hears what is like it: pieces of words, neighbouring words and
the concepts of the rules that stand together each carry a weight per kind of alarm, learnt from the
cases of the project (`python -m app learn-alarms`). It adds alarms; it takes back an emergency only
where it speaks clearly against one, and never what a rule says of self-harm or of danger.
"""

import zipfile
import zlib
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.guardrail.hearing import View
from app.guardrail.patterns import BORDER, Spans

KINDS: Final = ("none", "emergency", "self_harm", "person_at_risk")
SLOTS: Final = 1 << 16
"""So many weights a kind; pieces whose numbers agree in the lowest 16 bits share one."""
CALLS: Final = 1.5
"""From this score on a question calls somebody; chosen on cases that were held back."""
OBJECTS: Final = -1.0
"""Below it the weighing of a complaint calls nobody."""
DENIES: Final = -2.5
"""Below it no rule of an emergency does; of lines held back it took no true one back."""
_LEAST_WORDS: Final = 2
_PASSAGE: Final = 40
_GRAMS: Final = (3, 4, 5)
_START: Final = 4
_PRIME: Final = np.uint32(16_777_619)
_MOST_CONCEPTS: Final = 24

Slots = NDArray[np.int64]
Pieces = NDArray[np.uint32]


@dataclass(frozen=True)
class Likeness:
    """Weights per kind and slot, int8 of shape (4, SLOTS), and what one unit of them is worth."""

    weights: NDArray[np.int8]
    unit: float
    bias: NDArray[np.float32]

    @classmethod
    def deaf(cls) -> "Likeness":
        """One that hears nothing, until something is learnt."""
        nothing = np.zeros((len(KINDS), SLOTS), np.int8)
        return cls(nothing, 1.0, np.array([99, 0, 0, 0], np.float32))

    def hear(self, view: View, languages: Sequence[str]) -> tuple[float, str]:
        """The highest score of a passage, in logits against "none", and its kind; 0 for a word."""
        return max(map(self.judge, passages(view, languages)), default=(0.0, KINDS[1]))

    def judge(self, slots: Slots) -> tuple[float, str]:
        """The score of one passage and the likeliest kind of alarm."""
        summed = self.weights[:, slots].sum(axis=1, dtype=np.int32)
        logits = summed * (self.unit / np.sqrt(len(slots))) + self.bias
        alarms = logits[1:]
        return float(np.logaddexp.reduce(alarms) - logits[0]), KINDS[1 + int(alarms.argmax())]


def load_likeness(file: Path) -> Likeness:
    """Reads the weights.

    Raises:
        ValueError: the file is none that `save_likeness` wrote.
        OSError: it cannot be read.
    """
    try:
        with np.load(file, allow_pickle=False) as held:
            likeness = Likeness(held["weights"], float(held["unit"]), held["bias"])
    except (KeyError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(f"{file.name} holds no weights") from error
    if likeness.weights.shape != (len(KINDS), SLOTS) or likeness.weights.dtype != np.int8:
        raise ValueError(f"{file.name} holds weights of another shape")
    return likeness


def in_steps(weights: NDArray[np.float32], bias: NDArray[np.float32]) -> Likeness:
    """Weights of shape (4, SLOTS) in steps of a 127th of the largest."""
    unit = float(np.abs(weights).max()) / 127
    return Likeness(np.round(weights / unit).astype(np.int8), unit, bias)


def save_likeness(file: Path, likeness: Likeness) -> None:
    """Writes the weights."""
    np.savez_compressed(
        file, weights=likeness.weights, unit=np.float64(likeness.unit), bias=likeness.bias
    )


def passages(view: View, languages: Sequence[str]) -> Iterator[Slots]:
    """The slots of each passage of a view: sentences together up to 40 words, two at least."""
    cuts = list(_cut(view))
    found = [
        (_by_passage(view.spans.get(code, {}), cuts), _by_passage(view.stated.get(code, {}), cuts))
        for code in languages
    ]
    for number, (start, end) in enumerate(cuts):
        tokens = view.tokens[start:end]
        pieces = [*_of_letters(tokens), *_of_words(tokens)]
        for held, stated in found:
            pieces += _of_concepts(held[number], stated[number])
        yield _slots(pieces)


def _cut(view: View) -> Iterator[tuple[int, int]]:
    """Where passages begin and end: at the ends of sentences where these are near enough."""
    spans: Mapping[str, Spans] = view.spans
    marks = next(iter(spans.values()), {}).get(BORDER, ())
    ends = sorted({end for end, _ in marks} | {len(view.tokens)})
    start = last = 0
    for end in ends:
        while end - start > _PASSAGE:
            stop = last if last > start else start + _PASSAGE
            yield start, stop
            start = last = stop
        last = end
    if last - start >= _LEAST_WORDS:
        yield start, last


def _of_letters(tokens: Sequence[str]) -> list[Pieces]:
    """Every three, four and five letters in a row, the spaces between words included."""
    letters = np.frombuffer(f" {' '.join(tokens)} ".encode("utf-32-le"), np.uint32)
    return [_in_a_row(letters, n) for n in _GRAMS if len(letters) >= n]


def _in_a_row(letters: Pieces, n: int) -> Pieces:
    summed = np.full(len(letters) - n + 1, n, np.uint32)
    for at in range(n):
        summed = summed * _PRIME + letters[at : len(letters) - n + 1 + at]
    return summed


def _of_words(tokens: Sequence[str]) -> list[Pieces]:
    """Every word, and those that stand next to each other or one apart."""
    whole, start = _named("word", tokens), _named("start", [token[:_START] for token in tokens])
    return [
        whole,
        whole[:-1] * _PRIME + whole[1:],
        start[:-1] * _PRIME + start[1:],
        whole[:-2] * _PRIME * _PRIME + whole[2:],
    ]


def _by_passage(spans: Spans, cuts: Sequence[tuple[int, int]]) -> list[list[str]]:
    """For each passage the concepts that stand in it, by name."""
    held: list[list[str]] = [[] for _ in cuts]
    starts = [start for start, _ in cuts]
    for name in sorted(spans):
        inside = {
            number
            for low, high in spans[name]
            if (number := bisect_right(starts, low) - 1) >= 0 and high <= cuts[number][1]
        }
        for number in inside:
            held[number].append(name)
    return held


def _of_concepts(names: Sequence[str], stated: Sequence[str]) -> list[Pieces]:
    """Which concepts stand in a passage, which of them are stated, and which stand together."""
    held = _named("concept", names[:_MOST_CONCEPTS])
    one, two = np.triu_indices(len(held), 1)
    return [held, _named("stated", stated), held[one] * _PRIME + held[two]]


def _named(kind: str, names: Sequence[str]) -> Pieces:
    seed = zlib.crc32(kind.encode())
    return np.array([zlib.crc32(name.encode(), seed) for name in names], np.uint32)


def _slots(pieces: Sequence[Pieces]) -> Slots:
    """The slots of pieces, each once: their numbers well mixed, the lowest 16 bits."""
    mixed = np.concatenate(pieces)
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):
        mixed = (mixed ^ (mixed >> np.uint32(shift))) * np.uint32(factor)
    return np.unique((mixed ^ (mixed >> np.uint32(16))) & np.uint32(SLOTS - 1)).astype(np.int64)
