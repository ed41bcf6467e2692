"""What a clinic adds to the shipped policy: words never said, alarms, rules switched off."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from app.guardrail.approval import Approver, Objection, make_approver
from app.guardrail.concepts import extended
from app.guardrail.normalise import fold, words
from app.guardrail.policy import Clinic, Policy
from app.guardrail.yamlfile import Mistakes

ALARM: Final = "alarm"


def add_clinic(policy: Policy, clinic: Clinic) -> Policy:
    """The policy with a clinic's additions; what is shared with the shipped one stays as it is."""
    alarms = {code: {ALARM: phrases} for code, phrases in (clinic.alarm_phrases or {}).items()}
    objecting = _with_objections(policy.approvers, clinic.never_say or {})
    return replace(
        policy,
        rules=tuple(rule for rule in policy.rules if rule.id not in clinic.switch_off),
        questions=extended(policy.questions, alarms) if alarms else policy.questions,
        approvers={**policy.approvers, **objecting},
        clinic=clinic,
    )


def check_switched_off(policy: Policy, clinic: Clinic, mistakes: Mistakes) -> None:
    """A clinic may switch off what is open; a locked rule and an unknown one are mistakes."""
    free = {rule.id for rule in policy.rules if not rule.locked}
    for rule_id in clinic.switch_off:
        if rule_id not in free:
            mistakes.found.append(f"policy.yaml:1: rule {rule_id!r} is locked or unknown")


def _with_objections(
    approvers: Mapping[str, Approver], never_said: Mapping[str, tuple[str, ...]]
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
