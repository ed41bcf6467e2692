"""The guard as the pages use it: verdicts, no tell, and closed whatever breaks."""

import dataclasses
import time
from typing import Any

import pytest

from app.guardrail import answers, check, compose, intents
from app.guardrail.check import Guard, Scan, Verdict

GUARD = Guard.load()
HEAD = Scan(modality="MR", region="head")
MIGHT = "What condition might I have?"
LOOK = "What am I looking at?"


def shown(raw: str, question: str = MIGHT, scan: Scan = HEAD, language: str = "en") -> Verdict:
    return GUARD.check_answer(question, raw, language, scan)


def test_every_finding_of_one_picture_shows_the_same_words() -> None:
    raws = [
        "Glioblastoma multiforme",
        "small arachnoid scar",
        "normal study",
        "No evidence of metastasis.",
        "Subdural hematoma",
        "yes",
        "Early pregnancy with twins",
        "Zorgblatt syndrome",
        "Everything is normal, no need to see a doctor",
    ]
    texts = {shown(raw).text for raw in raws}
    assert len(texts) == 1
    (text,) = texts
    assert text.startswith("This picture shows your head.")
    assert "how one part of the head looks" in text


def test_category_b_needs_the_manifest_and_the_clinic() -> None:
    clinic = dataclasses.replace(GUARD.policy.clinic, use_categories=True)
    allowed = Guard(dataclasses.replace(GUARD.policy, clinic=clinic))
    good = dataclasses.replace(HEAD, may_use_category=True)
    b = "how the fluid and the blood vessels in the head look"
    assert b in allowed.check_answer(MIGHT, "Subdural hematoma", "en", good).text
    assert b in allowed.check_answer(MIGHT, "prominent CSF spaces", "en", good).text
    assert b not in allowed.check_answer(MIGHT, "Glioblastoma", "en", good).text
    assert b not in allowed.check_answer(MIGHT, "Subdural hematoma", "en", HEAD).text
    assert b not in GUARD.check_answer(MIGHT, "Subdural hematoma", "en", good).text


@pytest.mark.parametrize("word", ["abdomen", "Abdomen.", "head", "MR", "sagittal"])
def test_a_word_that_contradicts_the_page_is_not_shown(word: str) -> None:
    chest = Scan(modality="CT", region="chest", plane="axial")
    verdict = shown(word, "Which part of my body is this?", chest)
    assert (verdict.verdict, verdict.rule) == ("soften", "answer.contradicts_page")
    assert verdict.text.startswith("This picture shows your chest.")


@pytest.mark.parametrize("word", ["chest", "spine", "liver"])
def test_a_word_that_fits_the_page_is_shown(word: str) -> None:
    chest = Scan(modality="CT", region="chest", plane="axial")
    assert shown(word, "Which part of my body is this?", chest).verdict == "allow"


def test_safe_sentences_are_kept_word_for_word() -> None:
    raw = (
        "This is an axial CT of the chest at the level of the heart. "
        "There is a 4.1 cm spiculated mass in the left upper lobe."
    )
    verdict = shown(raw, MIGHT, Scan(region="chest"))
    assert verdict.verdict == "soften"
    assert verdict.text.startswith("This is an axial CT of the chest at the level of the heart.")
    assert "mass" not in verdict.text
    assert "how one part of the chest looks" in verdict.text


@pytest.mark.parametrize("raw", ["", "   ", "of of of of of", "<loc0001><loc0002>", "{}", "..."])
def test_broken_text_draws_the_neutral_words(raw: str) -> None:
    verdict = shown(raw)
    assert verdict.verdict == "withhold"
    assert "Your doctor will go through it with you." in verdict.text


@pytest.mark.parametrize(
    ("question", "raw", "verdict"),
    [
        ("Is this my right hand?", "yes", "allow"),
        ("Is it malignant?", "yes", "soften"),
        ("Is there fluid in my lung?", "no", "soften"),
        ("Which organ is this?", "liver", "allow"),
        ("Where is the growth?", "upper lobe", "soften"),
        ("What kind of picture is this?", "MR", "allow"),
        (MIGHT, "left lung", "soften"),
        (LOOK, "left lung", "soften"),
    ],
)
def test_one_word_is_judged_with_its_question(question: str, raw: str, verdict: str) -> None:
    assert shown(raw, question).verdict == verdict


