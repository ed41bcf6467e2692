"""A question is read once, in every form that changes it, with its parts that ask."""

import pytest

from app.guardrail.check import Guard
from app.guardrail.complaints import complains, is_unplaced, read_sentences
from app.guardrail.hearing import ASKED_PART, hear
from app.guardrail.spelling import deletions, sound

POLICY = Guard.load().policy


def asked_words(text: str) -> list[str]:
    view = hear(POLICY.questions, text)[0]
    parts = view.spans["en"][ASKED_PART]
    return [" ".join(view.tokens[start:end]) for start, end in parts]


def weight(text: str) -> int:
    view = hear(POLICY.questions, text)[0]
    return max(POLICY.scale.weight_of(held) for held in read_sentences(POLICY.scale, "en", view))


def test_plain_words_are_read_in_one_form() -> None:
    assert len(hear(POLICY.questions, "Which bone is this")) == 1


def test_a_disguise_is_read_in_a_form_of_its_own() -> None:
    views = hear(POLICY.questions, "my ch3st hurt5 so b4d")
    assert ("my", "chest", "hurts", "so", "bad") in [view.tokens for view in views]


def test_only_the_disguised_piece_of_a_long_text_is_read_again() -> None:
    long = "Which bone is this on my picture today. " * 60
    views = hear(POLICY.questions, long + "my ch3st hurt5 so b4d. " + long)
    assert len(views[0].tokens) > 900
    assert any("chest" in view.tokens and len(view.tokens) < 300 for view in views[1:])


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("Which bone is this?", ["which bone is this"]),
        ("So, which bone is this, my arm is numb", ["which bone is this"]),
        ("my arm is numb", []),
    ],
)
def test_the_part_that_asks_is_known(text: str, asked: list[str]) -> None:
    assert asked_words(text) == asked


def test_what_is_asked_weighs_nothing() -> None:
    assert weight("my face is numb and drooping") > weight("is my face numb and drooping")


@pytest.mark.parametrize("text", ["I broke my toe last year", "I have no pain", "my knee hurts"])
def test_harmless_words_weigh_against_a_complaint(text: str) -> None:
    assert weight(text) < POLICY.scale.plain_threshold


def test_a_statement_that_nothing_explains_is_noticed() -> None:
    def unplaced(text: str) -> bool:
        return is_unplaced(POLICY.scale, hear(POLICY.questions, text)[0], ["en"])

    assert unplaced("my brother zorgled his blatt again")
    assert not unplaced("I came here by bus with my wife")
    assert not unplaced("my brother zorgled, which bone is this")


def test_a_plain_fact_in_known_words_calls_nobody() -> None:
    view = hear(POLICY.questions, "we both came through the big door")[0]
    assert is_unplaced(POLICY.scale, view, ["en"])
    assert not is_unplaced(POLICY.scale, view, ["en"], all_known=True)


@pytest.mark.parametrize(
    ("text", "called"),
    [
        ("I take blood pressure tablets", False),
        ("I take blood pressure tablets and I am dizzy", True),
        ("my dad has gone a funny colour", True),
        ("I like the funny colour of the picture", False),
    ],
)
def test_a_longer_phrase_outweighs_the_words_in_it(text: str, called: bool) -> None:
    assert complains(POLICY.scale, hear(POLICY.questions, text)[0], ["en"]) is called


@pytest.mark.parametrize(
    ("written", "meant"), [("throte", "throat"), ("nomb", "numb"), ("bleading", "bleeding")]
)
def test_words_that_sound_the_same_have_one_sound(written: str, meant: str) -> None:
    assert sound(written) == sound(meant)


def test_deletions_of_two_letters_hold_those_of_one() -> None:
    assert deletions("chest") < deletions("chest", 2)
