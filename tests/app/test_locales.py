"""The page words: every language has every one, with the same places to fill in."""

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

from app.i18n import LANGUAGES, LOCALES, direction, offered_languages, words_of

ROOT = Path(__file__).parents[2]
TRANSLATED = tuple(code for code in LANGUAGES if code != "en")
SAME_EVERYWHERE = {"Model", "Adapter", "Prompts"}
"""Names of technical things that some languages spell like English."""


def catalogue(path: Path, language: str | None = None) -> Catalog:
    with path.open("rb") as source:
        return read_po(source, locale=language)


def of_language(language: str) -> Catalog:
    return catalogue(LOCALES / language / "LC_MESSAGES" / "messages.po", language)


def messages(found: Catalog) -> dict[str, Message]:
    return {_key(message.id): message for message in found if message.id}


def _key(identifier: object) -> str:
    return str(identifier[0] if isinstance(identifier, list | tuple) else identifier)


def places(text: object) -> set[str]:
    return set(re.findall(r"%\(\w+\)s", str(text)))


def test_the_list_of_words_is_the_one_of_the_templates() -> None:
    with (LOCALES / "babel.cfg").open(encoding="utf-8") as file:
        methods, options = parse_mapping_cfg(file)
    found = {
        _key(text) for _, _, text, _, _ in extract_from_dir(ROOT, methods, options, comment_tags=())
    }
    assert found == set(messages(catalogue(LOCALES / "messages.pot")))


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_word_is_missing_in_a_language(language: str) -> None:
    wanted, have = messages(catalogue(LOCALES / "messages.pot")), messages(of_language(language))
    assert set(have) == set(wanted)
    for key, message in have.items():
        forms = [message.string] if isinstance(message.string, str) else list(message.string)
        assert all(form.strip() for form in forms), key
        assert not message.fuzzy, key


@pytest.mark.parametrize("language", TRANSLATED)
def test_the_places_to_fill_in_agree(language: str) -> None:
    for key, message in messages(of_language(language)).items():
        forms = [message.string] if isinstance(message.string, str) else list(message.string)
        missing = [form for form in forms if places(form) - places(message.id)]
        assert missing == [], key
        assert any(places(form) == places(message.id) for form in forms), key


@pytest.mark.parametrize("language", TRANSLATED)
def test_no_english_sentence_is_left_in_a_language(language: str) -> None:
    same = [
        key
        for key, message in messages(of_language(language)).items()
        if message.string == key and " " in key.strip() and key not in SAME_EVERYWHERE
    ]
    assert same == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_language_says_that_nobody_has_reviewed_it(language: str) -> None:
    path = LOCALES / language / "LC_MESSAGES" / "messages.po"
    assert "reviewed: no" in path.read_text(encoding="utf-8")[:400]


def test_all_eight_languages_are_offered_and_arabic_runs_to_the_left() -> None:
    assert offered_languages() == LANGUAGES
    assert [code for code in LANGUAGES if direction(code) == "rtl"] == ["ar"]
    assert words_of("de").gettext("Erase everything") == "Alles löschen"


@pytest.mark.parametrize(("number", "form"), [(1, "1 pytanie"), (3, "3 pytania"), (5, "5 pytań")])
def test_plurals_follow_the_rules_of_the_language(number: int, form: str) -> None:
    one, many = "%(num)s question is before yours.", "%(num)s questions are before yours."
    assert form in words_of("pl").ngettext(one, many, number) % {"num": number}
