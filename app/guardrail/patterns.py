"""Rules over the concepts of a text: "cannot > breathe @5 !long_ago"."""

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

Spans = dict[str, list[tuple[int, int]]]
"""Concept -> the (start, end) word positions at which it stands, in order."""
_RULE = re.compile(r"^(?P<parts>[^@!]+)(?:@(?P<window>\d+))?(?P<not>(?:\s*![a-z_]+)*)$")
# How many words before and behind a match an objection counts; "no chest pain" denies, "is there
# pain in it?" asks, and what stands behind does neither. All end with their sentence.
_REACH = {"negated": (3, -1), "asked": (6, -1), "on_picture": (5, 4)}
_REACH_OF_OTHERS = (8, 5)
BORDER = "."
# Where a part of a sentence begins with "I" or "my": what was said in general before ends there.
OWN_PART = "own_part"
TODAY = "today"
# A text that says the same words a thousand times is judged by the first of them.
_MOST_STARTS = 400


@dataclass(frozen=True)
class Pattern:
    """Concepts that must stand together within `window` words.

    `follows[n]` says that concept n must stand behind the one before it; else any order fits.
    """

    concepts: tuple[str, ...]
    follows: tuple[bool, ...]
    window: int
    unless: tuple[str, ...]

    @cached_property
    def needed(self) -> frozenset[str]:
        """The concepts as a set, to skip most patterns at once."""
        return frozenset(self.concepts)


def parse_pattern(text: str) -> Pattern:
    """Reads "a + b @6 !c" (any order), "a > b @4" (b behind a), or a mixture "a + b > c".

    Raises:
        ValueError: the text does not follow the form.
    """
    match = _RULE.match(text.strip())
    if not match:
        raise ValueError(text)
    parts = tuple(part.strip() for part in re.split(r"[+>]", match["parts"]))
    if not all(re.fullmatch(r"[a-z_]+", part) for part in parts):
        raise ValueError(text)
    unless = tuple(word.lstrip("!") for word in match["not"].split())
    follows = (False, *(sign == ">" for sign in re.findall(r"[+>]", match["parts"])))
    return Pattern(parts, follows, int(match["window"] or 7), unless)


def matches(pattern: Pattern, spans: Spans) -> bool:
    """Whether the concepts of a pattern stand together somewhere."""
    if not pattern.needed <= spans.keys():
        return False
    starts = spans[pattern.concepts[0]]
    return any(_extend(pattern, spans, [span]) for span in starts[:_MOST_STARTS])


def _extend(pattern: Pattern, spans: Spans, chosen: list[tuple[int, int]]) -> bool:
    if len(chosen) == len(pattern.concepts):
        return not _objected(pattern, spans, chosen)
    first, last = min(chosen)[0], max(chosen)[0]
    low = chosen[-1][1] if pattern.follows[len(chosen)] else last - pattern.window
    high = first + pattern.window
    candidates = spans[pattern.concepts[len(chosen)]]
    for index in range(bisect_left(candidates, (low, 0)), len(candidates)):
        span = candidates[index]
        if span[0] > high:
            return False
        free = all(span[0] != other[0] for other in chosen)
        if free and _extend(pattern, spans, [*chosen, span]):
            return True
    return False


def _objected(pattern: Pattern, spans: Spans, chosen: list[tuple[int, int]]) -> bool:
    """Whether a concept that speaks against the pattern stands inside or close by."""
    low, high = min(chosen)[0], max(end for _, end in chosen)
    for concept in pattern.unless:
        there = spans.get(concept)
        if not there:
            continue
        before, behind = _REACH.get(concept, _REACH_OF_OTHERS)
        first, last = low - before, low + behind if behind < 0 else high + behind
        first, last = within_sentence(spans.get(BORDER, []), (low, high), (first, last))
        first, last = _without_past(concept, spans, (low, high), (first, last))
        index = bisect_left(there, (first, 0))
        if index < len(there) and there[index][0] <= last:
            return True
    return False


def _without_past(
    concept: str, spans: Spans, match: tuple[int, int], reach: tuple[int, int]
) -> tuple[int, int]:
    """The reach of an objection, cut where somebody goes on to speak of themselves, or of now."""
    first, last = reach
    low, high = match
    ends = {"in_general": OWN_PART, "long_ago": TODAY}.get(concept)
    before = [at for at, _ in spans.get(ends, ()) if at <= low] if ends else []
    if before:
        first = max(first, before[-1])
    if ends == TODAY:
        behind = [at for at, _ in spans.get(OWN_PART, ()) if at >= high]
        last = min(last, behind[0] - 1) if behind else last
    return first, last


def within_sentence(
    borders: Sequence[tuple[int, int]], match: tuple[int, int], reach: tuple[int, int]
) -> tuple[int, int]:
    """The reach of an objection, cut at the ends of the sentences that the match stands in."""
    before = bisect_left(borders, (match[0] + 1, 0)) - 1
    behind = bisect_left(borders, (match[1], 0))
    first = max(reach[0], borders[before][0]) if before >= 0 else reach[0]
    last = min(reach[1], borders[behind][0] - 1) if behind < len(borders) else reach[1]
    return first, last
