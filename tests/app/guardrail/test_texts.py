"""The approved texts: complete, short, plain, and alike in every language."""

# ruff: noqa: RUF001  (Turkish writes a dotless i)

import pytest

from app.guardrail import compose
from app.guardrail.check import Guard, Scan
from app.guardrail.policy import LANGUAGES
from app.guardrail.reading import count_syllables, measure
from app.guardrail.scoring import comparable, holds
from model.vocabulary import REGIONS

GUARD = Guard.load()
REPLIES = (
    *("emergency", "self_harm", "person_at_risk", "prognosis", "medicine", "other_person"),
    *("jailbreak", "child", "anger", "fear", "off_topic", "empty", "unread_language"),
)
DOCTOR = {
    "en": "doctor",
    "nl": "arts",
    "de": "arzt",
    "fr": "médecin",
    "es": "médico",
    "tr": "doktor*",
    "pl": "lekarz*",
    "ar": "طبيب",
}
NEVER = (
    "cancer", "tumour*", "tumor*", "malignan*", "metasta*", "carcinoma*", "fatal*", "deadly",
    "death", "dying", "dead", "stroke", "heart attack", "survival", "all clear",
    "nothing to worry", "don't worry", "you are healthy", "everything is normal",
)  # fmt: skip

# What is said, and the words by which it is known in each language, in the order of LANGUAGES.
FACTS = {
    "brain": ("brain", "hersenen", "gehirn", "cerveau", "cerebro", "beyn*", "mózg", "الدماغ"),
    "fluid": ("fluid", "vocht", "flüssigkeit", "liquide", "líquido", "sıvı", "płynem", "سائل"),
    "windpipe": (
        *("windpipe", "luchtpijp", "luftröhre", "trachée", "tráquea"),
        *("nefes borusuna", "tchawicę", "القصبة"),
    ),
    "soft parts": (
        *("soft", "zachte", "weichen", "molles", "blandas", "yumuşak", "miękkie", "اللينة"),
    ),
    "bones": ("bones", "bot*", "knochen", "os", "huesos", "kemik*", "kości", "العظام"),
    "lungs": ("lungs", "longen", "lunge", "poumons", "pulmones", "akciğer*", "płuca", "الرئتين"),
    "heart": ("heart", "hart", "herz", "cœur", "corazón", "kalb*", "serce", "القلب"),
    "ribs": ("ribs", "ribben", "rippen", "côtes", "costillas", "kaburga*", "żebra", "الأضلاع"),
    "liver": ("liver", "lever", "leber", "foie", "hígado", "karaciğer*", "wątrobę", "الكبد"),
    "kidneys": ("kidneys", "nieren", "nieren", "reins", "riñones", "böbrek*", "nerki", "الكليتين"),
    "gut": ("gut", "darmen", "darm", "intestin", "intestino", "bağırsak*", "jelita", "الأمعاء"),
    "bladder": ("bladder", "blaas", "blase", "vessie", "vejiga", "mesane*", "pęcherz", "المثانة"),
    "joints": (
        *("joints", "gewrichten", "gelenke", "articulations", "articulaciones"),
        *("eklem*", "stawy", "المفاصل"),
    ),
    "muscles": (
        *("muscles", "spieren", "muskeln", "muscles", "músculos", "kas*", "mięśnie", "العضلات"),
    ),
    "slices": ("slices", "plakjes", "scheiben", "tranches", "cortes", "dilim*", "warstwy", "شرائح"),
    "magnet": (
        "magnet",
        "magneet",
        "magneten",
        "aimant",
        "imán",
        "mıknatıs",
        "magnesu",
        "مغناطيس*",
    ),
    "radio": ("radio", "radio*", "radio*", "radio", "radio", "radyo", "radiowych", "راديو"),
    "x-rays": (
        *("x-ray*", "röntgen*", "röntgen*", "rayons", "rayos", "röntgen", "rentgen*", "الأشعة"),
    ),
    "air": ("air", "lucht", "luft", "air", "aire", "hava", "powietrze", "الهواء"),
}
SAID = {
    ("looks", "head"): {"brain", "fluid", "bones"},
    ("looks", "neck"): {"windpipe", "soft parts", "bones"},
    ("looks", "chest"): {"lungs", "heart", "ribs"},
    ("looks", "abdomen"): {"liver", "kidneys", "gut"},
    ("looks", "pelvis"): {"bladder", "soft parts", "bones"},
    ("looks", "bones"): {"bones", "joints", "muscles"},
    ("looks", "unknown"): set(),
    ("made", "CT"): {"x-rays", "slices"},
    ("made", "MR"): {"magnet", "radio", "x-rays"},
    ("made", "X-ray"): {"x-rays", "bones", "air"},
    ("made", "other"): set(),
}


