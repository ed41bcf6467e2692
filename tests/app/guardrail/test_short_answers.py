"""One word, "yes" and "no": which questions they may answer on their own."""

# ruff: noqa: RUF001  (Turkish has an i without a dot)

import pytest

from app.guardrail.check import Guard, Scan

GUARD = Guard.load()


def is_shown(question: str, answer: str, language: str = "en") -> bool:
    return GUARD.check_answer(question, answer, language, Scan()).verdict == "allow"


@pytest.mark.parametrize(
    ("language", "word"),
    [
        ("en", "yes"),
        ("en", "no"),
        ("de", "ja"),
        ("nl", "nee"),
        ("fr", "oui"),
        ("es", "sí"),
        ("pl", "tak"),
    ],
)
def test_yes_and_no_settle_only_what_is_harmless(language: str, word: str) -> None:
    closed = GUARD.policy.closed_questions[language]
    assert [one for one in closed.catch if not is_shown(one, word, language)] == []
    assert [one for one in closed.passes if is_shown(one, word, language)] == []


@pytest.mark.parametrize(
    ("language", "question", "word"),
    [
        ("en", "Why is my arm up?", "left kidney"),
        ("en", "And how was this made?", "axial"),
        ("en", "When was this taken?", "the chest"),
        ("de", "Warum ist mein Arm oben?", "linke Niere"),
        ("nl", "Waarom is de arm omhoog?", "linker nier"),
        ("fr", "Pourquoi le poumon est-il noir ?", "le rein gauche"),
        ("es", "¿Por qué es negro el pulmón?", "riñón izquierdo"),
        ("tr", "Akciğer neden siyah?", "sol böbrek"),
        ("pl", "Dlaczego płuco jest czarne?", "lewa nerka"),
        ("ar", "لماذا الرئة سوداء؟", "الكلية اليسرى"),
    ],
)
def test_a_name_is_no_answer_to_why_how_and_when(language: str, question: str, word: str) -> None:
    assert not is_shown(question, word, language)


@pytest.mark.parametrize(
    ("language", "question", "word"),
    [
        ("en", "Which organ is this?", "left kidney"),
        ("en", "How is this bone called?", "femur"),
        ("en", "Why is the lung black?", "The lung is black because it holds air."),
        ("en", "How was this picture made?", "With a magnet."),
        ("de", "Wie heißt dieser Knochen?", "Oberschenkelknochen"),
        ("nl", "Hoe heet dit bot?", "dijbeen"),
        ("fr", "Comment s'appelle cet os ?", "fémur"),
        ("es", "¿Cómo se llama este hueso?", "fémur"),
        ("tr", "Bu hangi kemik?", "femur"),
        ("pl", "Jak nazywa się ta kość?", "kość udowa"),
        ("ar", "كيف تسمى هذه العظمة؟", "عظم الفخذ"),
    ],
)
def test_a_name_answers_what_asks_for_it(language: str, question: str, word: str) -> None:
    assert is_shown(question, word, language)


@pytest.mark.parametrize(
    ("question", "shown"),
    [
        ("What kind of picture is this?", True),
        ("Which bone is this?", False),
        ("Which part is shown?", False),
        ("Is this my lung?", False),
    ],
)
def test_no_scan_is_no_part(question: str, shown: bool) -> None:
    assert is_shown(question, "not a scan") is shown


LOOK = {
    "en": "What am I looking at?",
    "de": "Was sehe ich hier?",
    "nl": "Waar kijk ik naar?",
    "fr": "Qu'est-ce que je vois ?",
    "es": "¿Qué estoy viendo?",
    "tr": "Neye bakıyorum?",
    "pl": "Na co patrzę?",
    "ar": "إلى ماذا أنظر؟",
}


@pytest.mark.parametrize(
    ("language", "answer"),
    [
        ("en", "The bones of the hand."),
        ("en", "the left kidney"),
        ("de", "die linke Niere"),
        ("nl", "de linker nier"),
        ("fr", "C'est la hanche droite."),
        ("fr", "le rein gauche"),
        ("tr", "Bu sol diz."),
        ("tr", "Burası mide."),
        ("pl", "To serce."),
        ("pl", "To guzik od koszuli."),
        ("ar", "هذه الركبة اليسرى."),
    ],
)
def test_a_name_in_some_words_says_what_is_seen(language: str, answer: str) -> None:
    assert is_shown(LOOK[language], answer, language)


@pytest.mark.parametrize(
    ("language", "answer"),
    [
        ("en", "Bone."),
        ("en", "two left lungs"),
        ("en", "the disc behind the spine"),
        ("en", "the screw outside the bone"),
        ("en", "blood in the brain"),
        ("de", "Darm im Brustkorb"),
        ("fr", "C'est du liquide."),
        ("es", "un solo riñón"),
        ("tr", "Bu bir çocuk."),
        ("tr", "Bu akciğerde hava."),
        ("pl", "To płyn."),
        ("ar", "كلية واحدة فقط"),
    ],
)
def test_a_name_says_not_where_or_how_many(language: str, answer: str) -> None:
    assert not is_shown(LOOK[language], answer, language)


@pytest.mark.parametrize(
    ("language", "answer"),
    [
        (
            "en",
            "The aorta is the biggest artery in the body. It leaves the heart and arches downward.",
        ),
        ("fr", "La cochlée est une coquille dans l'oreille. Elle tourne deux fois sur elle-même."),
        ("de", "Die Tür quietscht."),
    ],
)
def test_what_begins_with_a_pronoun_or_tells_of_things_is_a_sentence(
    language: str, answer: str
) -> None:
    assert is_shown(LOOK[language], answer, language)


@pytest.mark.parametrize(
    "answer",
    [
        "The image shows a the in with of which the there",
        "This picture shows the\nof the knee.",
    ],
)
def test_articles_and_prepositions_in_a_row_are_no_answer(answer: str) -> None:
    verdict = GUARD.check_answer(LOOK["en"], answer, "en", Scan())
    assert (verdict.verdict, verdict.rule) == ("withhold", "answer.garbled")


@pytest.mark.parametrize(
    ("question", "answer", "shown"),
    [
        ("Which bone is this?", "MR", False),
        ("Which bone is this?", "axial", False),
        ("Which bone is this?", "femur", True),
        ("What kind of picture is this?", "MR", True),
        ("Is this an X-ray or an MRI of the knee?", "MRI", True),
    ],
)
def test_the_kind_of_picture_names_no_part(question: str, answer: str, shown: bool) -> None:
    assert is_shown(question, answer) is shown
