"""Finds the concepts of the word lists in the words of a text, in one pass over them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from app.guardrail.normalise import fold, words
from app.guardrail.patterns import Spans
from app.guardrail.spelling import deletions, sound

_FUZZY_FROM = 5
_TWO_SLIPS_FROM = 8
_MAX_WORD = 40
_MIN_STEM = 2
_ANY_WORD = "?"
_ARABIC_ENDING = "\u0627"  # of the object ("pain" -> "a pain")
_ARABIC_PREFIXES = frozenset("وفبل")  # and, so, with, to: written on to the word


@dataclass
class Patience:
    """How much work one text is worth: a text of more new words than these is noise."""

    slips_left: int = 100  # words that are compared letter by letter
    long_slips_left: int = 12  # words that are searched for two slips
    cuts_left: int = 24  # words that are looked at for missing spaces
    cuts: dict[str, list[str]] = field(default_factory=dict)
    similar: dict[str, tuple[str, ...]] = field(default_factory=dict)
    starts: dict[str, "_Start | None"] = field(default_factory=dict)


@dataclass(frozen=True)
class Entry:
    """One line of a word list, by its first word."""

    language: str
    concept: str
    rest: tuple[str, ...]  # the further words of a phrase; a trailing * marks a word start


@dataclass(frozen=True)
class _Start:
    """What can begin at one word: concepts of the word alone, and phrases by their second word."""

    alone: tuple[tuple[str, str], ...]
    phrases: Mapping[str, tuple[Entry, ...]]
    loose: Mapping[str, tuple[Entry, ...]]  # by how the second word starts, "?" for any word


@dataclass
class Lexicon:
    """All word lists, indexed for one pass over a text."""

    exact: dict[str, list[Entry]] = field(default_factory=dict)
    stems: dict[str, list[Entry]] = field(default_factory=dict)
    near: dict[str, set[str]] = field(default_factory=dict)  # a shape of a word -> listed words
    lengths: tuple[int, ...] = ()
    starts: set[str] = field(default_factory=set)  # how the stems begin, to skip most words
    known: set[str] = field(default_factory=set)  # words of the lists, phrases and vocabularies
    concepts: dict[str, set[str]] = field(default_factory=dict)
    _listed: dict[str, _Start | None] = field(default_factory=dict)  # holds listed words alone

    def find(self, tokens: Sequence[str], patience: Patience | None = None) -> dict[str, Spans]:
        """Language -> concept -> spans, for the words of one text."""
        flat: defaultdict[tuple[str, str], list[tuple[int, int]]] = defaultdict(list)
        patience = patience or Patience()
        starts = patience.starts
        for at, token in enumerate(tokens):
            if token in starts:
                start = starts[token]
            else:
                start = starts[token] = self._start(token, patience)
            if start is None:
                continue
            span = (at, at + 1)
            for pair in start.alone:
                flat[pair].append(span)
            if at + 1 < len(tokens) and (start.phrases or start.loose):
                self._find_phrases(start, tokens, at, flat, patience)
        found: dict[str, Spans] = {}
        for (language, concept), spans in flat.items():
            found.setdefault(language, {})[concept] = spans
        return found

    def holds(self, token: str) -> bool:
        """Whether a word stands in a list, in a phrase or in a vocabulary."""
        return token in self.known

    def has_stem(self, token: str) -> bool:
        """Whether a word begins with a listed word start."""
        return token[:_MIN_STEM] in self.starts and any(
            token[:length] in self.stems for length in self.lengths
        )

    def _find_phrases(
        self,
        start: _Start,
        tokens: Sequence[str],
        at: int,
        found: Mapping[tuple[str, str], list[tuple[int, int]]],
        patience: Patience,
    ) -> None:
        second = tokens[at + 1]
        entries = start.phrases.get(second, ())
        if not entries and start.phrases and self._may_be_slip(second):
            slips = self._similar(second, patience)
            entries = tuple(entry for word in slips for entry in start.phrases.get(word, ()))
        loose = start.loose
        any_word = loose.get(_ANY_WORD, ())
        for entry in (*entries, *loose.get(second[:_MIN_STEM], ()), *any_word):
            end = self._phrase_end(entry.rest, tokens, at + 1)
            if end:
                found[entry.language, entry.concept].append((at, end))

    def _phrase_end(self, rest: tuple[str, ...], tokens: Sequence[str], at: int) -> int:
        """The position after a phrase that goes on at `at`, or 0 when it does not."""
        if at + len(rest) > len(tokens):
            return 0
        for offset, word in enumerate(rest):
            token = tokens[at + offset]
            if word in (token, _ANY_WORD):
                continue
            if word[-1] == "*":
                if not token.startswith(word[:-1]):
                    return 0
            elif token in self.known or not _is_slip(token, word):
                return 0
        return at + len(rest)

    def _start(self, token: str, patience: Patience) -> _Start | None:
        """What can begin at a word."""
        if token in self._listed:
            return self._listed[token]
        if len(token) < _MIN_STEM and token not in self.known:
            return None
        entries = self._look_up(token[:_MAX_WORD])
        if token in self.known:
            self._listed[token] = _begin(entries) if entries else None
            return self._listed[token]
        if not entries and self._may_be_slip(token):
            entries = self._look_up_slips(token[:_MAX_WORD], patience)
        return _begin(entries) if entries else None

    def _may_be_slip(self, token: str) -> bool:
        return len(token) >= _FUZZY_FROM - 1 and token not in self.known and token.isalpha()

    def _look_up(self, token: str) -> list[Entry]:
        found = list(self.exact.get(token, ()))
        for length in self.lengths if token[:_MIN_STEM] in self.starts else ():
            if length > len(token):
                break
            found += self.stems.get(token[:length], ())
        return found

    def _look_up_slips(self, token: str, patience: Patience) -> list[Entry]:
        near = self._similar(token, patience)
        found = [entry for word in near for entry in self.exact.get(word, ())]
        if not found and token[0] in _ARABIC_PREFIXES:
            found += self.exact.get(token[1:], ())
        if not found and token[-1] == _ARABIC_ENDING:
            found += self.exact.get(token[:-1], ())
        return found

    def _similar(self, token: str, patience: Patience) -> tuple[str, ...]:
        """Listed words a slip away that begin with the same letter, or that sound the same."""
        found = patience.similar.get(token)
        if found is None:
            found = self._search_similar(token, patience) if patience.slips_left > 0 else ()
            patience.similar[token] = found
        return found

    def _search_similar(self, token: str, patience: Patience) -> tuple[str, ...]:
        patience.slips_left -= 1
        if len(token) < _FUZZY_FROM:  # a short word may only have lost a letter ("chst")
            return tuple(sorted(word for word in self.near.get(token, ()) if word[0] == token[0]))
        found = self._through(deletions(token), token)
        if not found and len(token) >= _TWO_SLIPS_FROM - 1 and patience.long_slips_left > 0:
            patience.long_slips_left -= 1
            found = self._through((f"~{shape}" for shape in deletions(token, 2)), token)
        if not found and token.isascii():
            found = set(self.near.get(f"/{sound(token)}", ()))
        return tuple(sorted(found))

    def _through(self, shapes: Iterable[str], token: str) -> set[str]:
        near = self.near
        return {
            word for shape in shapes if shape in near for word in near[shape] if word[0] == token[0]
        }


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
    lexicon.known |= {*known, *lexicon.exact}
    return lexicon


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


def _add(lexicon: Lexicon, language: str, concept: str, entry: str) -> None:
    parts = entry_words(entry)
    first, rest = parts[0], tuple(parts[1:])
    item = Entry(language, concept, rest)
    for word in rest:
        if word.isalnum():
            lexicon.known.add(word)
            _add_shapes(lexicon, language, word)
    if first.endswith("*"):
        lexicon.stems.setdefault(first[:-1], []).append(item)
        return
    lexicon.exact.setdefault(first, []).append(item)
    _add_shapes(lexicon, language, first)


def _add_shapes(lexicon: Lexicon, language: str, word: str) -> None:
    """Lists a word under the shapes in which it may be mistyped."""
    if len(word) < _FUZZY_FROM or word in lexicon.near.get(word, ()):
        return
    for shape in deletions(word):
        lexicon.near.setdefault(shape, set()).add(word)
    if len(word) >= _TWO_SLIPS_FROM:
        for shape in deletions(word, 2):
            lexicon.near.setdefault(f"~{shape}", set()).add(word)
    if language == "en":
        lexicon.near.setdefault(f"/{sound(word)}", set()).add(word)


def _begin(entries: Sequence[Entry]) -> _Start:
    alone = []
    phrases: defaultdict[str, list[Entry]] = defaultdict(list)
    loose: defaultdict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        if not entry.rest:
            alone.append((entry.language, entry.concept))
        elif entry.rest[0] == _ANY_WORD or entry.rest[0].endswith("*"):
            loose[entry.rest[0][:_MIN_STEM]].append(entry)
        else:
            phrases[entry.rest[0]].append(entry)
    return _Start(tuple(dict.fromkeys(alone)), _by_second(phrases), _by_second(loose))


def _by_second(entries: Mapping[str, Sequence[Entry]]) -> dict[str, tuple[Entry, ...]]:
    return {word: tuple(several) for word, several in entries.items()}


def _is_slip(token: str, word: str) -> bool:
    """Whether a token is a longer word with one letter lost, added, changed or swapped."""
    if len(word) < _FUZZY_FROM or abs(len(token) - len(word)) > 1 or token[0] != word[0]:
        return False
    return bool(deletions(token) & deletions(word))
