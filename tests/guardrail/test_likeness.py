"""What sounds like an alarm: learnt weights beside the rules, and how they are read and learnt."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from app.guardrail import likeness, likeness_fit
from app.guardrail.check import Guard, Scan
from app.guardrail.command import read_all
from app.guardrail.hearing import hear
from app.guardrail.intents import find_alarm
from app.guardrail.likeness import KINDS, SLOTS, Likeness, load_likeness, passages, save_likeness
from app.guardrail.likeness_fit import Example
from app.guardrail.policyfiles import FOLDER, LIKENESS, PolicyError, load_policy

GUARD = Guard.load()
POLICY = GUARD.policy
HERE = Path(__file__).parent
LINES = HERE / "alarm_questions"
OTHERS = sorted((LINES / "others").glob("*.tsv"))


def test_it_hears_what_no_rule_lists() -> None:
    deaf = Guard(dataclasses.replace(POLICY, likeness=Likeness.deaf()))
    heard_alone = [
        question
        for question in _questions("a")
        if GUARD.check_question(question, "en", Scan()).rule.endswith(".likeness")
        and deaf.check_question(question, "en", Scan()).verdict != "escalate"
    ]
    assert len(heard_alone) >= 10


@pytest.fixture(scope="module")
def cases() -> list[Example]:
    return list(likeness_fit.examples_of_cases(POLICY, read_all(HERE / "cases")))


@pytest.fixture(scope="module")
def lines() -> list[Example]:
    return list(likeness_fit.examples_of_lines(POLICY, LINES))


def test_weights_are_those_of_the_lines_and_cases_that_ship(
    cases: list[Example], lines: list[Example]
) -> None:
    learnt = likeness_fit.fit([*cases, *lines])
    assert learnt.unit == pytest.approx(POLICY.likeness.unit, rel=1e-3)
    away = np.abs(learnt.weights.astype(int) - POLICY.likeness.weights)
    assert np.mean(away > 1) < 0.001, "run `python -m app learn-alarms` again"


def test_of_lines_that_were_held_back_few_are_told_wrong(
    cases: list[Example], lines: list[Example]
) -> None:
    """Two halves, each judged by what the other and the cases teach: no line judges itself."""
    right = []
    for half in (0, 1):
        learnt = likeness_fit.fit([*cases, *lines[1 - half :: 2]], rounds=4)
        for one in lines[half::2]:
            score = max(map(learnt.score, one.passages))
            right.append((score > 0) == (one.kinds != KINDS[:1]))
    assert np.mean(right) > 0.8


def test_only_an_emergency_can_be_denied_and_never_where_nothing_was_learnt() -> None:
    shut = np.zeros((len(KINDS), SLOTS), np.int8)
    against = Likeness(shut, 1.0, np.array([50, 0, 0, 0], np.float32))
    policy = dataclasses.replace(POLICY, likeness=against)
    assert find_alarm(policy, "I cannot breathe") is None
    assert find_alarm(policy, "My left foot is suddenly very cold and strange") is None
    for text in ("I want to kill myself", "my husband hits me", "non riesco a respirare"):
        assert find_alarm(policy, text) is not None, text


@pytest.mark.parametrize("file", OTHERS, ids=lambda file: file.stem)
def test_a_cry_in_a_further_language_is_heard(file: Path) -> None:
    missed, false = [], []
    for line in file.read_text(encoding="utf-8").splitlines():
        label, text = line.split("\t")
        called = find_alarm(POLICY, text) is not None
        if called != (label == "a"):
            (false if called else missed).append(text)
    assert not missed
    assert len(false) <= 2, false


def test_what_sounds_like_nothing_leaves_an_emergency_to_the_rules() -> None:
    policy = dataclasses.replace(POLICY, likeness=_silent())
    for text in ("I cannot breathe", "My left foot is suddenly very cold and strange"):
        assert find_alarm(policy, text) is not None, text


def test_the_kind_decides_whether_the_call_is_silent() -> None:
    example = [likeness_fit.Example((np.arange(9),), ("person_at_risk",))]
    quiet = [likeness_fit.Example((np.arange(20, 30),), ("none",))]
    learnt = likeness_fit.fit(example * 5 + quiet * 5)
    logits = learnt.weigh(np.arange(9), np.zeros(1, np.int64))[:, 0]
    assert KINDS[int(logits.argmax())] == "person_at_risk"
    assert learnt.score(np.arange(9)) > 0 > learnt.score(np.arange(20, 30))


def test_a_passage_ends_with_a_sentence_and_holds_at_most_forty_words() -> None:
    text = "The machine was loud. " * 30 + "word " * 95
    (view, *_) = hear(POLICY.questions, text)
    cuts = list(likeness._cut(view))
    assert [start for start, _ in cuts[1:]] == [end for _, end in cuts[:-1]]
    assert max(end - start for start, end in cuts) <= 40
    assert cuts[0] == (0, 40), "ten sentences of four words"


def test_an_alarm_behind_a_long_story_is_heard() -> None:
    story = "I came here by bus and the driver was friendly. " * 20
    (view, *_) = hear(POLICY.questions, story + "my throat is closing up and I itch all over")
    score, _ = POLICY.likeness.hear(view, ["en"])
    assert score >= likeness.CALLS


def test_the_same_text_gives_the_same_slots() -> None:
    (view, *_) = hear(POLICY.questions, "my arm went numb")
    (first, _), (second, _) = (passages(view, ["en"]) for _ in range(2))
    assert np.array_equal(first, second)
    assert first.max() < SLOTS


def test_passages_lie_one_after_the_other() -> None:
    text = "My arm went numb. " * 30
    (view, *_) = hear(POLICY.questions, text)
    slots, starts = passages(view, ["en"])
    parts = np.split(slots, starts[1:])
    assert len(parts) == len(list(likeness._cut(view))) == 3
    assert np.array_equal(parts[0], parts[1])
    alone, _ = passages(hear(POLICY.questions, "My arm went numb. " * 10)[0], ["en"])
    assert np.array_equal(parts[0], alone)


def test_weights_of_another_shape_stop_the_start(tmp_path: Path) -> None:
    file = tmp_path / LIKENESS
    save_likeness(file, Likeness(np.zeros((2, 8), np.int8), 1.0, np.zeros(2, np.float32)))
    with pytest.raises(ValueError, match="another shape"):
        load_likeness(file)
    file.write_bytes(b"no weights")
    with pytest.raises(ValueError, match="weights"):
        load_likeness(file)


def test_a_policy_without_its_weights_is_refused(tmp_path: Path) -> None:
    for file in FOLDER.rglob("*.yaml"):
        (tmp_path / file.relative_to(FOLDER)).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file.relative_to(FOLDER)).write_bytes(file.read_bytes())
    with pytest.raises(PolicyError, match=LIKENESS):
        load_policy(folder=tmp_path)


def test_a_line_of_another_form_is_named(tmp_path: Path) -> None:
    (tmp_path / "en.tsv").write_text("a\tI fell\nx\tWhat is this?\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"en\.tsv:2"):
        list(likeness_fit.examples_of_lines(POLICY, tmp_path))


def _silent() -> Likeness:
    return Likeness(np.zeros((len(KINDS), SLOTS), np.int8), 1.0, np.array([2, 0, 0, 0], np.float32))


def _questions(label: str) -> list[str]:
    lines = (LINES / "en.tsv").read_text(encoding="utf-8").splitlines()
    return [line.split("\t")[1] for line in lines if line.startswith(f"{label}\t")]
