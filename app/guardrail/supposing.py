"""Leaves out what a question only supposes: of people in general, of later, of "if"."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from typing import Final

from app.guardrail.patterns import BORDER, Spans

SUPPOSED_PART: Final = "supposed_part"
# A cue that counts where something is asked ("people"), and one that opens its part ("if someone").
_CUE: Final = "supposed"
_FIRST_CUE: Final = "supposed_first"
# What is felt now makes a supposition of the same sentence real ("…, that is happening now").
_NOW: Final = ("sudden", "lasting")
_FAR: Final = 40  # words
_SPEAKER: Final = "here_now"
_CALLS: Final = ("fetch", "help_now")
# Names of something harmless whose words are no alarm by themselves ("blood pressure tablets").
_HARMLESS: Final = ("medicine_habit",)
# A number of these counts whatever they are for.
_COUNTED: Final = "tablets"
# Concepts that only speak against an alarm; they stay.
_OBJECTIONS: Final = frozenset(
    [
        "asked",
        "asked_part",
        "?",
        "away",
        "by_thing",
        "denied",
        "in_general",
        "in_picture",
        "language_name",
        "living_thing",
        "long_ago",
        "negated",
        "on_picture",
        "own_part",
        "sport",
        "understand",
        ".",
    ]
)


def supposed_parts(
    spans: Spans, parts: Iterable[tuple[int, int]], asked: Iterable[tuple[int, int]]
) -> list[tuple[int, int]]:
    """The parts of sentences that suppose, each up to where somebody speaks of themselves."""
    if _CUE not in spans and _FIRST_CUE not in spans:
        return []
    asking = set(asked)
    found = []
    for start, stop in parts:
        cue = _cue_end(spans, start, stop, asks=(start, stop) in asking)
        if not cue or _is_now(spans, start, stop):
            continue
        speaker = next((at for at, _ in _within(spans, _SPEAKER, cue, stop)), stop)
        found.append((start, speaker))
    return found


def stated(spans: Mapping[str, Spans]) -> Mapping[str, Spans]:
    """What a text states: the same spans, but for those that are supposed or named harmlessly."""
    supposed = [part for there in spans.values() for part in there.get(SUPPOSED_PART, ())]
    named = [span for there in spans.values() for name in _HARMLESS for span in there.get(name, ())]
    if not supposed and not named:
        return spans
    return {
        language: _kept(there, supposed, [span for span in named if span[1] - span[0] > 1])
        for language, there in spans.items()
    }


def _cue_end(spans: Spans, start: int, stop: int, *, asks: bool) -> int:
    """Where the first cue of a part ends; 0 when it supposes nothing."""
    first = [end for at, end in spans.get(_FIRST_CUE, ()) if at == start]
    if first:
        return min(first)
    cues = [end for _, end in _within(spans, _CUE, start, stop)] if asks else []
    return min(cues, default=0)


def _is_now(spans: Spans, start: int, stop: int) -> bool:
    """Whether what follows in a sentence is felt now, or a part calls somebody."""
    end = next((at for at, _ in _within(spans, BORDER, stop, stop + _FAR)), stop)
    if any(any(_within(spans, name, start, end)) for name in (*_NOW, *_CALLS)):
        return True
    summoned = {
        at for low, high in _within(spans, "summon", start, stop) for at in range(low, high)
    }
    helpers = [at for at, _ in _within(spans, "helper", start, stop)]
    return bool(summoned) and any(at not in summoned for at in helpers)


def _within(spans: Spans, concept: str, start: int, stop: int) -> Iterable[tuple[int, int]]:
    there = spans.get(concept, [])
    for index in range(bisect_left(there, (start, 0)), len(there)):
        if there[index][0] >= stop:
            return
        yield there[index]


def _kept(spans: Spans, supposed: list[tuple[int, int]], named: list[tuple[int, int]]) -> Spans:
    kept = {}
    hidden = {at for low, high in supposed for at in range(low, high)}
    around = _by_word(named)
    for concept, several in spans.items():
        if concept not in _OBJECTIONS:
            hiding = around if concept != _COUNTED else {}
            several = [
                span
                for span in several
                if span[0] not in hidden
                and not (
                    span[0] in hiding and any(_is_inside(span, one) for one in hiding[span[0]])
                )
            ]
        if several:
            kept[concept] = several
    return kept


def _by_word(phrases: list[tuple[int, int]]) -> dict[int, list[tuple[int, int]]]:
    """The phrases by each of the positions that they cover."""
    found: dict[int, list[tuple[int, int]]] = {}
    for low, high in phrases:
        for at in range(low, high):
            found.setdefault(at, []).append((low, high))
    return found


def _is_inside(span: tuple[int, int], phrase: tuple[int, int]) -> bool:
    """Whether words are a part of a longer phrase."""
    return phrase[0] <= span[0] and span[1] <= phrase[1] and span != phrase
