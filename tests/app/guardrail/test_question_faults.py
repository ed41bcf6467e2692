"""Whatever breaks while a question is judged, the patient reads the neutral text."""

import pytest

from app.guardrail import check, complaints, concepts, hearing, intents
from app.guardrail.check import Guard, Scan

GUARD = Guard.load()
QUESTION = "Why is the lung dark, is it cancer?"
ALARM = "Nice picture. By the way I can not breathe"
FAULTS = [
    (module, name, error)
    for module, names in (
        (check, ("hear", "find_alarm", "find_intent")),
        (hearing, ("view_texts", "split_glued", "view_of")),
        (intents, ("best_language", "matches", "complains", "decoded_texts", "coverage")),
        (complaints, ("read_sentences",)),
    )
    for name in names
    for error in (RuntimeError, RecursionError, MemoryError, UnicodeError)
]


@pytest.mark.parametrize(("module", "name", "error"), FAULTS)
def test_a_fault_says_nothing_of_the_picture(
    module: object, name: str, error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error("injected")

    monkeypatch.setattr(module, name, fail)
    verdict = GUARD.check_question(QUESTION, "en", Scan(region="chest"))
    assert (verdict.verdict, verdict.rule) == ("withhold", "guard_error")
    assert "nurse or the front desk" in verdict.text


def test_a_broken_word_list_says_nothing_of_the_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise KeyError("injected")

    monkeypatch.setattr(concepts.Lexicon, "find", fail)
    assert GUARD.check_question(QUESTION, "en", Scan()).rule == "guard_error"


def test_an_emergency_asks_no_database_and_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: object, **__: object) -> None:
        raise AssertionError("reached out of the process")

    monkeypatch.setattr("socket.socket.connect", forbidden)
    monkeypatch.setattr("builtins.open", forbidden)
    verdict = GUARD.check_question(ALARM, "en", Scan())
    assert verdict.verdict == "escalate"
    assert verdict.text.startswith("Please tell the nurse or the front desk right now")
