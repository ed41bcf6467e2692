"""The packed table must know exactly what the forms written out one by one say."""

import random

import pytest

from app.guardrail.check import Guard
from app.guardrail.packed import pack
from app.guardrail.policyfiles import load_policy
from app.guardrail.wordtable import UNKNOWN, Known, WordTable
from tests.guardrail.approved import written_out


def test_every_approved_form_is_in_the_table_with_its_group_and_anchor() -> None:
    policy = load_policy()
    chance = random.Random(4)
    for language, (groups, anchors) in written_out().items():
        held = policy.approvers[language].vocabulary
        sample = chance.sample(sorted(groups), 4000)
        for word in (*sample, *(word[::-1] for word in sample), *(word[1:] for word in sample)):
            row = policy.words.look_up(word)
            assert held.group_of(word) == row.groups.get(language, "") == groups.get(word, "")
            assert held.is_anchor(word) == (word in anchors)


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
