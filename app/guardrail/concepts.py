"""Finds the concepts of the word lists in a text, and rules over them ("cannot > breathe @5")."""

import re
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from app.guardrail.normalise import fold, words

Spans = dict[str, list[tuple[int, int]]]
"""Concept -> the (start, end) word positions at which it stands, in order."""
_RULE = re.compile(r"^(?P<parts>[^@!]+)(?:@(?P<window>\d+))?(?P<not>(?:\s*![a-z_]+)*)$")
_FUZZY_FROM = 5
# New words of one text that are compared letter by letter; a text of more is noise.
_MAX_FUZZY = 150
_MAX_WORD = 40
_MIN_STEM = 2
_ANY_WORD = "?"
# How many words before and behind a match an objection counts; "no chest pain" denies, "is there
# pain in it?" asks, and what stands behind does neither. These three end with their sentence.
_REACH = {"negated": (3, -1), "asked": (6, -1), "on_picture": (5, 4)}
_REACH_OF_OTHERS = (8, 5)
BORDER = "."
_ARABIC_ENDING = "\u0627"  # of the object ("pain" -> "a pain")
_ARABIC_PREFIXES = frozenset("وفبل")  # and, so, with, to: written on to the word


@dataclass(frozen=True)
class Pattern:
    """Concepts that must stand together within `window` words.

    `follows[n]` says that concept n must stand behind the one before it; else any order fits.
    """

    concepts: tuple[str, ...]
    follows: tuple[bool, ...]
    window: int
    unless: tuple[str, ...]


@dataclass(frozen=True)
class _Entry:
    language: str
    concept: str
    rest: tuple[str, ...]  # the further words of a phrase; a trailing * marks a word start


@dataclass
class Lexicon:
    """All word lists, indexed for one pass over a text."""

    exact: dict[str, list[_Entry]] = field(default_factory=dict)
    stems: dict[str, list[_Entry]] = field(default_factory=dict)
    fuzzy: dict[str, set[str]] = field(default_factory=dict)
    lengths: tuple[int, ...] = ()
    starts: set[str] = field(default_factory=set)  # how the stems begin, to skip most words
    known: set[str] = field(default_factory=set)
    concepts: dict[str, set[str]] = field(default_factory=dict)
    _cache: dict[str, tuple[_Entry, ...]] = field(default_factory=dict)

    def find(self, tokens: Sequence[str]) -> dict[str, Spans]:
        """Language -> concept -> spans, for the words of one text."""
        found: dict[str, Spans] = {}
        fresh = _MAX_FUZZY
        for at, token in enumerate(tokens):
            entries = self._cache.get(token)
            if entries is None:
                entries = self._look_up(token[:_MAX_WORD], fuzzy=fresh > 0)
                fresh -= 1
                if fresh >= 0 or token in self.known:
                    self._remember(token, entries)
            for entry in entries:
                end = _phrase_end(entry.rest, tokens, at + 1)
                if end:
                    spans = found.setdefault(entry.language, {})
                    spans.setdefault(entry.concept, []).append((at, end))
        return found

    def has_stem(self, token: str) -> bool:
        """Whether a word begins with a listed word start."""
        return token[:_MIN_STEM] in self.starts and any(
            token[:length] in self.stems for length in self.lengths
        )

    def _remember(self, token: str, entries: tuple[_Entry, ...]) -> None:
        if len(self._cache) > 20_000:
            self._cache.clear()
        self._cache[token] = entries

    def _look_up(self, token: str, *, fuzzy: bool) -> tuple[_Entry, ...]:
        found = list(self.exact.get(token, ()))
        for length in self.lengths if token[:_MIN_STEM] in self.starts else ():
            if length > len(token):
                break
            found += self.stems.get(token[:length], ())
        if (
            found
            or not fuzzy
            or token in self.known
            or not token.isalpha()
            or len(token) < _FUZZY_FROM - 1
        ):
            return tuple(found)
        for near in self._near(token):
            found += self.exact.get(near, ())
        if not found and token[0] in _ARABIC_PREFIXES:
            found += self.exact.get(token[1:], ())
        if not found and token[-1] == _ARABIC_ENDING:
            found += self.exact.get(token[:-1], ())
        return tuple(found)

    def _near(self, token: str) -> list[str]:
        """Listed words one slip of the finger away that begin with the same letter."""
        near: set[str] = set()
        # A short word may only have lost a letter ("chst"); other slips make too many words.
        shapes = _deletions(token) if len(token) >= _FUZZY_FROM else {token}
        for shape in shapes:
            near |= self.fuzzy.get(shape, set())
        return sorted(word for word in near if word[0] == token[0])


