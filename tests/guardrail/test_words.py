"""Words of findings in each language, none of which the vocabulary may hold by any ending."""

from pathlib import Path
from typing import Final

import pytest
import yaml

from app.guardrail.check import Guard, Scan

GUARD = Guard.load()
DATA: Final = yaml.safe_load((Path(__file__).parent / "words.yaml").read_text(encoding="utf-8"))
FINDINGS, COMPOUNDS, LIKENESSES = (DATA[name] for name in ("findings", "compounds", "likenesses"))


@pytest.mark.parametrize("language", sorted(FINDINGS))
def test_no_finding_word_is_approved(language: str) -> None:
    approver = GUARD.policy.approvers[language]
    held = [word for word in FINDINGS[language].split() if not approver.read(word).unknown]
    assert held == []


@pytest.mark.parametrize("language", sorted(COMPOUNDS))
def test_no_finding_is_approved_as_a_compound(language: str) -> None:
    approver = GUARD.policy.approvers[language]
    held = [word for word in COMPOUNDS[language].split() if not approver.read(word).unknown]
    assert held == []


@pytest.mark.parametrize("language", sorted(LIKENESSES))
def test_a_likeness_is_shown_only_as_a_likeness(language: str) -> None:
    likeness, thing = LIKENESSES[language]
    question = "What am I looking at?"
    assert GUARD.check_answer(question, likeness, language, Scan()).verdict == "allow"
    assert thing not in GUARD.check_answer(question, thing, language, Scan()).text
