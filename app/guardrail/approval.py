"""Default deny: a sentence is approved only when all of it is recognised as safe."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from app.guardrail.likeness import Likeness
from app.guardrail.needles import Sieve, make_sieve
from app.guardrail.normalise import folded_words, is_hidden
from app.guardrail.once import once
from app.guardrail.plainness import (
    LEAST_HEARD,
    OBJECTS,
    OBJECTS_SHORT,
    SHORT,
    YIELDS,
    slots_of,
    slots_of_all,
)
from app.guardrail.sentences import split_clauses
from app.guardrail.turns import X_RAY
from app.guardrail.vocabulary import IN_DOUBT, Reading, Vocabulary, read_sentence

_CLITIC: Final = re.compile(r"\b(?:[ldjmnstc]|qu|lorsqu|puisqu)['\u2019](?=\w)", re.IGNORECASE)
_GENITIVE: Final = re.compile(r"(?<=\w)['\u2019]s\b", re.IGNORECASE)
_HYPHEN: Final = re.compile(r"(?<=\w)[-\u2010\u2011\u2013/](?=\w)")
_STRANGE: Final = re.compile(r"[<>{}\[\]|\\^~`=@#$*_]|://|\b\w+\.(?:png|jpg|dcm|com|org)\b")
_PRONOUNS: Final = frozenset(
    ["it", "they", "its", "their", "these", "this", "that", "here", "others"]
)
UNKNOWN_WORD: Final = "answer.unknown_word"
MAX_WORDS: Final = 60
_MOST_READ: Final = 4 * MAX_WORDS  # words; what is longer holds a word that is not approved
_LOOP_SAMPLE: Final = 240


@dataclass(frozen=True)
class Objection:
    """A rule that denies a sentence made of approved words only."""

    id: str
    language: str
    locked: bool
    patterns: tuple[re.Pattern[str], ...]
    unless: tuple[re.Pattern[str], ...]
    catch: tuple[str, ...] = ()
    passes: tuple[str, ...] = ()
    spares: frozenset[str] = frozenset()  # ways of talking in general that it says nothing against
    yields: float = -math.inf  # logits: it says nothing against what sounds as plain as that


@dataclass(frozen=True)
class Approval:
    """Whether a sentence may be shown, and which rule or word speaks against it."""

    ok: bool
    reason: str = ""


@dataclass(frozen=True)
class Approver:
    """The vocabulary and the objections of one language."""

    vocabulary: Vocabulary
    objections: tuple[Objection, ...]
    sieve: Sieve  # the patterns of all objections
    rule_of: tuple[int, ...]  # for each pattern of the sieve, which objection it belongs to
    general: Mapping[str, tuple[re.Pattern[str], ...]]  # "healthy": how one speaks of healthy parts
    plainness: Likeness

    def judge(self, sentence: str, *, anchored: bool = False, in_doubt: bool = False) -> Approval:
        """Whether one sentence may be shown; `anchored` when the one before it was approved.

        With `in_doubt` a clause that clearly sounds plain may hold words in doubt.
        """
        if is_hidden(sentence) or _STRANGE.search(sentence):
            return Approval(False, "answer.markup")
        clauses = split_clauses(sentence)
        for number, clause in enumerate(clauses):
            read = self._dare(clause) if in_doubt else self.read(clause)
            approval = self._judge_clause(read, clause, anchored, number > 0)
            if not approval.ok:
                return approval
        # "The printer is dead; so is the liver": each clause for itself says nothing.
        readings = [self.read(clause) for clause in clauses]
        if any(one.aside for one in readings) and any(map(_names_part, readings)):
            return Approval(False, "answer.aside")
        return Approval(True)

    def listen(self, sentences: Iterable[str]) -> None:
        """Weighs what several sentences sound like at once; within a check that is remembered."""
        readings = (self.read(clause) for one in sentences for clause in split_clauses(one))
        heard = dict.fromkeys(one.without_doubt() for one in readings if self._may_be_heard(one))
        if heard:
            slots, starts = slots_of_all(self.vocabulary, list(heard))
            for tagged, score in zip(heard, self.plainness.scores(slots, starts), strict=True):
                self._remember(tagged, float(score))

    def _remember(self, tagged: Sequence[str], score: float) -> None:
        once(("hints", self.vocabulary.language, *tagged), lambda: score)

    def read(self, text: str) -> Reading:
        """The best reading of a clause over the ways in which its words can be cut."""
        return once(("read", self.vocabulary.language, text), lambda: self._read(text))

    def _read(self, text: str) -> Reading:
        return min(
            self._readings(text), key=lambda reading: (len(reading.unknown), not reading.anchored)
        )

    def _readings(self, text: str) -> Sequence[Reading]:
        key = ("readings", self.vocabulary.language, text)
        return once(key, lambda: [self._read_words(tokens) for tokens in cut_words(text)])

    def read_by_word(self, text: str) -> tuple[str, ...]:
        """The tagged words of a text, its turns of phrase too; unknown words as they stand."""
        return min(self._by_word(text), key=lambda pairs: pairs[0])[1]

    def _by_word(self, text: str) -> list[tuple[int, tuple[str, ...]]]:
        """The tagged words of each way to cut a text, behind the number of its unknown words."""
        several = [
            [(self.vocabulary.tag(word), word) for word in tokens] for tokens in cut_words(text)
        ]
        return [
            (sum(not tag for tag, _ in pairs), tuple(tag or word for tag, word in pairs))
            for pairs in several
        ]

    def _read_words(self, tokens: Sequence[str]) -> Reading:
        reading = read_sentence(self.vocabulary, tokens[:_MOST_READ])
        left = tuple(tokens[_MOST_READ : _MOST_READ + 1])
        return replace(reading, unknown=reading.unknown + left) if left else reading

    def _may_be_heard(self, reading: Reading) -> bool:
        """Whether a reading is of a sentence's length, and what is not approved in it in doubt."""
        in_bounds = LEAST_HEARD <= len(reading.tagged) <= MAX_WORDS
        return in_bounds and all(map(self.vocabulary.in_doubt.holds, reading.unknown))

    def _dare(self, clause: str) -> Reading:
        """The best reading, its words in doubt approved if all else clearly sounds plain."""
        best = self.read(clause)
        for reading in self._readings(clause):
            tagged = reading.without_doubt()
            heard = reading.anchored and self._may_be_heard(reading)
            if heard and self._hints(tagged) <= YIELDS:
                return replace(reading, tagged=tagged, unknown=())
        return best

    def _judge_clause(
        self, reading: Reading, clause: str, anchored: bool, goes_on: bool
    ) -> Approval:
        if not reading.tagged or len(reading.tagged) > MAX_WORDS:
            return Approval(False, "answer.length")
        if reading.unknown:
            return Approval(False, UNKNOWN_WORD)
        # Only what hangs on an approved sentence may leave its subject unsaid.
        carried = goes_on or (anchored and reading.tagged[0] in _PRONOUNS)
        tagged = reading.tagged
        if not (reading.anchored or carried):
            tagged = self.vocabulary.with_subject(tagged) if anchored else ()
            if not tagged:
                return Approval(False, "answer.no_anchor")
        reason = self._reason_against(reading, tagged, clause)
        return Approval(not reason, reason)

    def _reason_against(self, reading: Reading, tagged: Sequence[str], clause: str) -> str:
        """The rule that denies a clause, turns that name parts seen as parts too; "" for none."""
        views = [tagged]
        if reading.of_part and not reading.aside and tagged is reading.tagged:
            views.append(reading.with_parts())
        reasons = (self._objection_to(one, tagged, clause, reading.anchored) for one in views)
        hinted = "answer.sounds_hinted"
        return next(filter(None, reasons), "") or (hinted if self._sounds_hinted(tagged) else "")

    def _objection_to(
        self, view: Sequence[str], tagged: Sequence[str], clause: str, may_yield: bool
    ) -> str:
        """The first rule that denies a view of a tagged sentence; "" for none.

        None yields where the sentence leaves its subject to the one before it.
        """
        text = " ".join(view)
        for at in dict.fromkeys(self.rule_of[number] for number in self.sieve.matching(view)):
            objection = self.objections[at]
            if objection.spares and objection.spares & self._ways_of(clause):
                continue
            if any(one.search(text) for one in objection.unless):
                continue
            if not (may_yield and self._yields(objection, tagged)):
                return objection.id
        return ""

    def _yields(self, objection: Objection, tagged: Sequence[str]) -> bool:
        sure = objection.yields >= YIELDS or IN_DOUBT not in tagged
        return sure and objection.yields > -math.inf and self._hints(tagged) <= objection.yields

    def _sounds_hinted(self, tagged: Sequence[str]) -> bool:
        """Whether a sentence sounds so much like a hint that it is held though no rule objects."""
        if len(tagged) >= SHORT:
            return self._hints(tagged) > OBJECTS
        heard = len(tagged) >= LEAST_HEARD and self._has_verb(tagged)
        return heard and self._hints(tagged) > OBJECTS_SHORT

    def _has_verb(self, tagged: Sequence[str]) -> bool:
        vocabulary = self.vocabulary
        return any(
            tag in vocabulary.also_verbs or vocabulary.group_of(tag).startswith("verb")
            for tag in tagged
        )

    def _hints(self, tagged: Sequence[str]) -> float:
        """How much a tagged sentence sounds like one that hints at something, in logits."""
        key = ("hints", self.vocabulary.language, *tagged)
        return once(key, lambda: self.plainness.score(slots_of(self.vocabulary, tagged)))

    def _ways_of(self, clause: str) -> frozenset[str]:
        """In which ways a clause talks in general; its phrases are read word by word."""
        return once(("ways", self.vocabulary.language, clause), lambda: self._read_ways(clause))

    def _read_ways(self, clause: str) -> frozenset[str]:
        texts = [" ".join(tagged) for _, tagged in self._by_word(clause)]
        return frozenset(
            way
            for way, patterns in self.general.items()
            if any(one.search(text) for one in patterns for text in texts)
        )


