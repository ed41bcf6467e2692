"""Words in doubt: approved only where all else of a sentence clearly sounds plain."""

from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from app.guardrail.concepts import Lexicon
from app.guardrail.forms import (
    LONGEST_COMPOUND,
    NO_ENDINGS,
    SHORTEST_START,
    Endings,
    last_parts,
)


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
        if len(word) > LONGEST_COMPOUND or (self.never and word.startswith(self.never)):
            return False
        behind = (word[len(one) :] for one in self.joined if word.startswith(one))
        return any(map(self._is_form, (word, *behind))) or self._is_compound(word)

    def _is_form(self, word: str) -> bool:
        if word[:SHORTEST_START] not in self.beginnings:
            return False
        return word in self.words or not self.words.isdisjoint(self.forms.others(word))

    def _is_compound(self, word: str) -> bool:
        """Whether it is made of two words that are approved or in doubt ("Zeilenumbruch")."""
        return any(map(self._may_join, last_parts(word, self.links, self._may_join)))

    def _may_join(self, part: str) -> bool:
        return part in self.parts or part in self.words


NOTHING_IN_DOUBT: Final = InDoubt()


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
    beginnings = frozenset(word[:SHORTEST_START] for word in own)
    return InDoubt(own, beginnings, forms, parts, links, joined, never)


def names_finding(
    findings: Lexicon, tokens: Sequence[str], is_approved: Callable[[str], object]
) -> bool:
    """Whether folded words name a finding; a lone approved one does not ("bone", "air")."""
    return any(
        end - start > 1 or not is_approved(tokens[start])
        for concepts in findings.find(tokens).values()
        for spans in concepts.values()
        for start, end in spans
    )
