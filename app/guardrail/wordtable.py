"""One table of all words of all languages: what each language knows about a word."""

from collections.abc import Container, Iterable, Mapping, Sequence
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
_SHORTEST: Final = 2
"""Letters of a word behind a proclitic."""
_Key = tuple[tuple[tuple[str, str], ...], frozenset[str], frozenset[str]]


class WordTable:
    """The words of all vocabularies and lists: filled once, then packed, then only asked."""

    def __init__(self) -> None:
        """An empty table."""
        self._rows = [UNKNOWN]  # few, for most words of a language are alike
        self._numbers: dict[str, int] = {}
        self._number_of: dict[_Key, int] = {}
        self._packed: Packed | None = None
        self._proclitics: dict[str, tuple[str, tuple[str, ...]]] = {}

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

    def add_proclitics(self, language: str, proclitics: Iterable[str]) -> None:
        """What a language writes together with its words, in front of them."""
        longest_first = sorted(proclitics, key=lambda one: (-len(one), one))
        for letter in {one[0] for one in longest_first}:
            starts = tuple(one for one in longest_first if one[0] == letter)
            self._proclitics[letter] = (language, starts)

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
        if word[:1] in self._proclitics:
            language, starts = self._proclitics[word[0]]
            if language not in row.groups:
                return self._behind(word, row, language, starts)
        return row

    def _look_up(self, word: str) -> Row:
        numbers = self._numbers if self._packed is None else self._packed
        return self._rows[numbers.get(word) or 0]

    def _behind(self, word: str, row: Row, language: str, starts: Sequence[str]) -> Row:
        """What is known of the word behind a proclitic; the row of the whole where it is none."""
        for start in starts:
            if len(word) >= len(start) + _SHORTEST and word.startswith(start):
                behind = self._look_up(word[len(start) :])
                if language in behind.groups:
                    return behind
        return row

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
