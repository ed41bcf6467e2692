"""What a question only supposes calls nobody; what is felt now does, however it is asked."""

import pytest

from app.guardrail.check import Guard, Scan

GUARD = Guard.load()


def calls(question: str, language: str) -> bool:
    return GUARD.check_question(question, language, Scan()).verdict == "escalate"


@pytest.mark.parametrize(
    ("language", "question"),
    [
        ("en", "Can a person be allergic to contrast?"),
        ("nl", "Krijgen mensen soms uitslag van het contrast?"),
        ("de", "Kann jemand von der Spritze ohnmächtig werden?"),
        ("fr", "Est-ce que ma main va picoter après ?"),
        ("es", "¿Me hormigueará la mano después?"),
        ("tr", "Kontrast madde kaşıntı yapar mı?"),  # noqa: RUF001
        ("pl", "Czy ręka będzie mrowić po zastrzyku?"),
        ("ar", "هل يمكن أن تسبب الصبغة طفحا؟"),
    ],
)
def test_a_supposition_calls_nobody_in_any_language(language: str, question: str) -> None:
    assert not calls(question, language)


@pytest.mark.parametrize(
    ("language", "question"),
    [
        ("en", "is it normal that my leg has been numb since this morning"),
        ("en", "can people hear me, I can't breathe"),
        ("en", "could the nurse come my arm is numb"),
        ("en", "am i going to pass out everything is going black"),
        ("nl", "kan het contrast mijn keel laten opzwellen want dat gebeurt nu"),
        ("de", "kann man hier sterben, ich bekomme keine luft"),
        ("fr", "vais-je mourir, je n'arrive plus à respirer"),
        ("es", "la gente no me ayuda y mi marido se ha desmayado"),
        ("tr", "ameliyattan sonra kanamam durmuyor"),
        ("pl", "czy będę żył, nie mogę oddychać"),
        ("ar", "هل سأموت لا أستطيع التنفس"),
    ],
)
def test_what_is_felt_now_calls_somebody_however_it_is_asked(language: str, question: str) -> None:
    assert calls(question, language)
