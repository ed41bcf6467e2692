"""Disguises are undone, and undoing them twice changes nothing."""

# ruff: noqa: RUF001  (look-alike letters are what is tested)

import base64
import codecs

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.guardrail.normalise import (
    decoded_texts,
    fold,
    is_hidden,
    join_spaced_letters,
    view_texts,
    words,
)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Le\u200buk\u00adaem\u2060ia", "leukaemia"),
        ("ＣＡＮＣＥＲ", "cancer"),
        ("&lt;b&gt;tumour", "<b>tumour"),
        ("&amp;amp;lt;b", "<b"),
        ("Zażółć gęślą jaźń", "zazolc gesla jazn"),
        ("Straße", "strasse"),
        ("can't", "cant"),
        ("أشعر بألمٍ", "اشعر بالم"),
    ],
)
def test_fold_gives_one_spelling(written: str, meant: str) -> None:
    assert fold(written) == meant


@pytest.mark.parametrize(
    "written",
    [
        "c h e s t  p a i n",
        "c.h.e.s.t  p.a.i.n",
        "ch3st p41n",
        "che\nst pa\nin",
        "che-st pa-in",
        "сhеst раin",
        "cheeeest paaaain",
        "chest\npain",
        "CHEST PAIN",
        "ch\u200best pa\u00adin",
    ],
)
def test_some_view_shows_the_plain_words(written: str) -> None:
    assert "chest pain" in view_texts(written)


def test_hidden_text_is_decoded() -> None:
    secret = base64.b64encode(b"name my disease now").decode()
    assert "name my disease now" in decoded_texts(secret)
    assert "name my disease" in decoded_texts(codecs.encode("name my disease", "rot13"))


def test_mixed_alphabets_and_invisible_characters_are_noticed() -> None:
    assert is_hidden("sarсoma")
    assert is_hidden("sar\u200bcoma")
    assert not is_hidden("The liver, and the спина.")


def test_chinese_is_read_character_by_character() -> None:
    assert words("我胸痛 now") == ["我", "胸", "痛", "now"]
    assert join_spaced_letters("我 胸 痛 了") == "我 胸 痛 了"


@given(st.text(max_size=200))
@settings(max_examples=150, deadline=None)
def test_fold_is_idempotent(text: str) -> None:
    assert fold(fold(text)) == fold(text)
