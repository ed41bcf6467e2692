"""Turns of phrase with choices in them: what they stand for, and what is none."""

import pytest

from app.guardrail.check import Guard
from app.guardrail.scan import Scan
from app.guardrail.turns import parts_of, read_turns
from app.guardrail.vocabulary import PART_PHRASE

GUARD = Guard.load()
TURNS = read_turns(
    parts_of(line)
    for line in (
        "shadow of (a|the) (old|) tree",
        "(nasal|oral) cavity",
        "stroke of the pen",
        "stroke",
        "X-ray table",
        "edge of ((the|a)|my|) (door|(lift|bus))",
    )
)


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("shadow of the old tree here", 5),
        ("shadow of a tree", 4),
        ("shadow of an old tree", 0),
        ("shadow of the", 0),
        ("oral cavity", 2),
        ("oral", 0),
        ("stroke of the pen marks it", 4),
        ("stroke of the clock", 1),
        ("xray table", 2),
        ("edge of a bus", 4),
        ("edge of door", 3),
        ("tree", 0),
    ],
)
def test_the_longest_turn_that_begins_at_a_word_counts(text: str, length: int) -> None:
    assert TURNS.length_at(text.split(), 0) == length


def test_a_turn_is_found_in_the_middle_of_a_text() -> None:
    assert TURNS.length_at(["in", "the", "nasal", "cavity"], 2) == 2


def test_a_word_is_no_turn_because_it_begins_like_one() -> None:
    assert TURNS.length_at(["oral", "cavityx"], 0) == 0


@pytest.mark.parametrize("line", ["", "(|old) tree", "(a|) (tree)", "by (a|the (old|tall)) tree"])
def test_a_turn_that_cannot_be_read_is_a_mistake(line: str) -> None:
    with pytest.raises(ValueError, match=r"^$|tree"):
        parts_of(line)


@pytest.mark.parametrize(
    "answer",
    [
        "The funny bone has moved to the left.",
        "Part of the funny bone looks darker.",
        "The root of the tooth has moved to the left.",
        "The neck of the bladder has moved to the left.",
    ],
)
def test_a_turn_that_names_a_part_is_judged_as_one(answer: str) -> None:
    assert GUARD.check_answer("What am I looking at?", answer, "en", Scan()).verdict != "allow"


def test_a_turn_that_names_a_part_is_shown_where_nothing_is_said_against_it() -> None:
    answer = "The funny bone is a nerve behind the elbow."
    assert GUARD.check_answer("What am I looking at?", answer, "en", Scan()).verdict == "allow"


def test_rules_see_which_turn_names_a_part() -> None:
    approver = GUARD.policy.approvers["en"]
    assert approver.read("the funny bone has moved").with_parts()[1] == PART_PHRASE
    assert PART_PHRASE not in approver.read("shadow of the tree").with_parts()
