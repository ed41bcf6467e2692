"""Words in doubt: shown only where all else of a sentence clearly sounds plain."""

import pytest

from app.guardrail.check import Guard
from app.guardrail.concepts import Patience
from app.guardrail.doubt import make_doubt
from app.guardrail.forms import read_endings
from app.guardrail.scan import Scan

ASKED = "What am I looking at?"
GUARD = Guard.load()
APPROVERS = GUARD.policy.approvers


def _verdict(asked: str, answer: str, language: str = "en") -> str:
    return GUARD.check_answer(asked, answer, language, Scan()).verdict


@pytest.mark.parametrize(
    ("language", "asked", "answer"),
    [
        ("en", ASKED, "The soft grey shadow on the left comes from the pillow under the arm."),
        ("en", ASKED, "The broken line on the right is a ruler, one dash for each centimetre."),
        ("en", ASKED, "A healthy skull is crossed by jagged seams where its bones meet."),
        ("nl", "Wat zie ik?", "De schaduw aan de rand komt van het kussen onder de arm."),
        ("de", "Was sehe ich hier?", "Der Schatten am Rand kommt vom Kissen unter dem Kopf."),
        ("fr", "Que vois-je ?", "L'ombre du bord vient de l'oreiller placé sous la tête."),
        ("es", "¿Qué estoy viendo?", "Esa mancha blanca junto al hombro es el botón de la camisa."),
        ("pl", "Na co patrzę?", "Cień na brzegu rzuca poduszka, na której leży ręka."),
        ("tr", "Neye bakıyorum?", "Kenardaki gölge, kolunuzun altındaki yastıktan geliyor."),  # noqa: RUF001
        ("ar", "ماذا أرى هنا؟", "البقعة المضيئة في الزاوية هي انعكاس المصباح على الشاشة."),
    ],
)
def test_a_word_in_doubt_may_stand_in_a_plain_sentence(
    language: str, asked: str, answer: str
) -> None:
    assert _verdict(asked, answer, language) == "allow"


@pytest.mark.parametrize(
    "answer",
    [
        "The picture shows a shadow in the lung.",
        "There is a hole in the middle of the lung.",
        "A hole is seen at the edge of the liver.",
        "The left lung is cloudy at the top.",
        "The bone is jagged near the joint.",
        "The skull is crossed by a jagged line near the ear.",
        "A jagged gap lies between the two ends of the bone.",
        "This is an axial CT of the chest with a shadow in the left lung.",
        "An MRI of the brain with a bright spot on the right side.",
        "The scan shows the brain with a bright spot.",
        "The disc between the vertebrae is flattened.",
        "The spinal cord is squeezed by the disc.",
        "The lung is collapsed on the left side.",
        "The arrow points to a spot in the liver.",
    ],
)
def test_nor_may_it_where_something_is_told_of_a_body(answer: str) -> None:
    assert _verdict(ASKED, answer) != "allow"


def test_nor_where_the_question_brings_it_up() -> None:
    answer = "The soft grey shadow on the left comes from the pillow under the arm."
    assert _verdict(ASKED, answer) == "allow"
    assert _verdict("Is that shadow in my lung a tumour?", answer) != "allow"
    assert _verdict("What is that shadow?", answer) != "allow"


def test_no_word_in_doubt_is_a_finding_or_never_to_be_said() -> None:
    lexicon = GUARD.policy.findings
    for language, approver in APPROVERS.items():
        vocabulary = approver.vocabulary
        assert len(vocabulary.in_doubt.words) > 5000, language
        for word in vocabulary.in_doubt.words:
            assert not lexicon.find([word]).get("en"), (language, word)
            assert not vocabulary.holds(word), (language, word)
            heard = GUARD.policy.questions.find([word], Patience(slips_left=0, long_slips_left=0))
            told = {*heard.get(language, ()), *heard.get("en", ())}
            assert not told & {"change", "lasting", "severe"}, (language, word)
            assert not word.startswith(vocabulary.never or "\0"), (language, word)


def test_other_forms_and_compounds_are_in_doubt_as_well() -> None:
    forms = read_endings(["e", "en"], ["gross"])
    doubt = make_doubt(
        ["schatten", "mulde", "grosse"], forms, {"rand": ""}, ("", "s"), (), ("tot",)
    )
    for word in ("schatten", "mulden", "randschatten", "schattenrand", "randsmulde"):
        assert doubt.holds(word), word
    for word in ("schlag", "randtumor", "grossen", "totenmulde", "mul"):
        assert not doubt.holds(word), word


def test_what_is_written_together_with_a_noun_is_cut_off() -> None:
    doubt = make_doubt(["الظل"], read_endings([], []), (), (), ("و",), ())
    assert doubt.holds("والظل")
    assert not doubt.holds("فالظل")
