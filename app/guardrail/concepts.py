"""Finds the concepts of the word lists in the words of a text, in one pass over them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from app.guardrail.normalise import fold, words
from app.guardrail.patterns import Spans
from app.guardrail.phrases import ANY_WORD, Node, Pair, ends_from, make_tree
from app.guardrail.spelling import deletions, sound
from app.guardrail.wordtable import Known, WordTable

_FUZZY_FROM = 5
_TWO_SLIPS_FROM = 8
_MAX_WORD = 40
_MIN_STEM = 2
_ARABIC_ENDING = "\u0627"  # of the object ("pain" -> "a pain")
_ARABIC_PREFIXES = frozenset("وفبل")  # and, so, with, to: written on to the word
_ARABIC_WRITTEN_ON = ("و", "ف", "بال")  # cut off also where a phrase begins with the whole


@dataclass
class Patience:
    """How much work one text is worth: a text of more new words than these is noise."""

    slips_left: int = 100  # words that are compared letter by letter
    long_slips_left: int = 12  # words that are searched for two slips
    cuts_left: int = 24  # words that are looked at for missing spaces
    cuts: dict[str, tuple[str, ...]] = field(default_factory=dict)
    similar: dict[str, tuple[str, ...]] = field(default_factory=dict)
    starts: dict[str, Node] = field(default_factory=dict)
    dull: set[str] = field(default_factory=set)  # words at which nothing begins
    firm: set[str] = field(default_factory=set)  # words that are no slip of another
    known: Known | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a word list, by its first word."""

    pair: Pair
    rest: tuple[str, ...]  # the further words of a phrase; a trailing * marks a word start


@dataclass
class Lexicon:
    """All word lists, indexed for one pass over a text."""

    exact: dict[str, list[Entry]] = field(default_factory=dict)
    stems: dict[str, list[Entry]] = field(default_factory=dict)
    near: dict[str, set[str]] = field(default_factory=dict)  # a shape of a word -> listed words
    starts: dict[str, tuple[int, ...]] = field(default_factory=dict)
    """How the stems begin -> the lengths of those that begin so, to skip most words."""
    own: set[str] = field(default_factory=set)  # words of the lists and of their phrases
    table: WordTable = field(default_factory=WordTable)  # the words of the vocabularies
    concepts: dict[str, set[str]] = field(default_factory=dict)
    _listed: dict[str, Node] = field(default_factory=dict)  # holds listed words alone

    def find(self, tokens: Sequence[str], patience: Patience | None = None) -> dict[str, Spans]:
        """Language -> concept -> spans, for the words of one text."""
        flat: defaultdict[Pair, list[tuple[int, int]]] = defaultdict(list)
        patience = patience or Patience()
        starts, dull, last = patience.starts, patience.dull, len(tokens) - 1
        known = self.known_in(patience)
        new = set(tokens).difference(dull, starts)
        dull.update([token for token in new if self._is_dull(token, known)])
        for at, token in enumerate(tokens):
            if token in dull:
                continue
            start = starts.get(token) or self._first_met(token, patience)
            if start is None:
                continue
            for _, pair in start.ends:
                flat[pair].append((at, at + 1))
            if at == last:
                continue
            if start.words:
                for pair, end in self._phrases(start, tokens, at + 1, patience):
                    flat[pair].append((at, end))
            if start.loose and (several := start.after(tokens[at + 1])):
                for pair, end in _ends(several, tokens, at + 2, known):
                    flat[pair].append((at, end))
        found: dict[str, Spans] = {}
        for (language, concept), spans in flat.items():
            found.setdefault(language, {})[concept] = spans
        return found

    def holds(self, token: str) -> bool:
        """Whether a word stands in a list, in a phrase or in a vocabulary."""
        return token in self.own or bool(self.table.row(token).groups)

    def known_in(self, patience: Patience) -> Known:
        """Which words of a text are known, each looked up once."""
        if patience.known is None:
            patience.known = Known(self.own, self.table)
        return patience.known

    def has_stem(self, token: str) -> bool:
        """Whether a word begins with a listed word start."""
        lengths = self.starts.get(token[:_MIN_STEM], ())
        return any(token[:length] in self.stems for length in lengths)

    def _phrases(
        self, start: Node, tokens: Sequence[str], at: int, patience: Patience
    ) -> list[tuple[Pair, int]]:
        """The phrases that begin before `at` and go on there with a word or a slip of it."""
        second, known = tokens[at], self.known_in(patience)
        node = start.words.get(second)
        if node is not None:
            return _ends([node], tokens, at + 1, known)
        if second in patience.firm:
            return []
        if not _may_be_slip(second, known):
            patience.firm.add(second)
            return []
        slips = [word for word in self._similar(second, patience) if _is_slip(second, word)]
        nodes = [start.words[word] for word in slips if word in start.words]
        return [end for node in nodes for end in _ends([node], tokens, at + 1, known)]

    def _is_dull(self, token: str, known: Known) -> bool:
        """Whether it is seen at once that nothing begins at a word."""
        return (
            token not in self.exact
            and token[:_MIN_STEM] not in self.starts
            and not _may_be_slip(token, known)
            and len(token) <= _MAX_WORD
            and not (token.startswith(_ARABIC_WRITTEN_ON) and token[1:] in self.exact)
        )

    def _first_met(self, token: str, patience: Patience) -> Node | None:
        """What can begin at a word that the text has not said before."""
        start = self._start(token, patience)
        if start is None:
            patience.dull.add(token)
        else:
            patience.starts[token] = start
        return start

    def _start(self, token: str, patience: Patience) -> Node | None:
        """What can begin at a word."""
        if token in self._listed:
            return self._listed[token]
        cut = token[:_MAX_WORD]
        entries = self._look_up(cut)
        known = self.known_in(patience)
        if not entries and _may_be_slip(token, known):
            entries = self._look_up_slips(cut, patience)
        if not entries:
            return None
        start = make_tree((entry.pair, entry.rest) for entry in entries)
        if known[token]:
            self._listed[token] = start
        return start

    def _look_up(self, token: str) -> list[Entry]:
        found = list(self.exact.get(token, ()))
        for length in self.starts.get(token[:_MIN_STEM], ()):
            if length > len(token):
                break
            found += self.stems.get(token[:length], ())
        if token.startswith(_ARABIC_WRITTEN_ON) and all(entry.rest for entry in found):
            found += self.exact.get(token[1:], ())
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
        several = (word for shape in shapes for word in self.near.get(shape, ()))
        return {word for word in several if word[0] == token[0]}


