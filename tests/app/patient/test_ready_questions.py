"""Ready questions: one about each named part, and some that fit the picture."""

import pytest

from app.deps import House
from app.guardrail.check import Scan
from app.i18n import LANGUAGES, words_of
from tests.app.patient.visitor import Visitor

READY = ("What kind of picture is this?", "Which part of the body is this?")


def test_a_ready_question_about_a_part_is_answered_from_the_catalogue_at_once(
    alice: Visitor, house: House
) -> None:
    alice.get(alice.scan_path)
    assert "Liver: what does it do?" in alice.html
    alice.post(f"{alice.scan_path}/ask", {"kind": "question", "part": "liver", "language": "en"})
    alice.let_time_pass()
    (answer,) = alice.text("answer")
    liver = house.catalogue.structure("liver").text("en")
    assert answer == f"Liver: {liver.does} {liver.looks}"
    assert 'value="liver" data-testid="chip"' not in alice.html, "asked already"


def test_a_part_that_was_not_named_has_no_ready_question(alice: Visitor) -> None:
    data = {"kind": "question", "part": "spleen", "language": "en"}
    assert alice.post(f"{alice.scan_path}/ask", data) == 404


def test_nothing_is_told_of_a_part_while_the_clinic_holds_the_picture_back(alice: Visitor) -> None:
    alice.set_level("hold")
    data = {"kind": "question", "part": "liver", "language": "en"}
    assert alice.post(f"{alice.scan_path}/ask", data) == 404
    assert 'data-testid="chip"' not in alice.html


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_ready_question_may_be_asked(prepared: House, language: str) -> None:
    for text in READY:
        words = words_of(language).gettext(text)
        assert prepared.guard.check_question(words, language, Scan()).verdict == "allow", words
