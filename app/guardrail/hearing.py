"""Reads a question once: every form in which it is judged, with the concepts that stand in it."""

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import zip_longest
from typing import Final

from app.guardrail.concepts import Lexicon, Patience
from app.guardrail.glued import split_glued
from app.guardrail.normalise import WORD, fold, view_texts
from app.guardrail.patterns import BORDER, OWN_PART, Spans
from app.guardrail.supposing import SUPPOSED_PART, stated, supposed_parts

COMMA: Final = ","
QUESTION: Final = "?"
ASKED_PART: Final = "asked_part"
# The bare call ("help") counts when nothing else is said.
_BARE_CALL: Final = "bare_call"
# "This queue is killing me" is no alarm, but it is a feeling.
_FEELINGS: Final = ("anger", "fear", "figures")
_TOKEN: Final = re.compile(
    WORD.pattern
    + r"|[.!?;:\u061f\u2026]+(?=\s|$)|[,\u060c\u061b](?=\s)|(?<=\s)[-\u2013\u2014]+(?=\s)"
)
_PAST: Final = "long_ago"
# A year that is over says so in every language ("2003 hatte er einen Infarkt").
_YEAR: Final = re.compile(r"19[2-9]\d|20[01]\d|202[0-4]")
_YEAR_LENGTH: Final = 4
_MARKS: Final = frozenset((BORDER, QUESTION, COMMA))
_SENTENCE_MARKS: Final = frozenset(".!?;:\u061f\u2026")
_PIECE_END: Final = re.compile(r"[.!?;:\u061f\u2026]\s")
# A text up to this long is one piece; of a longer one, only the pieces that change are read again.
_ONE_PIECE: Final = 800
_LEAST_PIECE: Final = 250


@dataclass(frozen=True)
class View:
    """One form of a text as words, with language -> concept -> spans."""

    tokens: tuple[str, ...]
    spans: Mapping[str, Spans]

    @cached_property
    def concepts(self) -> frozenset[str]:
        """What stands in it, in whatever language."""
        return frozenset().union(*self.spans.values())

    @cached_property
    def stated(self) -> Mapping[str, Spans]:
        """The spans of what is stated, not only supposed."""
        return stated(self.spans)


def hear(lexicon: Lexicon, text: str, patience: Patience | None = None) -> tuple[View, ...]:
    """The text as it was written, then with each usual disguise undone where that changes it."""
    patience = patience or Patience()
    thorough = len(text) <= _ONE_PIECE
    pieces = [view_texts(piece, thorough=thorough) for piece in _pieces(text)]
    plain = [_words_of(lexicon, piece[0], patience) for piece in pieces]
    several = [_flat(plain)]
    for number in range(1, max(map(len, pieces), default=0)):
        changed = []
        for piece, before in zip(pieces, plain, strict=True):
            if number < len(piece):
                again = _words_of(lexicon, piece[number], patience)
                if again != before:
                    changed.append(again)
        if changed:
            several.append(_flat(changed))
    return tuple(view_of(lexicon, marked, patience) for marked in dict.fromkeys(several))


def hear_plain(lexicon: Lexicon, text: str) -> View:
    """A text read in its one folded form, for what was hidden in another one."""
    patience = Patience()
    return view_of(lexicon, tuple(_words_of(lexicon, fold(text), patience)), patience)


def disguises_undone(text: str) -> Iterator[str]:
    """A text as it was written, then, once a disguise, the pieces that undoing it changes."""
    for views in zip_longest(*map(view_texts, _pieces(text)), fillvalue=""):
        yield " ".join(filter(None, views))


def beginning(view: View, length: int) -> View:
    """The first words of a view, with what stands in them; what goes on beyond ends there."""
    spans = {
        language: {
            concept: clipped
            for concept, several in there.items()
            if (clipped := [(low, min(high, length)) for low, high in several if low < length])
        }
        for language, there in view.spans.items()
    }
    return View(view.tokens[:length], spans)