def build_lexicon(
    lists: Mapping[str, Mapping[str, Iterable[str]]], known: Iterable[str] = ()
) -> Lexicon:
    """An index of language -> concept -> entries; an entry is a word, a word start* or a phrase."""
    lexicon = Lexicon()
    for language, concepts in lists.items():
        lexicon.concepts[language] = set(concepts)
        for concept, entries in concepts.items():
            for entry in entries:
                _add(lexicon, language, concept, entry)
    lexicon.lengths = tuple(sorted({len(stem) for stem in lexicon.stems}))
    lexicon.starts = {stem[:_MIN_STEM] for stem in lexicon.stems}
    lexicon.known |= set(known)
    return lexicon


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
    if any(concept not in spans for concept in pattern.concepts):
        return False
    return any(_extend(pattern, spans, [span]) for span in spans[pattern.concepts[0]])


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
        before, behind = _REACH.get(concept, _REACH_OF_OTHERS)
        first, last = low - before, low + behind if behind < 0 else high + behind
        first, last = _within_sentence(spans.get(BORDER, []), (low, high), (first, last))
        there = spans.get(concept, [])
        index = bisect_left(there, (first, 0))
        if index < len(there) and there[index][0] <= last:
            return True
    return False


def _within_sentence(
    borders: Sequence[tuple[int, int]], match: tuple[int, int], reach: tuple[int, int]
) -> tuple[int, int]:
    """The reach of an objection, cut at the ends of the sentences that the match stands in."""
    before = bisect_left(borders, (match[0] + 1, 0)) - 1
    behind = bisect_left(borders, (match[1], 0))
    first = max(reach[0], borders[before][0]) if before >= 0 else reach[0]
    last = min(reach[1], borders[behind][0] - 1) if behind < len(borders) else reach[1]
    return first, last


def _phrase_end(rest: tuple[str, ...], tokens: Sequence[str], at: int) -> int:
    """The position after a phrase that goes on at `at`, or 0 when it does not."""
    if at + len(rest) > len(tokens):
        return 0
    for offset, word in enumerate(rest):
        token = tokens[at + offset]
        if word.endswith("*"):
            if not token.startswith(word[:-1]):
                return 0
        elif word not in (token, _ANY_WORD) and not _is_slip(token, word):
            return 0
    return at + len(rest)


def _is_slip(token: str, word: str) -> bool:
    """Whether a token is a longer word with one letter lost, added, changed or swapped."""
    if len(word) < _FUZZY_FROM or abs(len(token) - len(word)) > 1 or token[0] != word[0]:
        return False
    return bool(_deletions(token) & _deletions(word))


def _add(lexicon: Lexicon, language: str, concept: str, entry: str) -> None:
    parts = entry_words(entry)
    first, rest = parts[0], tuple(parts[1:])
    item = _Entry(language, concept, rest)
    lexicon.known.update(word for word in rest if word.isalnum())
    if first.endswith("*"):
        lexicon.stems.setdefault(first[:-1], []).append(item)
        return
    lexicon.exact.setdefault(first, []).append(item)
    if len(first) >= _FUZZY_FROM:
        for shape in _deletions(first):
            lexicon.fuzzy.setdefault(shape, set()).add(first)


def entry_words(entry: str) -> list[str]:
    """The folded words of an entry; a word start keeps its *.

    Raises:
        ValueError: the entry holds no word, or a word start that is too short.
    """
    found: list[str] = []
    for piece in entry.split():
        if piece == _ANY_WORD and found:
            found.append(piece)
            continue
        several = words(fold(piece.rstrip("*")))
        if piece.endswith("*") and several:
            several[-1] += "*"
            if len(several[-1]) <= _MIN_STEM:
                raise ValueError(entry)
        found += several
    if not found or "*" in entry.replace("* ", " ").rstrip("*"):
        raise ValueError(entry)
    return found


def _deletions(word: str) -> frozenset[str]:
    return frozenset({word, *(word[:at] + word[at + 1 :] for at in range(len(word)))})
