"""The policy as one frozen value: rules, vocabularies, texts, the clinic's additions, a digest."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

from app.guardrail.approval import Approver
from app.guardrail.complaints import Scale
from app.guardrail.concepts import Lexicon
from app.guardrail.likeness import Likeness
from app.guardrail.patterns import Pattern
from app.guardrail.wordtable import WordTable

LANGUAGES: Final = ("en", "nl", "de", "fr", "es", "tr", "pl", "ar")
VerdictName = Literal["allow", "soften", "withhold", "escalate"]
VERDICTS: Final[tuple[VerdictName, ...]] = ("allow", "soften", "withhold", "escalate")


@dataclass(frozen=True)
class Kind:
    """What a question of one kind gets."""

    name: str
    verdict: VerdictName
    text: str


@dataclass(frozen=True)
class QuestionRule:
    """One rule over the concepts of a question, with the examples that hold it to its purpose."""

    id: str
    kind: str
    locked: bool
    patterns: tuple[Pattern, ...]
    catch: tuple[str, ...]
    passes: tuple[str, ...]


@dataclass(frozen=True)
class Texts:
    """The approved texts of one language."""

    language: str
    version: str
    reviewed: bool
    shows: Mapping[str, str]
    looks: Mapping[str, str]
    category_a: Mapping[str, str]
    category_b: Mapping[str, str]
    made: Mapping[str, str]
    texts: Mapping[str, str]
    questions: tuple[str, ...]
    parts: Mapping[str, str]  # folded word of a body part -> the sentence that shows it


@dataclass(frozen=True)
class Group:
    """A body part of GUARDRAIL.md section 4: the kinds of structure that make its category B."""

    name: str
    kinds_of_b: frozenset[str]


@dataclass(frozen=True)
class Clinic:
    """What one clinic adds; it can make the guard stricter, never looser."""

    use_categories: bool = False
    languages_off: tuple[str, ...] = ()
    never_say: Mapping[str, tuple[str, ...]] | None = None
    alarm_phrases: Mapping[str, tuple[str, ...]] | None = None
    questions: Mapping[str, tuple[str, ...]] | None = None
    emergency_number: str = "112"
    crisis_line: str = "112"
    switch_off: tuple[str, ...] = ()


@dataclass(frozen=True)
class ClosedQuestions:
    """Which questions "yes" and "no" alone may answer, and which not, by their tagged words."""

    settled: tuple[re.Pattern[str], ...] = ()
    begun: tuple[re.Pattern[str], ...] = ()  # where a whole sentence follows
    unsettled: tuple[re.Pattern[str], ...] = ()
    catch: tuple[str, ...] = ()
    passes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Policy:
    """Everything the guard knows; read once, never changed."""

    version: str
    digest: str
    kinds: Mapping[str, Kind]
    rules: tuple[QuestionRule, ...]
    scale: Scale
    likeness: Likeness
    topics: Likeness
    questions: Lexicon
    findings: Lexicon
    approvers: Mapping[str, Approver]
    texts: Mapping[str, Texts]
    groups: Mapping[str, Group]  # region -> its group
    other_languages: Mapping[str, frozenset[str]]
    words: WordTable  # what each language knows about each word
    plain_words: Mapping[str, frozenset[str]]  # words that a plain question may hold besides
    told: Mapping[str, frozenset[str]]  # and where yes and no begin a whole sentence
    yes_no: Mapping[str, frozenset[str]]
    open_questions: Mapping[str, frozenset[str]]
    of_everybody: Mapping[str, re.Pattern[str]]  # questions about people in general
    of_things: Mapping[str, re.Pattern[str]]  # questions for what is seen, heard or held
    reasons: Mapping[str, re.Pattern[str]]  # questions that a bare word does not answer
    articles: Mapping[str, frozenset[str]]
    closed_questions: Mapping[str, ClosedQuestions]
    identifies: Mapping[str, re.Pattern[str]]
    clinic: Clinic

    def rules_in(self, concepts: Iterable[str]) -> list[QuestionRule]:
        """The rules that can fire where these concepts stand, in their order; the others cannot."""
        return [
            self.rules[number]
            for number in sorted({n for one in concepts for n in self._rules_of.get(one, ())})
        ]

    @cached_property
    def _rules_of(self) -> Mapping[str, frozenset[int]]:
        """The numbers of the rules by a concept that each of their patterns needs, the rarest."""
        needs = Counter(c for rule in self.rules for p in rule.patterns for c in p.needed)
        found: defaultdict[str, set[int]] = defaultdict(set)
        for number, rule in enumerate(self.rules):
            for pattern in rule.patterns:
                found[min(sorted(pattern.needed), key=needs.__getitem__)].add(number)
        return {concept: frozenset(numbers) for concept, numbers in found.items()}

    def approver(self, language: str) -> Approver:
        """The approver of a language; English where there is none."""
        return self.approvers.get(language, self.approvers["en"])

    def texts_of(self, language: str) -> Texts:
        """The texts of a language; English where it is unknown or switched off."""
        if language in self.clinic.languages_off:
            language = "en"
        return self.texts.get(language, self.texts["en"])
