"""One table of all words of all languages: what each language knows about a word."""

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from app.guardrail.once import once
from app.guardrail.packed import Packed, pack


@dataclass(frozen=True)
class Row:
    """What the languages know about one word."""

    groups: Mapping[str, str]  # language -> the group of its vocabulary; {} for no approved word
    anchors: frozenset[str] = frozenset()  # languages in which it anchors a sentence
    read: frozenset[str] = frozenset()  # languages that it shows a text to be in


UNKNOWN: Final = Row({})
_Key = tuple[tuple[tuple[str, str], ...], frozenset[str], frozenset[str]]


@dataclass(frozen=True)
class Proclitics:
    """What a language writes together with a noun, in front of it ("and", "the", "in")."""

    language: str
    starts: tuple[str, ...]
    groups: frozenset[str]  # of nouns
    nouns: Mapping[str, str]  # words that are one too, though their first group is another

    def noun(self, word: str, row: Row) -> Row | None:
        """What is known of a word as a noun; None where it is none."""
        if row.groups.get(self.language) in self.groups:
            return row
        group = self.nouns.get(word)
        return Row({**row.groups, self.language: group}, row.anchors, row.read) if group else None


class WordTable:
    """The words of all vocabularies and lists: filled once, then packed, then only asked."""

    def __init__(self) -> None:
        """An empty table."""
        self._rows = [UNKNOWN]  # few, for most words of a language are alike
        self._numbers: dict[str, int] = {}
        self._number_of: dict[_Key, int] = {}
        self._packed: Packed | None = None
        self._proclitics: dict[str, Proclitics] = {}  # by their first letter

    def add_vocabulary(
        self, language: str, groups: Mapping[str, str], anchors: Iterable[str]
    ) -> None:
        """Adds the approved words of a language, with the group of each."""
        anchoring, changed = frozenset(anchors), dict[tuple[int, str, bool], int]()
        for word, group in groups.items():
            key = (self._numbers.get(word, 0), group, word in anchoring)
            number = changed.get(key)
            if number is None:
                row = self._rows[key[0]]
                anchor = row.anchors | ({language} if key[2] else set())
                more = Row({**row.groups, language: group}, anchor, row.read | {language})
                number = changed[key] = self._number(more)
            self._numbers[word] = number

    def add_proclitics(self, proclitics: Proclitics) -> None:
        """What a language writes together with its nouns, in front of them."""
        self._proclitics.update((start[0], proclitics) for start in proclitics.starts)

    def add_reading(self, language: str, words: Iterable[str]) -> None:
        """Adds words that show a text to be in a language, approved or not."""
        for word in words:
            row = self._rows[self._numbers.get(word, 0)]
            if language not in row.read:
                more = Row(row.groups, row.anchors, row.read | {language})
                self._numbers[word] = self._number(more)

    def pack(self) -> None:
        """Packs the words; none can be added from here on."""
        self._packed = pack(self._numbers)
        self._numbers, self._number_of = {}, {}

    def rows(self) -> Mapping[str, Row]:
        """What is known of each word that is asked for; within one check each is looked up once."""
        return once(("rows", id(self)), lambda: _Asked(self))

    def row(self, word: str) -> Row:
        """What is known of one word; UNKNOWN for nothing."""
        return self.rows()[word]

    def look_up(self, word: str) -> Row:
        """As `row`, but each time anew."""
        row = self._look_up(word)
        several = self._proclitics.get(word[:1])
        if several is None or several.language in row.groups:
            return row
        behind = (word[len(start) :] for start in several.starts if word.startswith(start))
        nouns = (several.noun(rest, self._look_up(rest)) for rest in behind if len(rest) > 1)
        return next((noun for noun in nouns if noun), row)

    def _look_up(self, word: str) -> Row:
        numbers = self._numbers if self._packed is None else self._packed
        return self._rows[numbers.get(word) or 0]

    def _number(self, row: Row) -> int:
        key = (tuple(sorted(row.groups.items())), row.anchors, row.read)
        if key not in self._number_of:
            self._number_of[key] = len(self._rows)
            self._rows.append(row)
        return self._number_of[key]


class _Asked(dict[str, Row]):
    """The rows of the words that were asked for."""

    def __init__(self, table: WordTable) -> None:
        self._table = table

    def __missing__(self, word: str) -> Row:
        row = self[word] = self._table.look_up(word)
        return row


class Known(dict[str, bool]):
    """Whether a list or a vocabulary holds the words of one text, each looked up once."""

    def __init__(self, listed: Container[str], table: WordTable) -> None:
        """Nothing is looked up yet."""
        self._listed, self._rows = listed, table.rows()

    def __missing__(self, word: str) -> bool:
        """Whether a word is held, looked up where it is met first."""
        found = self[word] = word in self._listed or bool(self._rows[word].groups)
        return found
