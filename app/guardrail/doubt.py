"""Words in doubt: approved only where all else of a sentence clearly sounds plain."""

from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from app.guardrail.forms import one_word

_SHORTEST_START: Final = 4
_ARTICLE: Final = "ال"  # Arabic writes it together with its noun
_LONGEST: Final = 40
_SHORTEST_PART: Final = 3


@dataclass(frozen=True)
class Endings:
    """How the forms of a word differ in one language."""

    endings: tuple[str, ...] = ()
    unformed: tuple[str, ...] = ()  # word starts of which no other form is known

    def others(self, word: str) -> Iterator[str]:
        """What other forms of the same word may be: the same beginning, other endings."""
        if word.startswith(self.unformed):
            return
        for ending in self.endings:
            if ending and not word.endswith(ending):
                continue
            start = word[: len(word) - len(ending)]
            if len(start) >= _SHORTEST_START + start.startswith(_ARTICLE):
                yield from (start + other for other in self.endings)


NO_ENDINGS: Final = Endings()


@dataclass(frozen=True)
class InDoubt:
    """The words in doubt of one language, and how further ones are made of them.

    "The shadow at the edge comes from the pillow" is shown, "There is a shadow" is not: such a
    word tells of nothing only where everything beside it describes.
    """

    words: frozenset[str] = frozenset()
    beginnings: frozenset[str] = frozenset()  # of the words: most others begin otherwise
    forms: Endings = NO_ENDINGS
    parts: Container[str] = frozenset()  # what a compound may be made of beside them
    links: tuple[str, ...] = ()  # what may stand between the parts of a compound; () for none
    joined: tuple[str, ...] = ()  # what is written together with a noun, in front of it
    never: tuple[str, ...] = ()  # word starts that are not approved in any way

    def holds(self, word: str) -> bool:
        """Whether a folded word, in this form or another, is in doubt and no worse."""
        if word in self.words:
            return True
        if len(word) > _LONGEST or (self.never and word.startswith(self.never)):
            return False
        behind = (word[len(one) :] for one in self.joined if word.startswith(one))
        return any(map(self._is_form, (word, *behind))) or self._is_compound(word)

    def _is_form(self, word: str) -> bool:
        if word[:_SHORTEST_START] not in self.beginnings:
            return False
        return word in self.words or not self.words.isdisjoint(self.forms.others(word))

    def _is_compound(self, word: str) -> bool:
        """Whether it is made of two words that are approved or in doubt ("Zeilenumbruch")."""
        return any(
            self._may_join(word[at:])
            and any(
                self._may_join(word[: at - len(link)])
                for link in self.links
                if word[:at].endswith(link)
            )
            for at in range(_SHORTEST_PART, len(word) - _SHORTEST_PART + 1)
        )

    def _may_join(self, part: str) -> bool:
        return part in self.parts or part in self.words


NOTHING_IN_DOUBT: Final = InDoubt()


def read_endings(endings: Sequence[str], unformed: Sequence[str]) -> Endings:
    """The endings of a language, the longest first; none where it lists none."""
    if not endings:
        return NO_ENDINGS
    several = sorted({one_word(one) for one in endings} | {""}, key=lambda one: (-len(one), one))
    return Endings(tuple(several), tuple(map(one_word, unformed)))


def make_doubt(
    words: Iterable[str],
    forms: Endings,
    parts: Container[str],
    links: tuple[str, ...],
    joined: tuple[str, ...],
    never: tuple[str, ...],
) -> InDoubt:
    """The words in doubt of one language; () and the like for what it does not do."""
    own = frozenset(words)
    beginnings = frozenset(word[:_SHORTEST_START] for word in own)
    return InDoubt(own, beginnings, forms, parts, links, joined, never)