Lists = Mapping[str, Mapping[str, Iterable[str]]]
"""Language -> concept -> entries; an entry is a word, a word start* or a phrase."""


def build_lexicon(lists: Lists, table: WordTable | None = None) -> Lexicon:
    """An index of lists."""
    return _fill(Lexicon(table=table or WordTable()), lists)


def extended(lexicon: Lexicon, lists: Lists) -> Lexicon:
    """A lexicon with the entries of further lists; the one that it was made of stays."""
    larger = Lexicon(
        exact={word: list(several) for word, several in lexicon.exact.items()},
        stems={stem: list(several) for stem, several in lexicon.stems.items()},
        near={shape: set(several) for shape, several in lexicon.near.items()},
        own=set(lexicon.own),
        table=lexicon.table,
        concepts={code: set(several) for code, several in lexicon.concepts.items()},
    )
    return _fill(larger, lists)


def _fill(lexicon: Lexicon, lists: Lists) -> Lexicon:
    for language, concepts in lists.items():
        lexicon.concepts.setdefault(language, set()).update(concepts)
        for concept, entries in concepts.items():
            for entry in entries:
                _add(lexicon, language, concept, entry)
    lengths: defaultdict[str, set[int]] = defaultdict(set)
    for stem in lexicon.stems:
        lengths[stem[:_MIN_STEM]].add(len(stem))
    lexicon.starts = {start: tuple(sorted(several)) for start, several in lengths.items()}
    lexicon.own.update(lexicon.exact)
    return lexicon


def entry_words(entry: str) -> list[str]:
    """The folded words of an entry; a word start keeps its *.

    Raises:
        ValueError: the entry holds no word, or a word start that is too short.
    """
    found: list[str] = []
    for piece in entry.split():
        if piece == ANY_WORD and found:
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
    item = Entry((language, concept), rest)
    for word in rest:
        if word.isalnum():
            lexicon.own.add(word)
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


def _may_be_slip(token: str, known: Known) -> bool:
    return len(token) >= _FUZZY_FROM - 1 and token.isalpha() and not known[token]


def _ends(
    nodes: Sequence[Node], tokens: Sequence[str], at: int, known: Known
) -> list[tuple[Pair, int]]:
    return [(pair, end) for _, pair, end in ends_from(nodes, tokens, at, known, _is_slip)]


def _is_slip(token: str, word: str) -> bool:
    """Whether a token is a longer word with one letter lost, added, changed or swapped."""
    if len(word) < _FUZZY_FROM or abs(len(token) - len(word)) > 1 or token[0] != word[0]:
        return False
    return bool(deletions(token) & deletions(word))
