"""What is asked for a thing seen, heard or held goes to the model; what lies beside it does not."""

import pytest

from app.guardrail.check import Guard, Scan

GUARD = Guard.load()


@pytest.mark.parametrize(
    ("language", "question"),
    [
        ("en", "What was I holding?"),
        ("en", "Why are there two?"),
        ("en", "What do I hear?"),
        ("de", "Was sind die kleinen Würfel?"),
        ("nl", "Wat staat er?"),
        ("es", "¿Qué son los cuadrados grises?"),
        ("tr", "Neden renksiz?"),
        ("ar", "ماذا يعني الضوء الأصفر؟"),
    ],
)
def test_what_is_asked_for_a_thing_goes_to_the_model(language: str, question: str) -> None:
    assert GUARD.check_question(question, language, Scan()).verdict == "allow"


@pytest.mark.parametrize(
    ("language", "question"),
    [
        ("en", "how tall is mount everest"),
        ("en", "what is the weather"),
        ("en", "What is the name of what I have?"),
        ("en", "Can I run the marathon in April?"),
        ("pl", "Co może mi dolegać?"),
        ("es", "¿Qué podría tener?"),
        ("de", "Kann ich danach wieder arbeiten?"),
        ("ar", "ماذا قد يكون عندي؟"),
    ],
)
def test_what_lies_beside_the_picture_does_not(language: str, question: str) -> None:
    assert GUARD.check_question(question, language, Scan()).verdict != "allow"


@pytest.mark.parametrize(
    "question", ["C'est bien ma main droite ?", "Is the thing around my neck a scarf?"]
)
def test_pointing_at_the_picture_calls_nobody(question: str) -> None:
    assert GUARD.check_question(question, "fr", Scan()).verdict != "escalate"


@pytest.mark.parametrize(
    "question", ["C'est mon bras gauche qui ne bouge plus ?", "Is the rope around my neck tight?"]
)
def test_what_is_wrong_with_it_does(question: str) -> None:
    assert GUARD.check_question(question, "fr", Scan()).verdict == "escalate"