def test_allowed_text_is_the_raw_text() -> None:
    raw = "The liver is the largest organ in the belly."
    assert shown(f"  {raw}\n", LOOK) == Verdict(
        "allow", "answer.approved", "answer", raw, GUARD.policy_version, None, False
    )


@pytest.mark.parametrize(
    ("raw", "note"),
    [("Shaken baby syndrome", "violence"), ("Early pregnancy", "pregnancy"), ("HIV", "stigma")],
)
def test_sensitive_words_leave_a_quiet_note(raw: str, note: str) -> None:
    verdict = shown(raw)
    assert verdict.note == note
    assert verdict.text == shown("normal study").text


def test_time_critical_words_sort_silently() -> None:
    assert shown("Aortic dissection").time_critical
    assert not shown("Mild bunion").time_critical
    assert shown("Aortic dissection").text == shown("Mild bunion").text


@pytest.mark.parametrize("disguised", ["d1ssect10n", "dis-sec-tion", "d i s s e c t i o n"])
def test_staff_are_told_of_a_disguise_far_down_in_a_long_answer(disguised: str) -> None:
    plain = "The liver lies under the ribs on the right. " * 40
    assert not shown(plain).time_critical
    assert shown(f"{plain}Aortic {disguised}. {plain}").time_critical


def test_an_unknown_part_is_named_after_the_answer() -> None:
    text = shown("A few tiny cysts in both kidneys.", MIGHT, Scan()).text
    assert text.startswith("This picture shows your kidneys.")
    assert "cyst" not in text


def test_a_long_question_is_searched_to_its_end() -> None:
    question = "what is this bone and why is it white " * 120 + " I can not breathe"
    assert GUARD.check_question(question, "en", HEAD).verdict == "escalate"


def test_markup_of_the_patient_is_never_repeated() -> None:
    verdict = GUARD.check_question("<svg onload=alert(2)> which bone?", "en", HEAD)
    assert "<" not in verdict.text


FAULTS = [
    (module, name, error)
    for module, names in (
        (check, ("find_alarm", "find_intent", "judge_answer", "disguises_undone", "hear")),
        (intents, ("complains", "matches", "is_unread")),
        (answers, ("split_sentences", "folded_words", "best_language")),
    )
    for name in names
    for error in (RuntimeError, RecursionError, MemoryError, KeyError, TimeoutError)
]


@pytest.mark.parametrize(("module", "name", "error"), FAULTS)
def test_any_fault_gives_the_neutral_text(
    module: object, name: str, error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error("injected")

    monkeypatch.setattr(module, name, fail)
    verdicts = [
        GUARD.check_answer(LOOK, "There is a glioblastoma.", "en", HEAD),
        GUARD.check_question("Why is the lung dark, is it cancer?", "en", HEAD),
    ]
    assert "guard_error" in [verdict.rule for verdict in verdicts]
    for verdict in verdicts:
        assert "glioblastoma" not in verdict.text
        if verdict.rule == "guard_error":
            assert verdict.text == compose.neutral_text(GUARD.policy, "en", HEAD)


def test_a_guard_without_composition_still_speaks(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> str:
        raise KeyError("texts")

    monkeypatch.setattr(compose, "soften_text", fail)
    monkeypatch.setattr(compose, "neutral_text", fail)
    verdict = shown("Glioblastoma")
    assert verdict.verdict == "withhold"
    assert "doctor" in verdict.text


@pytest.mark.parametrize("limit", ["LIMIT_SECONDS", "CLOCK_LIMIT_SECONDS"])
def test_a_slow_guard_shows_nothing(monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    monkeypatch.setattr(check, limit, -1.0)
    assert shown("The liver is the largest organ in the belly.", LOOK).rule == "guard_error"


def test_a_machine_that_lets_the_guard_wait_changes_no_verdict(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    judge = check.judge_answer

    def wait(*arguments: Any) -> Any:
        time.sleep(0.3)
        return judge(*arguments)

    monkeypatch.setattr(check, "LIMIT_SECONDS", 0.2)
    asked = "The liver is the largest organ in the belly."
    assert shown(asked, LOOK).verdict == "allow"
    monkeypatch.setattr(check, "judge_answer", wait)
    assert shown(asked, LOOK).verdict == "allow"


def test_a_missing_text_is_the_neutral_text() -> None:
    assert GUARD.fixed("no_such_key", "de") == compose.neutral_text(GUARD.policy, "de", Scan())
    assert GUARD.fixed("ai_line", "xx") == GUARD.fixed("ai_line", "en")
