"""What is approved only where a sentence speaks of things alone, not of a body."""

import pytest

from app.guardrail.check import Guard
from app.guardrail.scan import Scan

ASKED = "What am I looking at?"
GUARD = Guard.load()


@pytest.mark.parametrize(
    "answer",
    [
        "The faulty printer was repaired by the technician.",
        "Press the arrow to abort the download.",
        "The crack in the poster runs along the edge.",
        "The label on the pillow was damaged by the printer.",
    ],
)
def test_a_grave_word_may_be_told_of_a_thing(answer: str) -> None:
    assert GUARD.check_answer(ASKED, answer, "en", Scan()).verdict == "allow"


@pytest.mark.parametrize(
    "answer",
    [
        "The faulty printer is the heart.",
        "The brain is like a crashed app.",
        "The bone has a crack in the poster.",
        "The machine stopped at the lump.",
        "The program drew a ring around the shadow.",
        "The computer marks the dark spot as abnormal.",
        "The liver is on the left. It is a broken printer.",
        "The faulty printer was repaired by the technician; the liver lies on the right.",
    ],
)
def test_nor_may_it_where_a_body_or_a_picture_is_spoken_of(answer: str) -> None:
    assert GUARD.check_answer(ASKED, answer, "en", Scan()).verdict != "allow"
