"""What sounds like a plain description: learnt weights to which some rules yield."""

import dataclasses
import math
from pathlib import Path

import numpy as np
import pytest

from app.guardrail import plainness_fit
from app.guardrail.check import Guard, Scan
from app.guardrail.likeness import SLOTS, Likeness
from app.guardrail.likeness_fit import Example, fit
from app.guardrail.plainness import KINDS, OBJECTS, YIELDS, slots_of, slots_of_all

GUARD = Guard.load()
POLICY = GUARD.policy
HERE = Path(__file__).parent
LINES = HERE / "plain_answers"
LOOK = "What am I looking at?"


def _guard(weights: Likeness) -> Guard:
    approvers = {
        code: dataclasses.replace(one, plainness=weights) for code, one in POLICY.approvers.items()
    }
    return Guard(dataclasses.replace(POLICY, approvers=approvers))


def _always(plain: float, hint: float) -> Likeness:
    bias = np.array([plain, hint], np.float32)
    return Likeness(np.zeros((len(KINDS), SLOTS), np.int8), 1.0, bias)


UNDECIDED, LENIENT = _guard(_always(0, 0)), _guard(_always(50, 0))
SUSPICIOUS = _guard(_always(0, 50))


def _shows(guard: Guard, answer: str) -> bool:
    return guard.check_answer(LOOK, answer, "en", Scan()).verdict == "allow"


@pytest.mark.parametrize(
    "answer",
    [
        "The nerve runs in a groove behind the elbow.",
        "The fundus is the round upper part of the stomach.",
        "You lie in a wide tube that is open at both ends.",
    ],
)
def test_rules_yield_to_a_plain_description(answer: str) -> None:
    assert not _shows(UNDECIDED, answer), "no rule speaks against it, so it shows nothing"
    assert _shows(GUARD, answer)


@pytest.mark.parametrize(
    "answer",
    [
        "Everything is normal.",
        "There is no hole in the bone.",
        "There is something in the lung.",
        "You have a round shape in the liver.",
        "People with this live a long time.",
        "The picture shows two hearts.",
        "It starts with the letter C.",
        "Zorgblatt of the lung.",
    ],
)
def test_no_weight_brings_in_a_word_or_overrules_a_firm_rule(answer: str) -> None:
    assert not _shows(LENIENT, answer)


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        ("Cartilage itself doesn't show on an X-ray, so the bones seem to hang apart.", True),
        ("The scan was made with arms above the head, which is why no elbows are in view.", True),
        ("No dark line crosses the bone.", False),
        ("The two ends of the bone do not meet.", False),
        ("The lung does not fill the chest.", False),
    ],
)
def test_a_negation_is_shown_where_all_surely_sounds_plain(answer: str, shown: bool) -> None:
    assert not _shows(UNDECIDED, answer)
    assert _shows(GUARD, answer) == shown


def test_what_a_rule_must_catch_it_still_catches() -> None:
    for approver in POLICY.approvers.values():
        for rule in approver.objections:
            if rule.yields > -math.inf:
                shown = [one for one in rule.catch if approver.judge(one).ok]
                assert shown == [], rule.id


@pytest.fixture(scope="module")
def examples() -> list[Example]:
    return list(plainness_fit.LESSON.examples(POLICY, HERE / "cases", LINES))


def test_weights_are_those_of_the_answers_that_ship(examples: list[Example]) -> None:
    learnt = fit(examples, kinds=KINDS)
    held = next(iter(POLICY.approvers.values())).plainness
    assert learnt.unit == pytest.approx(held.unit, rel=1e-3)
    away = np.abs(learnt.weights.astype(int) - held.weights)
    assert np.mean(away > 1) < 0.001, "run `python -m app learn-plain` again"


def test_of_answers_held_back_few_are_told_wrong(examples: list[Example]) -> None:
    """Two halves, each judged by what the other teaches: no answer judges itself."""
    scores: dict[tuple[str, ...], list[float]] = {(kind,): [] for kind in KINDS}
    for half in (0, 1):
        learnt = fit(examples[1 - half :: 2], rounds=6, kinds=KINDS)
        for one in examples[half::2]:
            scores[one.kinds].append(max(map(learnt.score, one.passages)))
    plain, hints = (np.array(scores[(kind,)]) for kind in KINDS)
    assert np.mean(plain <= YIELDS) > 0.6
    assert np.mean(hints <= YIELDS) < 0.06
    assert np.mean(plain > OBJECTS) < 0.02
    assert np.mean(hints > OBJECTS) > 0.4


def test_what_sounds_hinted_is_held_though_no_rule_objects() -> None:
    answer = "The heart lies between the lungs."
    assert _shows(UNDECIDED, answer)
    assert not _shows(SUSPICIOUS, answer)
    judged = SUSPICIOUS.policy.approvers["en"].judge(answer)
    assert judged.reason == "answer.sounds_hinted"


def test_a_word_or_two_sound_like_nothing() -> None:
    asked = "Is this an MRI?"
    for guard in (UNDECIDED, SUSPICIOUS):
        assert guard.check_answer(asked, "Yes, it is.", "en", Scan()).verdict == "allow"


def test_several_sentences_weigh_what_each_weighs_alone() -> None:
    approver = POLICY.approvers["en"]
    lines = (LINES / "en.tsv").read_text(encoding="utf-8").splitlines()[:40]
    several = [approver.read(line.split("\t")[1]).tagged for line in lines]
    slots, starts = slots_of_all(approver.vocabulary, several)
    together = approver.plainness.scores(slots, starts)
    alone = [approver.plainness.score(slots_of(approver.vocabulary, one)) for one in several]
    assert together.tolist() == alone


def test_a_hint_teaches_only_what_firm_rules_deny() -> None:
    case = {"lang": "en", "kind": "output", "expect": {"verdict": "soften"}}
    raw = "The liver lies on the right. Everything is normal."
    (example,) = plainness_fit.examples_of_cases(POLICY, [{**case, "raw_answer": raw}])
    assert len(example.passages) == 1


def test_a_line_of_another_form_is_named(tmp_path: Path) -> None:
    (tmp_path / "en.tsv").write_text("p\tThe heart is a muscle.\na\tNo.\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"en\.tsv:2"):
        list(plainness_fit.examples_of_lines(POLICY, tmp_path))
