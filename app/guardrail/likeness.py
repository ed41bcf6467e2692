"""How much a question sounds like those that needed a person at once: weights learnt from cases.

The rules hear what they list. This hears what is like it: pieces of words, neighbouring words and
the concepts of the rules that stand together each carry a weight per kind of alarm, learnt from the
cases of the project (`python -m app learn-alarms`). It adds alarms; it takes back an emergency only
where it speaks clearly against one, and never what a rule says of self-harm or of danger.
"""

import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.guardrail.hearing import View
from app.guardrail.once import once
from app.guardrail.patterns import BORDER, Spans

KINDS: Final = ("none", "emergency", "self_harm", "person_at_risk")
_BITS: Final = 16
SLOTS: Final = 1 << _BITS
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
PRIME: Final = np.uint32(16_777_619)
_MOST_CONCEPTS: Final = 24

Slots = NDArray[np.int64]
Pieces = NDArray[np.uint32]
Numbered = tuple[Pieces, Slots]
"""Pieces, and for each the number of the passage that it stands in."""
Cuts = Sequence[tuple[int, int]]
Held = tuple[list[str], Slots, Slots]
"""Names; which of them stand in passages, and in which passage each: by passage, then by name."""


@dataclass(frozen=True)
class Likeness:
    """Weights per kind and slot, int8 of shape (kinds, SLOTS), and what a unit of them is worth.

    The first kind is what the others are weighed against.
    """

    weights: NDArray[np.int8]
    unit: float
    bias: NDArray[np.float32]

    @classmethod
    def deaf(cls, kinds: int = len(KINDS)) -> "Likeness":
        """One that hears nothing, until something is learnt."""
        bias = np.zeros(kinds, np.float32)
        bias[0] = 99
        return cls(np.zeros((kinds, SLOTS), np.int8), 1.0, bias)

    def hear(self, view: View, languages: Sequence[str]) -> tuple[float, str]:
        """The highest score of a passage, in logits against "none", and its kind; 0 for a word."""
        slots, starts = passages(view, languages)
        if not len(starts):
            return 0.0, KINDS[1]
        logits = self.weigh(slots, starts)
        scores = np.logaddexp.reduce(logits[1:]) - logits[0]
        at = int(scores.argmax())
        return float(scores[at]), KINDS[1 + int(logits[1:, at].argmax())]

    def weigh(self, slots: Slots, starts: Slots) -> NDArray[np.float64]:
        """Logits of shape (kinds, passages); `starts` says where in `slots` passages begin."""
        summed = np.add.reduceat(self.weights[:, slots], starts, axis=1, dtype=np.int32)
        sizes = np.diff(starts, append=len(slots))
        logits: NDArray[np.float64] = summed * (self.unit / np.sqrt(sizes)) + self.bias[:, None]
        return logits

    def score(self, slots: Slots) -> float:
        """The logit of one passage: all other kinds against the first."""
        return float(self.scores(slots, np.zeros(1, np.int64))[0])

    def scores(self, slots: Slots, starts: Slots) -> NDArray[np.float64]:
        """The logit of each of several passages, which begin in `slots` at `starts`."""
        logits = self.weigh(slots, starts)
        return np.asarray(np.logaddexp.reduce(logits[1:]) - logits[0])


