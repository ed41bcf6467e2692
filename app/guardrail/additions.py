"""What a clinic adds to the shipped policy: words never said, alarms, rules switched off."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from app.guardrail.approval import Approver, Objection, make_approver
from app.guardrail.concepts import Lexicon, entry_words, extended
from app.guardrail.normalise import fold, words
from app.guardrail.policy import Clinic, Policy
from app.guardrail.yamlfile import Mistakes

ALARM: Final = "alarm"
_Phrases = Mapping[str, tuple[str, ...]]


def add_clinic(policy: Policy, clinic: Clinic, mistakes: Mistakes) -> Policy:
    """The policy with a clinic's additions; what is shared with the shipped one stays as it is."""
    _check_switched_off(policy, clinic, mistakes)
    alarms, never_said = clinic.alarm_phrases or {}, clinic.never_say or {}
    for phrase in (phrase for several in alarms.values() for phrase in several):
        _check_phrase(phrase, mistakes)
    for phrase in (phrase for several in never_said.values() for phrase in several):
        if not words(fold(phrase)):
            mistakes.found.append(f"policy.yaml:1: {phrase!r} holds no word")
    if mistakes.found:
        return policy
    return replace(
        policy,
        rules=tuple(rule for rule in policy.rules if rule.id not in clinic.switch_off),
        questions=_with_alarms(policy.questions, alarms),
        approvers={**policy.approvers, **_with_objections(policy.approvers, never_said)},
        clinic=clinic,
    )


def _check_switched_off(policy: Policy, clinic: Clinic, mistakes: Mistakes) -> None:
    """A clinic may switch off what is open; a locked rule and an unknown one are mistakes."""
    free = {rule.id for rule in policy.rules if not rule.locked}
    for rule_id in clinic.switch_off:
        if rule_id not in free:
            mistakes.found.append(f"policy.yaml:1: rule {rule_id!r} is locked or unknown")


def _check_phrase(phrase: str, mistakes: Mistakes) -> None:
    try:
        entry_words(phrase)
    except ValueError:
        mistakes.found.append(f"policy.yaml:1: {phrase!r} is no word, word start or phrase")


def _with_alarms(lexicon: Lexicon, alarms: _Phrases) -> Lexicon:
    for language, phrases in alarms.items():
        lexicon = extended(lexicon, language, ALARM, phrases)
    return lexicon


def _with_objections(
    approvers: Mapping[str, Approver], never_said: _Phrases
) -> dict[str, Approver]:
    found = {}
    for language in never_said.keys() & approvers.keys():
        pattern = "|".join(re.escape(" ".join(words(fold(one)))) for one in never_said[language])
        own = Objection("clinic.never_say", language, False, (re.compile(pattern or "(?!)"),), ())
        approver = approvers[language]
        found[language] = make_approver(
            approver.vocabulary,
            (*approver.objections, own),
            approver.general,
            approver.plainness,
        )
    return found
