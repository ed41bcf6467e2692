"""The card for whoever reads none of the eight languages."""

import html

from app.deps import House
from app.i18n import LANGUAGES
from app.patient.staff_card import cards
from tests.app.patient.visitor import Visitor
from tests.card_letters import FONTS, SOURCES, letters_in, letters_of


def test_the_card_is_open_to_everybody_and_says_it_in_every_language(house: House) -> None:
    dan = Visitor.of(house)
    assert dan.get("/card") == 200
    words = html.unescape(dan.html)
    found = cards("en")
    assert len(found) >= 10
    for one in found:
        assert one.code not in LANGUAGES
        assert one.says in words
        assert f"this person speaks {one.staff_name}." in words
    dan.get("/")
    assert 'href="/card"' in dan.html


def test_staff_read_the_name_of_the_language_in_their_own() -> None:
    assert {one.code: one.staff_name for one in cards("de")}["uk"] == "Ukrainisch"


def test_every_letter_of_the_card_is_in_a_font_that_is_shipped() -> None:
    for name, (_, languages) in SOURCES.items():
        have = letters_in(FONTS / f"noto-sans-card-{name}.woff2")
        assert {ord(one) for one in letters_of(languages)} <= have | {0x200C}, name
    latin = FONTS / "atkinson-hyperlegible-next-latin.woff2"
    further = FONTS / "atkinson-hyperlegible-next-latin-ext.woff2"
    have = letters_in(latin) | letters_in(further)
    assert {ord(one) for one in letters_of(("it", "pt", "ro", "so"))} <= have
    arabic = letters_in(FONTS / "noto-sans-arabic.woff2") | have
    assert {ord(one) for one in letters_of(("fa", "ur"))} <= arabic


def test_a_question_in_a_language_that_is_not_read_offers_the_card(alice: Visitor) -> None:
    alice.ask("question", "मुझे बताइए कि इस तस्वीर में क्या दिख रहा है")
    alice.work()
    alice.let_time_pass()
    assert alice.sees("card-link")