def _names_part(reading: Reading) -> bool:
    return not reading.aside and any(tag[:2] == "a_" for tag in reading.tagged)


def make_approver(
    vocabulary: Vocabulary,
    objections: Iterable[Objection],
    general: Mapping[str, tuple[re.Pattern[str], ...]],
    plainness: Likeness,
) -> Approver:
    """An approver that tries on a sentence only the patterns that can match it."""
    rules = tuple(objections)
    patterns = [(at, pattern) for at, one in enumerate(rules) for pattern in one.patterns]
    sieve = make_sieve(pattern for _, pattern in patterns)
    return Approver(vocabulary, rules, sieve, tuple(at for at, _ in patterns), general, plainness)


def cut_words(text: str) -> tuple[tuple[str, ...], ...]:
    """The folded words of a clause: as written, and with clitics and hyphens cut."""
    return once(("cut", text), lambda: _cut_words(text))


def _cut_words(text: str) -> tuple[tuple[str, ...], ...]:
    text = X_RAY.sub("x", text)
    nobodys = _GENITIVE.sub("", text)
    whole = _HYPHEN.sub("", nobodys)
    cut = _HYPHEN.sub(" ", _CLITIC.sub("", nobodys))
    elided = _HYPHEN.sub(" ", text)
    several = dict.fromkeys((whole, cut, elided))
    return tuple(dict.fromkeys(tuple(folded_words(one)) for one in several))


def repeats(tokens: Sequence[str]) -> bool:
    """Whether a text goes round in circles: few different words, or one run said three times."""
    tokens = tokens[:_LOOP_SAMPLE]
    if len(tokens) < 4:
        return False
    if len(set(tokens)) / len(tokens) <= 0.34:
        return True
    return any(_comes_thrice(tokens, size) for size in range(1, 7))


def _comes_thrice(tokens: Sequence[str], size: int) -> bool:
    """Whether a run of `size` words stands three times in a row."""
    same = 0
    for token, later in zip(tokens, tokens[size:], strict=False):
        same = same + 1 if token == later else 0
        if same == 2 * size:
            return True
    return False