def load_likeness(file: Path, kinds: int = len(KINDS)) -> Likeness:
    """Reads the weights of so many kinds.

    Raises:
        ValueError: the file is none that `save_likeness` wrote.
        OSError: it cannot be read.
    """
    try:
        with np.load(file, allow_pickle=False) as held:
            likeness = Likeness(held["weights"], float(held["unit"]), held["bias"])
    except (KeyError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(f"{file.name} holds no weights") from error
    if likeness.weights.shape != (kinds, SLOTS) or likeness.weights.dtype != np.int8:
        raise ValueError(f"{file.name} holds weights of another shape")
    return likeness


def in_steps(weights: NDArray[np.float32], bias: NDArray[np.float32]) -> Likeness:
    """Weights of shape (kinds, SLOTS) in steps of a 127th of the largest."""
    unit = float(np.abs(weights).max()) / 127
    return Likeness(np.round(weights / unit).astype(np.int8), unit, bias)


def save_likeness(file: Path, likeness: Likeness) -> None:
    """Writes the weights."""
    np.savez_compressed(
        file, weights=likeness.weights, unit=np.float64(likeness.unit), bias=likeness.bias
    )


def passages(view: View, languages: Sequence[str]) -> tuple[Slots, Slots]:
    """The slots of the passages of a view, one after the other, and where each passage begins.

    A passage is sentences together up to 40 words, two words at least.
    """
    return once(("passages", view.tokens, *languages), lambda: _passages(view, languages))


def _passages(view: View, languages: Sequence[str]) -> tuple[Slots, Slots]:
    cuts = list(_cut(view))
    if not cuts:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    tokens = view.tokens[: cuts[-1][1]]
    pieces = [*_of_letters(tokens, cuts), *_of_words(tokens, cuts)]
    for code in languages:
        spans, stated = view.spans.get(code, {}), view.stated.get(code, {})
        held = _by_passage(spans, cuts)
        pieces += _of_concepts(held, held if stated is spans else _by_passage(stated, cuts))
    return by_passage(pieces, len(cuts))


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


def _of_letters(tokens: Sequence[str], cuts: Cuts) -> Iterator[Numbered]:
    """Every three, four and five letters in a row, the spaces around words included."""
    letters = np.frombuffer(f" {' '.join(tokens)} ".encode("utf-32-le"), np.uint32)
    behind = np.cumsum([len(token) + 1 for token in tokens])  # the space behind each word
    ends = behind[[end - 1 for _, end in cuts]]
    passage = np.searchsorted(ends, np.arange(len(letters)), side="right")
    for n in _GRAMS:
        if len(letters) < n:
            return
        summed = np.full(len(letters) - n + 1, n, np.uint32)
        for at in range(n):
            summed = summed * PRIME + letters[at : len(letters) - n + 1 + at]
        first = passage[: len(summed)]
        inside = np.arange(n - 1, len(letters)) <= ends[np.minimum(first, len(ends) - 1)]
        yield summed[inside], first[inside]


def _of_words(tokens: Sequence[str], cuts: Cuts) -> Iterator[Numbered]:
    """Every word, and those that stand next to each other or one apart."""
    whole, start = named("word", tokens), named("start", [token[:_START] for token in tokens])
    passage = np.repeat(np.arange(len(cuts)), [end - start for start, end in cuts])
    yield whole, passage
    near, far = passage[:-1] == passage[1:], passage[:-2] == passage[2:]
    yield (whole[:-1] * PRIME + whole[1:])[near], passage[:-1][near]
    yield (start[:-1] * PRIME + start[1:])[near], passage[:-1][near]
    yield (whole[:-2] * PRIME * PRIME + whole[2:])[far], passage[:-2][far]


def _by_passage(spans: Spans, cuts: Cuts) -> Held:
    """The concepts that stand in each passage, by name."""
    names = sorted(spans)
    pairs = [pair for name in names for pair in spans[name]]
    low, high = np.array(pairs, np.int64).reshape(-1, 2).T
    starts, ends = np.array(cuts, np.int64).T
    passage = np.searchsorted(starts, low, side="right") - 1
    which = np.repeat(np.arange(len(names)), [len(spans[name]) for name in names])
    inside = (passage >= 0) & (high <= ends[passage])
    kinds = max(len(names), 1)
    passage, which = np.divmod(np.unique((passage * kinds + which)[inside]), kinds)
    return names, which, passage


def _of_concepts(held: Held, stated: Held) -> Iterator[Numbered]:
    """Which concepts stand in each passage, which of them are stated, and which stand together."""
    yield _numbered("stated", stated)
    whole, passage = _numbered("concept", held)
    first = np.arange(len(passage)) - np.searchsorted(passage, passage) < _MOST_CONCEPTS
    whole, passage = whole[first], passage[first]
    yield whole, passage
    ends = np.searchsorted(passage, passage, side="right")
    most = int(np.bincount(passage).max()) if len(passage) else 0
    for away in range(1, most):
        together = np.arange(away, len(whole)) < ends[: len(whole) - away]
        pairs = whole[: len(whole) - away] * PRIME + whole[away:]
        yield pairs[together], passage[: len(whole) - away][together]


def _numbered(kind: str, held: Held) -> Numbered:
    """The names that are held with the number of the passage of each."""
    names, which, passage = held
    return named(kind, names)[which], passage


def named(kind: str, names: Sequence[str]) -> Pieces:
    """A number for each name of a kind."""
    seed = zlib.crc32(kind.encode())
    return np.array([zlib.crc32(name.encode(), seed) for name in names], np.uint32)


def _slots(pieces: Sequence[Numbered]) -> Slots:
    """The slots of pieces, each once a passage, in order: the passage's number in front of it."""
    low = _mixed(np.concatenate([piece for piece, _ in pieces]))
    passages = np.concatenate([passage for _, passage in pieces])
    keys = passages << _BITS | low
    if len(keys) and passages.max() < SLOTS:  # half as wide, sorted in half the time
        keys = np.sort(keys.astype(np.uint32)).astype(np.int64)
    else:
        keys.sort()
    return keys[np.diff(keys, prepend=-1) > 0]


def by_passage(pieces: Sequence[Numbered], count: int) -> tuple[Slots, Slots]:
    """The slots of so many passages, each once a passage, and where each passage begins."""
    slots = _slots(pieces)
    return slots & (SLOTS - 1), np.searchsorted(slots >> _BITS, np.arange(count))


def _mixed(pieces: Pieces) -> Pieces:
    """The lowest 16 bits of numbers, well mixed."""
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):
        pieces = (pieces ^ (pieces >> np.uint32(shift))) * np.uint32(factor)
    return (pieces ^ (pieces >> np.uint32(16))) & np.uint32(SLOTS - 1)