def view_of(lexicon: Lexicon, marked: Sequence[str], patience: Patience) -> View:
    """The concepts of words that stand between the marks of sentences and their parts."""
    tokens = [word for word in marked if word not in _MARKS]
    places = [at for at, word in enumerate(marked) if word in _MARKS]
    ends = [(at - number, marked[at]) for number, at in enumerate(places)]
    parts = sorted({0, *(at for at, _ in ends)})
    between = list(zip(parts, [*parts[1:], len(tokens)], strict=True))
    borders = [(at, at) for at, mark in ends if mark != COMMA]
    questions = [(at, at) for at, mark in ends if mark == QUESTION]
    found = lexicon.find(tokens, patience)
    years = [
        (at, at + 1)
        for at, token in enumerate(tokens)
        if len(token) == _YEAR_LENGTH and _YEAR.fullmatch(token)
    ]
    for language, spans in found.items():
        if years:
            spans[_PAST] = sorted({*spans.get(_PAST, ()), *years})
        found[language] = _without_figures(spans)
        found[language][BORDER] = borders
        found[language][QUESTION] = questions
        several = _parts_of(spans, parts, len(tokens)) if "joiner" in spans else between
        asked = _asked_parts(spans, several)
        supposed = supposed_parts({**spans, BORDER: borders}, several, asked)
        begun = {start for start, _ in (*asked, *supposed)}
        found[language][ASKED_PART] = [part for part in several if part[0] in begun]
        found[language][SUPPOSED_PART] = supposed
        found[language][OWN_PART] = _own_parts(spans, several)
        if not _is_bare_call(spans, len(tokens)):
            found[language].pop(_BARE_CALL, None)
    return View(tuple(tokens), found)


def _flat(pieces: Sequence[Sequence[str]]) -> tuple[str, ...]:
    flat: list[str] = []
    for piece in pieces:
        flat += piece
        flat.append(BORDER)
    return tuple(flat)


def _words_of(lexicon: Lexicon, view: str, patience: Patience) -> list[str]:
    """The words of a folded text, with the marks between them."""
    found = _TOKEN.findall(view)
    marked = [token if token[0].isalnum() else _mark(token) for token in found]
    return split_glued(lexicon, marked, patience)


def _mark(token: str) -> str:
    if "?" in token or "\u061f" in token:
        return QUESTION if token[0] in _SENTENCE_MARKS else COMMA
    return BORDER if token[0] in _SENTENCE_MARKS else COMMA


def _pieces(text: str) -> Iterator[str]:
    """A long text cut at the ends of sentences; each piece is looked at for disguises alone."""
    start = 0
    while len(text) - start > _ONE_PIECE:
        match = _PIECE_END.search(text, start + _LEAST_PIECE, start + _ONE_PIECE)
        cut = match.end() if match else text.rfind(" ", start + _LEAST_PIECE, start + _ONE_PIECE)
        cut = cut if cut > 0 else start + _ONE_PIECE
        yield text[start:cut]
        start = cut
    yield text[start:]


def _parts_of(spans: Spans, parts: Sequence[int], end: int) -> list[tuple[int, int]]:
    """The parts of sentences: between marks, and from each word that begins a new one."""
    starts = sorted({*parts, *(span[0] for span in spans.get("joiner", ()))})
    return list(zip(starts, [*starts[1:], end], strict=True))


def _own_parts(spans: Spans, parts: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The parts that begin with somebody speaking of themselves, but for fillers."""
    mine = {start for start, _ in spans.get("i", ())}
    if not mine:
        return []
    skipped = dict(span for name in ("filler", "joiner") for span in spans.get(name, ()))
    return [
        (start, stop)
        for start, stop in parts
        if start in mine or skipped.get(start) in mine or skipped.get(start, 0) - 1 in mine
    ]


def _asked_parts(spans: Spans, parts: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The parts of sentences that ask: that begin with a question word, but for fillers.

    Languages that put the question word anywhere list it as "asking_anywhere".
    """
    asking = {start for name in ("asking", "opener") for start, _ in spans.get(name, ())}
    anywhere = [start for start, _ in spans.get("asking_anywhere", ())]
    if not (asking or anywhere):
        return []
    skipped = {at for low, high in spans.get("filler", ()) for at in range(low, high)}
    found = []
    for start, stop in parts:
        first = start
        while first < stop and first in skipped and first not in asking:
            first += 1
        index = bisect_left(anywhere, start)
        if (first < stop and first in asking) or (index < len(anywhere) and anywhere[index] < stop):
            found.append((start, stop))
    return found


def _is_bare_call(spans: Spans, words: int) -> bool:
    """Whether a text is a call for help and nothing else but fillers ("well, help")."""
    said = [*spans.get(_BARE_CALL, ()), *spans.get("filler", ())]
    return len({at for start, end in said for at in range(start, end)}) == words


def _without_figures(spans: Spans) -> Spans:
    """The spans that touch no figure of speech, or go on behind it ("jump in front of")."""
    end_of = {at: end for start, end in spans.get("figures", ()) for at in range(start, end)}
    if not end_of:
        return dict(spans)
    kept = {}
    for concept, several in spans.items():
        free = [
            (start, end)
            for start, end in several
            if (start not in end_of and end - 1 not in end_of)
            or concept in _FEELINGS
            or end > max(end_of.get(start, 0), end_of.get(end - 1, 0)) > start
        ]
        if free:
            kept[concept] = free
    return kept
