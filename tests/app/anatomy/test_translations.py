import re
from pathlib import Path

import pytest
import yaml

from app.anatomy.catalogue import FOLDER, SOURCE_LANGUAGE, Catalogue, StructureText, load

LANGUAGES = sorted(one.name for one in FOLDER.iterdir() if one.is_dir())
MAX_WORDS = 14
SIDES = {
    "nl": (r"\blinker|\blinks\b", r"\brechter|\brechts\b"),
    "de": (r"\blink(e|er|es|en)\b", r"\brecht(e|er|es|en)\b"),
    "fr": (r"\bgauche\b", r"\bdroite?\b"),
    "es": (r"\bizquierd[oa]\b", r"\bderech[oa]\b"),
    "tr": (r"\bsol\b", r"\bsağ\b"),
    "pl": (r"\blew(a|y|e|ej|ego)\b", r"\bpraw(a|y|e|ej|ego)\b"),
    "ar": (r"\b(ال)?(أيسر|يسرى|يسار)\b", r"\b(ال)?(أيمن|يمنى|يمين)\b"),
}
ILLNESS = {
    "nl": r"\b(kanker|tumor|gezwel|vlek|schaduw|normaal|gezond|ziekte?|pijn|gebroken|risico)\b",
    "de": r"\b(krebs|tumor|fleck|schatten|normal|gesund|krank\w*|schmerz\w*|gebrochen|risiko)\b",
    "fr": r"\b(cancer|tumeur|tache|ombre|normale?|saine?|malad\w*|douleur|cassée?|risque)\b",
    "es": r"\b(cáncer|tumor|mancha|sombra|normal|san[oa]|enferm\w*|dolor|rot[oa]|riesgo)\b",
    "tr": r"\b(kanser|tümör|kitle|leke|gölge|normal|sağl\u0131|hasta|ağr\u0131|k\u0131r\wk|risk)",
    "pl": r"\b(rak\w?|guz\w*|plam[aęy]|cień|normaln\w*|zdrow\w*|chor\w*|ból|złaman\w*|ryzyko)\b",
    "ar": r"\b[وفبلك]?(ال)?(سرطان|ورم|كتلة|كتل|بقعة|ظل|طبيعي|سليم|مرض|مريض|ألم|كسر|خطر)ة?\b",
}


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load()


def texts(catalogue: Catalogue, language: str) -> dict[str, StructureText]:
    """What is written in a language itself; nothing filled in from English."""
    every = catalogue.structures.values()
    return {one.key: one.texts[language] for one in every if language in one.texts}


def files(language: str) -> list[Path]:
    return sorted((FOLDER / language).glob("*.yaml"))


def test_the_first_languages_after_english_are_there() -> None:
    assert {"nl", "de", "fr", "es", "tr", "ar", "pl"} <= set(LANGUAGES)
    assert SOURCE_LANGUAGE not in LANGUAGES


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_structure_is_translated_in_the_file_of_its_group(language: str) -> None:
    assert [one.name for one in files(language)] == sorted(p.name for p in FOLDER.glob("*.yaml"))
    for path in files(language):
        translated = yaml.safe_load(path.read_text(encoding="utf-8"))["structures"]
        source = yaml.safe_load((FOLDER / path.name).read_text(encoding="utf-8"))["structures"]
        assert list(translated) == list(source), path


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_catalogue_holds_the_words_of_every_structure(
    catalogue: Catalogue, language: str
) -> None:
    assert set(texts(catalogue, language)) == set(catalogue.structures)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_claims_a_review_nobody_made(language: str) -> None:
    for path in files(language):
        # Read as plain strings: YAML 1.1 would turn the word into a truth value.
        top = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
        assert top["reviewed"] == "no", path


@pytest.mark.parametrize("language", LANGUAGES)
def test_sentences_are_single_and_short(catalogue: Catalogue, language: str) -> None:
    for key, text in texts(catalogue, language).items():
        for sentence in (text.does, text.looks):
            assert len(sentence.split()) <= MAX_WORDS, (key, sentence)
            assert len(re.findall(r"[.!?。؟]", sentence)) == 1, (key, sentence)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_two_structures_share_a_name(catalogue: Catalogue, language: str) -> None:
    names = [text.name.casefold() for text in texts(catalogue, language).values()]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("language", LANGUAGES)
def test_names_stay_apart_when_listed_with_commas(catalogue: Catalogue, language: str) -> None:
    names = [text.name for text in texts(catalogue, language).values()]
    assert [name for name in names if re.search(r"[,،、;]", name)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_left_in_english(catalogue: Catalogue, language: str) -> None:
    for key, text in texts(catalogue, language).items():
        english = catalogue.structure(key).text(SOURCE_LANGUAGE)
        assert text.does != english.does, key
        assert text.looks != english.looks, key


@pytest.mark.parametrize("language", LANGUAGES)
def test_both_sides_of_a_pair_read_alike(catalogue: Catalogue, language: str) -> None:
    found = texts(catalogue, language)
    for key, text in found.items():
        other = found.get(catalogue.structure(key).pair_key or "")
        if other is not None:
            assert (text.does, text.looks) == (other.does, other.looks), key


@pytest.mark.parametrize("language", sorted(SIDES))
def test_a_name_tells_its_own_side_and_no_other(catalogue: Catalogue, language: str) -> None:
    left, right = SIDES[language]
    for key, text in texts(catalogue, language).items():
        if "artery to the head" in key:
            continue
        side = catalogue.structure(key).side
        assert bool(re.search(left, text.name)) == (side == "left"), (key, text.name)
        assert bool(re.search(right, text.name)) == (side == "right"), (key, text.name)


@pytest.mark.parametrize("language", sorted(ILLNESS))
def test_no_text_names_an_illness(catalogue: Catalogue, language: str) -> None:
    for key, text in texts(catalogue, language).items():
        words = f"{text.name} {text.does} {text.looks}"
        assert not re.search(ILLNESS[language], words, re.IGNORECASE), (key, words)
