"""Every form of the words that a language approves, by the groups they are listed in."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from app.guardrail.normalise import fold, words

# Function words make no compounds: "in" + "sein" is not a word anybody approved.
PARTS: Final = frozenset({"anatomy", "picture", "device", "orientation", "shape", "thing"})
CARRIERS: Final = PARTS | {"form", "likeness", "people"}
"""Groups of nouns and adjectives, with which Arabic writes its proclitics together."""
_NO_ANCHOR: Final = frozenset({"shape", "thing", "likeness"})
_STRONG_VERBS: Final = frozenset({"verb", "verb_irregular"})
Group = tuple[str, bool, Sequence[str], Sequence[str], Sequence[str]]
"""Words by name: whether they are anchors, their prefixes, their endings, the words."""
SHORTEST_START: Final = 4
"""Letters with which a word must begin for other forms of it to be known."""
LONGEST_COMPOUND: Final = 40
_SHORTEST_PART: Final = 3
_ARTICLE: Final = "ال"  # Arabic writes it together with its noun


@dataclass(frozen=True)
class Forms:
    """Folded forms: each with its first group, those that anchor, and what some are as well."""

    groups: dict[str, str] = field(default_factory=dict)
    anchors: set[str] = field(default_factory=set)
    nouns: dict[str, str] = field(default_factory=dict)  # another group names them first
    verbs: set[str] = field(default_factory=set)  # the same ("pumps")

    def add(self, forms: set[str], name: str, is_anchor: bool) -> None:
        """Adds the forms of words that the group of this name lists."""
        known = forms & self.groups.keys()
        self.groups.update(dict.fromkeys(forms - known, name))
        for form in known:
            self._add_known(form, name)
        if is_anchor:
            self.anchors.update(forms)

    def _add_known(self, form: str, name: str) -> None:
        # A verb may look like the plural of a noun; that it is one makes a sentence.
        if self.groups[form] in _NO_ANCHOR and name in _STRONG_VERBS:
            self.groups[form] = name
        group = self.groups[form]
        if group not in CARRIERS and name in CARRIERS:
            self.nouns.setdefault(form, name)
        if name.startswith("verb") and not group.startswith("verb"):
            self.verbs.add(form)


def expand(groups: Iterable[Group]) -> Forms:
    """Every folded form that the groups approve."""
    found = Forms()
    for name, is_anchor, prefixes, suffixes, stems in groups:
        found.add(inflect(stems, prefixes, suffixes), name, is_anchor)
    return found


def inflect(stems: Iterable[str], prefixes: Sequence[str], suffixes: Sequence[str]) -> set[str]:
    """The folded forms of some words; a suffix "y>ies" replaces an ending."""
    # Folded once per stem and ending, not per form: Turkish and Arabic have 60,000 of them.
    plain = set(map(one_word, stems))
    forms = set(plain)
    for suffix in suffixes:
        old, arrow, new = suffix.partition(">")
        if not arrow:
            old, new = "", suffix
        ending, other = one_word(old), one_word(new)
        forms.update([one.removesuffix(ending) + other for one in plain if one.endswith(ending)])
    starts = [one_word(prefix) for prefix in prefixes]
    forms.update([start + form for start in starts for form in tuple(forms)])
    return forms - {""}


@lru_cache(maxsize=4096)
def one_word(text: str) -> str:
    """A folded text without what stands between its words."""
    return "".join(words(fold(text)))


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
            if len(start) >= SHORTEST_START + start.startswith(_ARTICLE):
                yield from (start + other for other in self.endings)


NO_ENDINGS: Final = Endings()


def read_endings(endings: Sequence[str], unformed: Sequence[str]) -> Endings:
    """The endings of a language, the longest first; none where it lists none."""
    if not endings:
        return NO_ENDINGS
    several = sorted({one_word(one) for one in endings} | {""}, key=lambda one: (-len(one), one))
    return Endings(tuple(several), tuple(map(one_word, unformed)))


def last_parts(word: str, links: Sequence[str], may_join: Callable[[str], bool]) -> Iterator[str]:
    """What may end a compound: all that stands behind a part that may join, and a link."""
    for at in range(_SHORTEST_PART, len(word) - _SHORTEST_PART + 1):
        first = word[:at]
        if any(
            first.endswith(link) and may_join(first[: len(first) - len(link)]) for link in links
        ):
            yield word[at:]
