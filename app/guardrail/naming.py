"""Tells names from sentences: a few words that only name a part, a picture or a device."""

from collections.abc import Container, Sequence
from itertools import pairwise
from typing import Final

from app.guardrail.approval import Approver
from app.guardrail.asked import SUBSTANCES
from app.guardrail.normalise import folded_words
from app.guardrail.policy import Policy
from app.guardrail.vocabulary import PHRASE

NAMED: Final = ("a_", "d_", "m_")
"""How the tags of parts, devices and pictures begin."""
_FULL_NAME_WORDS: Final = 3
# An unread text of so few words is no sentence.
_FRAGMENT_WORDS: Final = 4
# With words of these groups alone something is named, and nothing said of a body.
_SAYS_NOTHING: Final = frozenset({"device", "function", "irregular"})
_COPULA: Final = "copula"  # says what something is where a language needs no verb (Polish "to")


def is_fragment(sentence: str, approvers: Sequence[Approver]) -> bool:
    """Whether a text is a few words without a verb and without a kind of picture."""
    for approver in approvers:
        reading = approver.read(sentence)
        if reading.unknown:
            continue
        group_of = approver.vocabulary.group_of
        if reading.aside or any(tag.startswith("m_") or tag == PHRASE for tag in reading.tagged):
            return False
        if len(reading.tagged) > 1 and reading.tagged[0] in approver.vocabulary.pronouns:
            return False
        limit = 3 if approver.vocabulary.verbless else len(reading.tagged)
        groups = [group_of(tag.split("_", 1)[-1]) for tag in reading.tagged]
        says = any(group.startswith("verb") for group in groups) or _COPULA in groups
        says = says or _does(approver.vocabulary.also_verbs, reading.tagged)
        return len(reading.tagged) <= limit and not says
    return len(folded_words(sentence)) <= _FRAGMENT_WORDS


def _does(also_verbs: Container[str], tagged: Sequence[str]) -> bool:
    """Whether a word that is a verb as well stands right behind what is named ("heart pumps")."""
    return any(
        before[:2] in NAMED and word.split("_", 1)[-1] in also_verbs
        for before, word in pairwise(tagged)
    )


def is_name(policy: Policy, sentence: str, approvers: Sequence[Approver]) -> bool:
    """Whether a text is nothing but the name of a part, a picture or a device ("left kidney")."""
    for approver in approvers:
        vocabulary = approver.vocabulary
        tagged = approver.read_by_word(sentence)
        articles = policy.articles.get(vocabulary.language, frozenset())
        named = [tag for tag in tagged if tag[:2] in NAMED]
        rest = set(tagged) - set(named) - articles
        if named and all(vocabulary.group_of(tag) == "orientation" for tag in rest):
            return True
    return False


def is_kind(text: str, approver: Approver) -> bool:
    """Whether a text says nothing but what kind of picture it is ("MR", "axial")."""
    tagged = approver.read(text).tagged
    return bool(tagged) and all(tag[:2] == "m_" for tag in tagged)


def is_full_name(policy: Policy, sentence: str, approvers: Sequence[Approver]) -> bool:
    """Whether a text names parts or devices in some words ("the bones of the hand").

    Where it names several, it says of none where it lies ("the disc behind the spine").
    """
    tagged = approvers[0].read(sentence).tagged
    if len(tagged) < _FULL_NAME_WORDS:
        return False
    group_of = approvers[0].vocabulary.group_of
    groups = [group_of(tag.split("_", 1)[-1]) for tag in tagged]
    if "device" in groups and _SAYS_NOTHING.issuperset(groups):
        return True
    one = sum(tag[:2] in NAMED for tag in tagged) == 1
    return (one or "orientation" not in groups) and is_name(policy, sentence, approvers[:1])


def is_substance(text: str, approvers: Sequence[Approver]) -> bool:
    """Whether a text names what flows or lies in a body, not a part of it ("blood")."""
    tagged = approvers[0].read(text).tagged
    return any(tag in SUBSTANCES for tag in tagged)
