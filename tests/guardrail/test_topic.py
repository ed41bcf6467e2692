"""What is about something else than the picture: learnt weights beside the listed words."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from app.guardrail import topic_fit
from app.guardrail.check import Guard, Scan
from app.guardrail.likeness import SLOTS, Likeness
from app.guardrail.likeness_fit import Example, fit
from app.guardrail.topic import ELSE, KINDS

GUARD = Guard.load()
POLICY = GUARD.policy
HERE = Path(__file__).parent
LINES = HERE / "alarm_questions"


def _guard(ours: float, other: float) -> Guard:
    weights = np.zeros((len(KINDS), SLOTS), np.int8)
    topics = Likeness(weights, 1.0, np.array([ours, other], np.float32))
    return Guard(dataclasses.replace(POLICY, topics=topics))


UNDECIDED, EAGER, STRICT = _guard(0, 0), _guard(50, 0), _guard(0, 50)


def _rule(guard: Guard, question: str, language: str = "en") -> str:
    return guard.check_question(question, language, Scan()).rule


@pytest.mark.parametrize(
    ("language", "question"),
    [
        ("en", "what colour goes with grey trousers"),
        ("en", "why is the sky blue"),
        ("de", "Warum ist der Himmel blau?"),
        ("nl", "welke kleur past bij een grijze bank"),
        ("fr", "pourquoi le ciel est bleu"),
    ],
)
def test_words_of_the_picture_make_no_question_about_it(language: str, question: str) -> None:
    assert _rule(UNDECIDED, question, language) in ("ask.pointing", "ask.anatomy")
    assert _rule(GUARD, question, language) == "ask.off_topic.likeness"


@pytest.mark.parametrize(
    "question", ["Which bone is this?", "What is the liver for?", "Why is the air black?"]
)
def test_questions_about_the_picture_go_to_the_model(question: str) -> None:
    assert GUARD.check_question(question, "en", Scan()).verdict == "allow"


def test_it_decides_only_where_no_rule_does() -> None:
    for guard in (EAGER, STRICT):
        assert _rule(guard, "I cannot breathe").startswith("ask.emergency")
        assert _rule(guard, "Is it a tumour?") == "ask.condition"
        assert _rule(guard, "Can I take two paracetamol?") == "ask.medicine"
        assert _rule(guard, "Where is the liver?") == "ask.anatomy"
        assert _rule(guard, "What is the capital of Spain?").startswith("ask.off_topic")


def test_a_story_is_not_judged_by_how_it_sounds_as_a_whole() -> None:
    assert _rule(STRICT, "Why is this white?") == "ask.off_topic.likeness"
    assert _rule(STRICT, "Good morning to you. Why is this white?") == "ask.pointing"


@pytest.fixture(scope="module")
def examples() -> list[Example]:
    return list(topic_fit.LESSON.examples(POLICY, HERE / "cases", LINES))


def test_weights_are_those_of_the_questions_that_ship(examples: list[Example]) -> None:
    learnt = fit(examples, kinds=KINDS)
    assert learnt.unit == pytest.approx(POLICY.topics.unit, rel=1e-3)
    away = np.abs(learnt.weights.astype(int) - POLICY.topics.weights)
    assert np.mean(away > 1) < 0.001, "run `python -m app learn-topics` again"


def test_of_questions_held_back_few_are_told_wrong(examples: list[Example]) -> None:
    """Two halves, each judged by what the other teaches: no question judges itself."""
    scores: dict[tuple[str, ...], list[float]] = {(kind,): [] for kind in KINDS}
    for half in (0, 1):
        learnt = fit(examples[1 - half :: 2], rounds=6, kinds=KINDS)
        for one in examples[half::2]:
            scores[one.kinds].append(min(map(learnt.score, one.passages)))
    ours, other = (np.array(scores[(kind,)]) for kind in KINDS)
    assert np.mean(ours >= ELSE) < 0.02
    assert np.mean(other >= ELSE) > 0.4


def test_a_line_of_another_form_is_named(tmp_path: Path) -> None:
    (tmp_path / "en.tsv").write_text("p\tWhich bone is this?\nx\tWho won?\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"en\.tsv:2"):
        list(topic_fit.examples_of_lines(POLICY, tmp_path))
