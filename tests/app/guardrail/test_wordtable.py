"""The packed table must know exactly what the forms written out one by one say."""

import random

import pytest

from app.guardrail.check import Guard
from app.guardrail.normalise import fold
from app.guardrail.packed import pack
from app.guardrail.policyfiles import load_policy
from app.guardrail.wordtable import UNKNOWN, Known, WordTable
from tests.guardrail.approved import written_out

ARABIC_PROCLITICS = "ال و وال ب بال ل لل وب وبال ول ولل ك كال ف فال"


def test_every_approved_form_is_in_the_table_with_its_group_and_anchor() -> None:
    policy = load_policy()
    chance = random.Random(4)
    for language, (groups, anchors) in written_out().items():
        held = policy.approvers[language].vocabulary
        sample = chance.sample(sorted(groups), 4000)
        strange = (*(word[::-1] for word in sample), *(word[1:] for word in sample))
        # What Arabic writes on to a word is not written out.
        told = (word for word in (*sample, *strange) if language != "ar" or word in groups)
        for word in told:
            row = policy.words.look_up(word)
            assert held.group_of(word) == row.groups.get(language, "") == groups.get(word, "")
            assert held.is_anchor(word) == (word in anchors)


@pytest.mark.parametrize("start", ARABIC_PROCLITICS.split())
def test_what_arabic_writes_on_to_a_word_approves_no_other(start: str) -> None:
    vocabulary = Guard.load().policy.approvers["ar"].vocabulary
    assert vocabulary.tag(start + fold("رئة"))
    for finding in ("ورم", "كسر", "بقع"):
        assert not vocabulary.tag(start + fold(finding))


def test_words_of_phrases_and_word_starts_show_a_language_and_approve_nothing() -> None:
    table = WordTable()
    table.add_vocabulary("en", {"lung": "anatomy", "in": "function"}, ["lung"])
    table.add_vocabulary("nl", {"in": "function"}, [])
    table.add_reading("nl", ["pijn", "in"])
    table.pack()
    assert table.row("lung").anchors == table.row("lung").read == {"en"}
    assert table.row("in").groups == {"en": "function", "nl": "function"}
    assert table.row("pijn").read == {"nl"}
    assert not table.row("pijn").groups
    assert table.row("lun") is table.row("lungs") is table.row("") is UNKNOWN
    known = Known({"pijn"}, table)
    assert [known[word] for word in ("pijn", "lung", "lungs")] == [True, True, False]


def test_a_number_outside_its_bounds_is_refused() -> None:
    assert pack({"a": 1, "\u0639\u0638\u0645": 16_383}).get("\u0639\u0638\u0645") == 16_383
    for number in (0, 16_384):
        with pytest.raises(ValueError, match=str(number)):
            pack({"a": number})


def test_a_word_is_remembered_for_one_check_alone() -> None:
    table = Guard.load().policy.words
    assert table.rows() is not table.rows()
