"""Every rule of the policy catches its own examples and lets its harmless ones pass."""

import pytest

from app.guardrail.approval import Approver, Objection
from app.guardrail.check import Guard, Scan
from app.guardrail.policy import QuestionRule
from app.guardrail.sentences import split_sentences

GUARD = Guard.load()
OBJECTIONS = [
    (approver, objection)
    for approver in GUARD.policy.approvers.values()
    for objection in approver.objections
]


def denied_by(approver: Approver, text: str) -> str:
    anchored = False
    for sentence in split_sentences(text):
        approval = approver.judge(sentence, anchored=anchored)
        if not approval.ok:
            return approval.reason
        anchored = True
    return ""


@pytest.mark.parametrize("rule", GUARD.policy.rules, ids=lambda rule: rule.id)
def test_question_rule_catches_its_examples(rule: QuestionRule) -> None:
    assert rule.catch
    assert rule.passes
    for text in rule.catch:
        assert GUARD.check_question(text, "en", Scan()).kind == rule.kind, text
    for text in rule.passes:
        assert GUARD.check_question(text, "en", Scan()).rule != rule.id, text


@pytest.mark.parametrize(
    ("approver", "objection"), OBJECTIONS, ids=[objection.id for _, objection in OBJECTIONS]
)
def test_objection_catches_its_examples(approver: Approver, objection: Objection) -> None:
    assert objection.catch
    assert objection.passes
    for text in objection.catch:
        assert denied_by(approver, text), text
    for text in objection.passes:
        assert denied_by(approver, text) == "", text


def test_every_alarm_rule_is_locked() -> None:
    alarms = [
        rule for rule in GUARD.policy.rules if GUARD.policy.kinds[rule.kind].verdict == "escalate"
    ]
    assert len(alarms) >= 9
    assert all(rule.locked for rule in alarms)


def test_alarms_are_looked_for_first() -> None:
    verdicts = [kind.verdict for kind in GUARD.policy.kinds.values()]
    assert verdicts[:3] == ["escalate"] * 3
    assert "escalate" not in verdicts[3:]
