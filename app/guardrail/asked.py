"""Reads a question for what its answer may be: open or closed, plain, one that "yes" may settle."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from app.guardrail.intents import MAX_QUESTION, find_alarm, find_intent
from app.guardrail.normalise import folded_words
from app.guardrail.policy import Policy

OPENING_WORDS: Final = 3
"""Where a question word stands: after "on" and "and" at most."""
SUBSTANCES: Final = frozenset(["a_blood", "a_fat", "a_lymph", "a_bile", "a_cells", "a_tissue"])
_LEAST_WORDS: Final = 3
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
    of_part_alone: bool = False  # and of no picture: what kind of one it is, answers nothing
    reason: bool = False  # "why", "how" and "when" want more than a name
    approved: bool = False  # all its words are approved: it brings up nothing itself


def read_question(policy: Policy, question: str, language: str) -> Asked:
    """How a question was meant, in the page's language and in English."""
    question = question[:MAX_QUESTION]
    intent = find_alarm(policy, question) or find_intent(policy, question, language)
    if intent.kind not in ("anatomy", "healthy"):
        return Asked("closed", False, False)
    codes = tuple(dict.fromkeys((language if language in policy.approvers else "en", "en")))
    plain = [_is_plain(policy, code, question) for code in codes]
    asking = () if _wants_words(policy, question, language) else codes
    begun = [
        _may_begin_with_yes(policy, code, question)
        for at, code in enumerate(asking)
        if any(plain[: at + 1])
    ]
    settled, may_begin, unsettled = _settling(policy, asking, question)
    return Asked(
        mode="open",
        plain=any(plain),
        plain_yes_no=(settled or any(bare for bare, _ in begun)) and not unsettled,
        may_begin=may_begin or _begins_like(policy.of_everybody, question, language),
        told=next((says for _, says in begun if says is not None), None),
        of_part=any(_names_part(policy, code, question) for code in codes),
        of_part_alone=_names_part(policy, codes[0], question)
        and not _names_picture(policy, codes[0], question),
        reason=_begins_like(policy.reasons, question, language),
        approved=any(_is_approved(policy, code, question) for code in codes),
    )


def _is_plain(policy: Policy, language: str, question: str) -> bool:
    """Whether all words of a question are approved and it presumes nothing."""
    reading = policy.approvers[language].read(question)
    if len(reading.tagged) < _LEAST_WORDS or not _is_approved(policy, language, question):
        return False
    bare = [tag.split("_", 1)[-1] for tag in reading.tagged]
    presumes = any(word in _PRONOUNS for word in bare)
    points = _POINTS.search(" ".join(folded_words(question)))
    return (reading.anchored or "part" in bare) and not (presumes or points)


def _is_approved(policy: Policy, language: str, question: str) -> bool:
    allowed = policy.plain_words.get(language, frozenset())
    return allowed.issuperset(policy.approvers[language].read(question).unknown)


def _names_part(policy: Policy, language: str, question: str) -> bool:
    tagged = policy.approvers[language].read(question).tagged
    return any(tag.startswith("a_") or tag.split("_", 1)[-1] == "part" for tag in tagged)


def _names_picture(policy: Policy, language: str, question: str) -> bool:
    return any(tag[:2] == "m_" for tag in policy.approvers[language].read(question).tagged)


def _settling(policy: Policy, codes: Sequence[str], question: str) -> tuple[bool, bool, bool]:
    """Whether yes and no alone may answer, may begin a sentence, and must not stand alone."""
    read = [
        (policy.closed_questions[code], " ".join(policy.approvers[code].read_by_word(question)))
        for code in codes
        if code in policy.closed_questions
    ]
    return (
        any(one.search(tagged) for closed, tagged in read for one in closed.settled),
        any(one.search(tagged) for closed, tagged in read for one in closed.begun),
        any(one.search(tagged) for closed, tagged in read for one in closed.unsettled),
    )


def _may_begin_with_yes(
    policy: Policy, language: str, question: str
) -> tuple[bool, frozenset[str] | None]:
    """Whether "yes" alone may answer a plain question, and what a sentence behind it must say.

    None where not even a whole sentence makes it harmless.
    """
    allowed = policy.plain_words.get(language, frozenset())
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


def _begins_like(starts: Mapping[str, re.Pattern[str]], question: str, language: str) -> bool:
    asked = " ".join(folded_words(question))
    return any(starts[code].search(asked) for code in {language, "en"} & starts.keys())


def _wants_words(policy: Policy, question: str, language: str) -> bool:
    """Whether a question begins like "which side …", so that yes and no are no answers to it."""
    asked_by = policy.open_questions[language if language in policy.open_questions else "en"]
    return bool(asked_by & set(folded_words(question)[:OPENING_WORDS]))