def replies(language: str) -> list[str]:
    shapes = [
        function
        for region in (None, *REGIONS, "musculoskeletal")
        for function in (
            compose.soften_text(GUARD.policy, language, Scan(region=region), (), ""),
            compose.neutral_text(GUARD.policy, language, Scan(region=region)),
        )
    ]
    shows = GUARD.policy.texts[language].shows["unknown"]
    return [*shapes, *(GUARD.fixed(key, language, shows=shows) for key in REPLIES)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_replies_are_short_and_hold_no_forbidden_word(language: str) -> None:
    for text in replies(language):
        assert 5 <= len(text.split()) <= 120, text
        assert "{" not in text
        assert "!" not in text
        assert not [word for word in NEVER if holds(comparable(text), word)], text


@pytest.mark.parametrize("language", LANGUAGES)
def test_shapes_name_the_doctor_and_offer_a_question(language: str) -> None:
    for region in (None, *REGIONS):
        for text in (
            compose.soften_text(GUARD.policy, language, Scan(region=region), (), ""),
            compose.neutral_text(GUARD.policy, language, Scan(region=region)),
        ):
            assert holds(comparable(text), DOCTOR[language]), text
            assert "?" in text or "؟" in text
            assert GUARD.fixed("staff", language) in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_category_and_neutral_text_have_about_one_length(language: str) -> None:
    lengths = [
        len(function.split())
        for region in (None, *REGIONS)
        for function in (
            compose.soften_text(GUARD.policy, language, Scan(region=region), (), ""),
            compose.neutral_text(GUARD.policy, language, Scan(region=region)),
        )
    ]
    assert max(lengths) - min(lengths) <= 20


def facts_in(text: str, language: str) -> set[str]:
    at = LANGUAGES.index(language)
    return {fact for fact, words in FACTS.items() if holds(comparable(text), words[at])}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("part", "name"), SAID)
def test_every_language_states_the_same_facts(language: str, part: str, name: str) -> None:
    text = getattr(GUARD.policy.texts[language], part)[name]
    named = SAID[part, name]
    # "Made with rays" says in some languages which rays; the French say "radio" for the picture.
    free = {"x-rays", "radio"} if (part, name) == ("made", "X-ray") else set()
    assert facts_in(text, language) - free == named - free, text


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_needs_about_as_many_words(language: str) -> None:
    for region in (None, *REGIONS):
        for modality in (None, "CT", "MR", "X-ray", "other"):
            scan = Scan(region=region, modality=modality)
            for function in (
                compose.general_text,
                lambda *known: compose.soften_text(*known, (), ""),
                compose.neutral_text,
            ):
                lengths = [
                    len(function(GUARD.policy, one, scan).split()) for one in ("en", language)
                ]
                assert abs(lengths[0] - lengths[1]) <= 20, (region, modality, lengths)


def test_english_is_at_most_grade_six() -> None:
    for text in replies("en"):
        reading = measure(text)
        assert reading.grade <= 6, (reading, text)
        assert reading.mean_sentence <= 12.5, (reading, text)
        assert reading.longest_sentence <= 23, (reading, text)


@pytest.mark.parametrize("language", ["nl", "de", "fr", "es", "pl"])
def test_shapes_in_other_languages_stay_below_lix_40(language: str) -> None:
    for region in (None, *REGIONS):
        text = compose.soften_text(GUARD.policy, language, Scan(region=region), (), "")
        assert measure(text, language).lix <= 40, text


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_claims_to_be_reviewed_before_somebody_did(language: str) -> None:
    assert GUARD.policy.texts[language].reviewed is False


def test_general_part_is_the_same_for_everybody() -> None:
    scan = Scan(modality="CT", region="head")
    text = GUARD.general_part("en", scan)
    assert "brain" in text
    assert "slices" in text
    assert text == GUARD.general_part("en", Scan("CT", "head", "axial", ("skull",), True))


@pytest.mark.parametrize(
    ("word", "count"), [("like", 1), ("little", 2), ("doctor", 2), ("picture", 2), ("banana", 3)]
)
def test_syllables(word: str, count: int) -> None:
    assert count_syllables(word) == count


def test_grade_of_a_known_sentence() -> None:
    reading = measure("The cat sat on the mat. It was a good cat.")
    assert reading.longest_sentence == 6
    assert reading.grade == pytest.approx(0.39 * 5.5 + 11.8 - 15.59)
