"""The approved vocabulary of one language: which words and phrases a shown sentence may hold."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from app.guardrail.doubt import NOTHING_IN_DOUBT, InDoubt, make_doubt
from app.guardrail.forms import (
    CARRIERS,
    LONGEST_COMPOUND,
    NO_ENDINGS,
    PARTS,
    SHORTEST_START,
    Endings,
    Group,
    expand,
    last_parts,
    one_word,
    read_endings,
)
from app.guardrail.once import once
from app.guardrail.turns import NO_TURNS, Turns, read_turns
from app.guardrail.wordtable import Proclitics, WordTable

_SPINE_LEVEL: Final = re.compile(r"^[ctls](?:1[0-2]|[1-9])$")
_SPINE: Final = ("c", "t", "l", "s")
_UNIT_NUMBER: Final = re.compile(r"^\d{1,4}(?:kv|kvp|mm|cm|d|th|st|nd|rd|t)?$")
_TAGS: Final = {"anatomy": "a_", "device": "d_", "picture": "m_", "likeness": "l_", "form": "s_"}
PHRASE: Final = "ph"
PART_PHRASE: Final = "a_ph"
"""How the rules see a turn of phrase that holds a part of the body ("neck of the bladder")."""
_ASIDE: Final = "o_"
IN_DOUBT: Final = "q_"
"""Stands for every word in doubt: what it is, tells nothing of how plain a sentence is."""
_INFLECTED: Final = PARTS | {"form", "likeness", "verb"}
_FIRST_WORDS: Final = 3
_BESIDE_PARTS: Final = frozenset({"function", "orientation"})


@dataclass(frozen=True)
class Aside:
    """What may be said of things alone: approved only where a sentence speaks of no body.

    "The app stopped with a fatal error" holds words that no sentence about a part of the body may.
    """

    words: frozenset[str] = frozenset()
    phrases: Turns = NO_TURNS
    things: frozenset[str] = frozenset()  # beside one of the words one of these must be named
    bars: tuple[re.Pattern[str], ...] = ()  # and none of these be in the tagged sentence

    def allows(self, tokens: Sequence[str], tagged: Sequence[str]) -> bool:
        """Whether a sentence with such words in it speaks of things alone."""
        named = not any(tag[:2] == _ASIDE for tag in tagged) or not self.things.isdisjoint(tokens)
        text = " ".join(tagged)
        return named and not any(one.search(text) for one in self.bars)


NOTHING_ASIDE: Final = Aside()


@dataclass(frozen=True)
class Vocabulary:
    """The words of one language with their groups, and its phrases."""

    language: str
    words: WordTable  # of all languages; each folded word has its first group
    parts: Mapping[str, str]  # what may stand in a compound, with its group
    phrases: Turns
    verbless: bool = False  # whether a sentence of this language needs no verb of its own
    links: tuple[str, ...] = ()  # what may stand between the parts of a compound; () for none
    never: tuple[str, ...] = ()  # word starts that no ending and no compound may bring in
    pronouns: frozenset[str] = frozenset()  # what stands for something that was named before
    stands_for: str = ""  # the part of the body that is judged the most strictly
    forms: Endings = NO_ENDINGS  # another form of an approved word is approved
    beginnings: frozenset[str] = frozenset()  # of approved words: most others begin otherwise
    verb_first: bool = False  # whether a sentence may leave its subject unsaid
    aside: Aside = NOTHING_ASIDE
    also_verbs: frozenset[str] = frozenset()  # words of other groups that are verbs as well
    in_doubt: InDoubt = NOTHING_IN_DOUBT

    def with_subject(self, tagged: Sequence[str]) -> tuple[str, ...]:
        """A sentence with its pronoun, or the subject it leaves out, read as a part of the body.

        () where neither stands at its beginning.
        """
        if not self.stands_for:
            return ()
        for at, word in enumerate(tagged[:_FIRST_WORDS]):
            if word in self.pronouns:
                return (*tagged[:at], self.stands_for, *tagged[at + 1 :])
        if self.verb_first and self.group_of(tagged[0]).startswith("verb"):
            return (self.stands_for, *tagged)
        return ()

    def holds(self, word: str) -> bool:
        """Whether a folded word may stand in a shown sentence."""
        return bool(self.tag(word))

    def group_of(self, word: str) -> str:
        """The group of an approved word; "" for any other."""
        return self.words.row(word).groups.get(self.language, "")

    def is_anchor(self, word: str) -> bool:
        """Whether a word alone says what a sentence is about."""
        return self.language in self.words.row(word).anchors

    def tag(self, word: str) -> str:
        """The word with its group in front ("a_lung"), "#" for a number, "" when not approved."""
        if self.never and word.startswith(self.never):
            return ""
        group = self.group_of(word)
        if group:
            return _TAGS.get(group, "") + word
        if word[:1].isdigit() and _UNIT_NUMBER.match(word):
            return "#"
        if word.startswith(_SPINE) and _SPINE_LEVEL.match(word):
            return "a_" + word
        compound = self._compound(word) if self.links and len(word) <= LONGEST_COMPOUND else ""
        return compound or self._inflected(word)

    def _inflected(self, word: str) -> str:
        """The tag of another form of an approved word: the same beginning, other endings."""
        if word[:SHORTEST_START] not in self.beginnings:
            return ""
        for other in self.forms.others(word):
            group = self.words.look_up(other).groups.get(self.language)
            if group in _INFLECTED:
                return _TAGS.get(group, "") + word
        return ""

    def _compound(self, word: str, depth: int = 3) -> str:
        """The tag of a compound of approved words ("Oberschenkelknochen"), by its last part."""
        for last in last_parts(word, self.links, self.parts.__contains__):
            group = self.parts.get(last)
            if group:
                return _TAGS.get(group, "") + word
            if depth and (tag := self._compound(last, depth - 1)):
                return tag[:2] + word if tag[1:2] == "_" else word
        return ""


@dataclass(frozen=True)
class Reading:
    """A sentence read with a vocabulary: tagged words, unapproved ones, whether it is anchored."""

    tagged: tuple[str, ...]
    unknown: tuple[str, ...]
    anchored: bool
    aside: bool = False  # whether it holds what may be said of things alone
    of_part: tuple[int, ...] = ()  # where a turn of phrase holds a part of the body

    def with_parts(self) -> tuple[str, ...]:
        """The tagged words, turns of phrase that hold a part of the body read as such a part."""
        at = frozenset(self.of_part)
        return tuple(PART_PHRASE if n in at else word for n, word in enumerate(self.tagged))

    def without_doubt(self) -> tuple[str, ...]:
        """The tagged words, all that are not approved read as the same word in doubt."""
        return tuple(IN_DOUBT if word in self.unknown else word for word in self.tagged)


def build_vocabulary(
    language: str,
    table: WordTable,
    groups: Iterable[Group],
    phrases: Iterable[Sequence[tuple[str, ...]]],
    links: Sequence[str] = (),
    never: Sequence[str] = (),
    *,
    verbless: bool = False,
    pronouns: Sequence[str] = (),
    stands_for: str = "",
    verb_first: bool = False,
    endings: Sequence[str] = (),
    unformed: Sequence[str] = (),
    proclitics: Sequence[str] = (),
    aside: Aside = NOTHING_ASIDE,
    doubtful: Iterable[str] = (),
) -> Vocabulary:
    """Adds to the table every form that the groups of a language approve."""
    joined = tuple(sorted(map(one_word, proclitics), key=lambda one: (-len(one), one)))
    forms = expand(groups)
    table.add_vocabulary(language, forms.groups, forms.anchors)
    if joined:
        table.add_proclitics(Proclitics(language, joined, CARRIERS, forms.nouns))
    parts = {word: group for word, group in forms.groups.items() if group in PARTS} if links else {}
    banned = tuple(sorted({one_word(word) for word in never}))
    others = read_endings(endings, unformed)
    return Vocabulary(
        language,
        table,
        parts,
        read_turns(phrases),
        verbless,
        tuple(links),
        banned,
        frozenset(map(one_word, pronouns)),
        _TAGS["anatomy"] + one_word(stands_for) if stands_for else "",
        others,
        _starts({word[:SHORTEST_START] for word in forms.groups}, joined)
        if endings
        else frozenset(),
        verb_first,
        aside,
        frozenset(forms.verbs),
        make_doubt(doubtful, others, parts, tuple(links), joined, banned),
    )


def _starts(own: set[str], proclitics: Iterable[str]) -> frozenset[str]:
    """The first letters of words, and of what they are with a proclitic in front."""
    joined = {(one + start)[:SHORTEST_START] for one in proclitics for start in own}
    return frozenset(own | joined)


def read_sentence(vocabulary: Vocabulary, tokens: Sequence[str]) -> Reading:
    """Tags the folded words of a sentence, phrases first; what is said aside where it may be."""
    reading, aside = _read(vocabulary, tokens, vocabulary.aside)
    if not aside:
        return reading
    if vocabulary.aside.allows(tokens, reading.tagged):
        return replace(reading, anchored=True, aside=True)
    return _read(vocabulary, tokens, NOTHING_ASIDE)[0]


def _read(vocabulary: Vocabulary, tokens: Sequence[str], aside: Aside) -> tuple[Reading, bool]:
    """A reading with the words and phrases of `aside`, and whether it holds one of them."""
    tagged: list[str] = []
    unknown: list[str] = []
    of_part: list[int] = []
    anchored = said_aside = False
    language, rows, turns = vocabulary.language, vocabulary.words.rows(), vocabulary.phrases
    tags = once(("tags", language), dict[str, str])
    at = 0
    while at < len(tokens):
        token = tokens[at]
        length = turns.length_at(tokens, at) if token in turns.by_first else 0
        if token in aside.phrases.by_first:
            longer = aside.phrases.length_at(tokens, at)
            if longer > length:
                length, said_aside = longer, True
        # A part of the body is judged as such, whatever turn of phrase it makes alone.
        if length > 1 or (length and vocabulary.tag(token)[:2] != "a_"):
            phrase = tokens[at : at + length]
            anchored = anchored or any(map(vocabulary.is_anchor, phrase))
            if _is_part(vocabulary, phrase):
                of_part.append(len(tagged))
            tagged.append(PHRASE)
            at += length
            continue
        tag = tags.get(token)
        if tag is None:
            tag = tags[token] = vocabulary.tag(token)
        if not tag and token in aside.words:
            tag, said_aside = _ASIDE + token, True
        elif not tag:
            unknown.append(token)
        anchored = anchored or tag[:2] == "a_" or language in rows[token].anchors
        tagged.append(tag or token)
        at += 1
    reading = Reading(tuple(tagged), tuple(unknown), anchored, of_part=tuple(of_part))
    return reading, said_aside


def _is_part(vocabulary: Vocabulary, phrase: Sequence[str]) -> bool:
    """Whether a turn of phrase names a part and nothing but parts ("neck of the bladder")."""
    rest = [word for word in phrase if vocabulary.group_of(word) not in _BESIDE_PARTS]
    return bool(rest) and all(vocabulary.tag(word)[:2] == "a_" for word in rest)
