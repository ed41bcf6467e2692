"""Reads a question for what its answer may be: open or closed, plain, one that "yes" may settle."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from app.guardrail.intents import MAX_QUESTION, find_alarm, find_intent
from app.guardrail.normalise import folded_words
from app.guardrail.policy import Policy

OPENING_WORDS: Final = 3
"""Where a question word stands: after "on" and "and" at most."""
SUBSTANCES: Final = frozenset(["a_blood", "a_fat", "a_lymph", "a_bile", "a_cells", "a_tissue"])
_PRONOUNS: Final = frozenset(["it", "they", "its", "their", "he", "she"])
# "Is that in the bone?" asks where something is that nobody has named.
_POINTS: Final = re.compile(
    r"\b(?:this|that|these|those|das|dies|dit|dat|deze|ce|ca|cela|eso|esto|to|هذا|هذه|ذلك) "
    r"(?:in|on|at|inside|near|im|am|auf|op|bij|dans|sur|en|w|na|في|علي)\b"
)

Mode = Literal["open", "closed"]


@dataclass(frozen=True)
class Asked:
    """What an answer to a question may be."""

    mode: Mode
    plain: bool
    plain_yes_no: bool
    may_begin: bool = False  # whether "yes" may begin a whole approved sentence
    told: frozenset[str] | None = None  # yes and no may begin a sentence that says all of these
    of_part: bool = False
    reason: bool = False  # "why", "how" and "when" want more than a name


def read_question(policy: Policy, question: str, language: str) -> Asked:
    """How a question was meant, in the page's language and in English."""
    question = question[:MAX_QUESTION]
    intent = find_alarm(policy, question) or find_intent(policy, question, language)
    mode: Mode = "open" if intent.kind in ("anatomy", "healthy") else "closed"
    if mode == "closed":
        return Asked("closed", False, False)
    plain = yes_no = settled = of_part = False
    told: frozenset[str] | None = None
    may_begin, may_settle = _is_of_everybody(policy, question, language), True
    wants_yes_no = not _wants_words(policy, question, language)
    for code in dict.fromkeys((language if language in policy.approvers else "en", "en")):
        reading = policy.approvers[code].read(question)
        allowed = policy.plain_words.get(code, frozenset())
        bare = [tag.split("_", 1)[-1] for tag in reading.tagged]
        known = all(word in allowed for word in reading.unknown)
        presumes = any(word in _PRONOUNS for word in bare) or bool(
            _POINTS.search(" ".join(folded_words(question)))
        )
        of_part |= "part" in bare or any(tag.startswith("a_") for tag in reading.tagged)
        anchored = reading.anchored or "part" in bare
        plain |= known and len(bare) >= 3 and anchored and not presumes
        if plain and wants_yes_no:
            bare_yes, says = _may_begin_with_yes(policy, code, question, allowed)
            yes_no |= bare_yes
            told = says if told is None else told
        closed = policy.closed_questions.get(code)
        if closed and wants_yes_no:
            tagged = " ".join(policy.approvers[code].read_by_word(question))
            settled |= any(one.search(tagged) for one in closed.settled)
            may_begin |= any(one.search(tagged) for one in closed.begun)
            may_settle &= not any(one.search(tagged) for one in closed.unsettled)
    return Asked(
        mode,
        plain,
        (yes_no or settled) and may_settle,
        may_begin,
        told,
        of_part,
        _begins_like(policy.reasons, question, language),
    )


def _may_begin_with_yes(
    policy: Policy, language: str, question: str, allowed: frozenset[str]
) -> tuple[bool, frozenset[str] | None]:
    """Whether "yes" alone may answer a plain question, and what a sentence behind it must say.

    None where not even a whole sentence makes it harmless.
    """
    group_of = policy.approvers[language].vocabulary.group_of
    tagged = policy.approvers[language].read_by_word(question)
    beside = {
        tag
        for tag in tagged
        if tag not in allowed
        and (tag[:2] not in ("a_", "d_", "m_") or tag in SUBSTANCES)
        and group_of(tag) != "orientation"
    }
    harmless = policy.told.get(language, frozenset()) | {"#"}
    if not {tag.split("_", 1)[-1] for tag in beside} <= harmless:
        return False, None
    says = (tag for tag in tagged if tag[1:2] == "_" or group_of(tag) == "shape")
    return not beside, frozenset(tag for tag in says if tag.split("_", 1)[-1] not in allowed)


def _is_of_everybody(policy: Policy, question: str, language: str) -> bool:
    """Whether a question is about people in general ("does everybody have six ribs?")."""
    return _begins_like(policy.of_everybody, question, language)


def _begins_like(starts: Mapping[str, re.Pattern[str]], question: str, language: str) -> bool:
    asked = " ".join(folded_words(question))
    return any(starts[code].search(asked) for code in {language, "en"} & starts.keys())


def _wants_words(policy: Policy, question: str, language: str) -> bool:
    """Whether a question begins like "which side …", so that yes and no are no answers to it."""
    asked_by = policy.open_questions[language if language in policy.open_questions else "en"]
    return bool(asked_by & set(folded_words(question)[:OPENING_WORDS]))
