# ruff: noqa: RUF001 (the dotless i is Turkish)
"""How healthy bodies look may be told in many words; what is said of this patient may not."""

import pytest

from app.guardrail.check import Guard, Scan

GUARD = Guard.load()
APPROVERS = GUARD.policy.approvers
MAY_BE_SAID = [
    ("en", "In a healthy spine the bones stack up like blocks with soft cushions between them."),
    ("en", "In a normal disc the middle is bright and the rim is dark on this kind of MRI."),
    ("en", "A healthy bladder has a thin, smooth wall."),
    ("en", "Some people have an extra rib on one side."),
    ("nl", "In een gezonde enkel is de ruimte tussen de botten overal even breed."),
    ("de", "In einer gesunden Schulter ist der Raum zwischen den Knochen klein."),
    ("fr", "Dans un genou sain, l'espace entre les os est le même partout."),
    ("es", "En un tobillo normal el espacio entre los huesos es igual por todos los lados."),
    ("pl", "Zdrowy pęcherz ma gładką ścianę i kształt jajka."),
    ("tr", "Sağlıklı bir omuzda kol kemiğinin başı yuvasında durur."),
    ("ar", "في الكتف الطبيعي يستقر رأس العظم داخل تجويف صغير."),
]
MAY_NOT = [
    ("en", "In a healthy knee this area is smooth, unlike here."),
    ("en", "Your heart looks like a healthy heart of this size."),
    ("en", "A normal heart."),
    ("en", "Some people have a white spot in the lung like that."),
    ("nl", "Deze enkel is breder dan een gezonde enkel."),
    ("de", "Diese Schulter ist nicht wie eine gesunde Schulter."),
    ("fr", "Ce genou n'est pas comme un genou sain."),
    ("es", "Este tobillo no es como un tobillo sano."),
    ("pl", "Ten pęcherz jest większy niż zdrowy pęcherz."),
    ("tr", "Bu omuz sağlıklı bir omuzdan daha büyük."),
    ("ar", "هذا الكتف ليس مثل الكتف الطبيعي."),
]


@pytest.mark.parametrize(("language", "sentence"), MAY_BE_SAID)
def test_healthy_bodies_are_described(language: str, sentence: str) -> None:
    assert APPROVERS[language].judge(sentence).ok, APPROVERS[language].judge(sentence).reason


@pytest.mark.parametrize(("language", "sentence"), MAY_NOT)
def test_this_patient_is_not_compared_with_them(language: str, sentence: str) -> None:
    assert not APPROVERS[language].judge(sentence).ok


@pytest.mark.parametrize(
    ("language", "known", "other_form"),
    [
        ("tr", "yuva", "yuvasinin"),
        ("pl", "gladki", "gladkiego"),
        ("es", "atraviesa", "atraviesan"),
        ("fr", "traverse", "traversent"),
        ("nl", "buigt", "buigende"),
        ("de", "glatte", "glattem"),
    ],
)
def test_another_form_of_an_approved_word_is_approved(
    language: str, known: str, other_form: str
) -> None:
    vocabulary = APPROVERS[language].vocabulary
    assert vocabulary.holds(known)
    assert vocabulary.holds(other_form)


@pytest.mark.parametrize(
    ("language", "word"),
    [
        ("es", "aumentado"),
        ("es", "desplazada"),
        ("pl", "powiekszony"),
        ("pl", "przesuniety"),
        ("de", "vergrosserte"),
        ("nl", "verschoven"),
        ("fr", "deplacee"),
        ("fr", "elargis"),
        ("tr", "buyumus"),
        ("tr", "kaymis"),
    ],
)
def test_no_ending_brings_a_finding_in(language: str, word: str) -> None:
    assert not APPROVERS[language].vocabulary.holds(word)


@pytest.mark.parametrize(
    ("question", "answer", "shown"),
    [
        ("Do all people have five lumbar vertebrae?", "No, some people have six.", True),
        ("Do all people have five lumbar vertebrae?", "No.", False),
        ("Does everybody have a liver like mine?", "No, some people have a long one.", False),
        ("Is everyone's heart like this?", "Yes. The heart lies in the chest.", False),
        ("Is this normal?", "Yes. The heart lies in the chest.", False),
    ],
)
def test_yes_and_no_answer_what_is_asked_of_everybody(
    question: str, answer: str, shown: bool
) -> None:
    verdict = GUARD.check_answer(question, answer, "en", Scan())
    assert (verdict.verdict == "allow") is shown, verdict.rule
