"""What no text can bring about: unapproved words, a finding of a real case, a truth guessed."""

import json
import random
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from app.guardrail.check import Guard, Scan
from app.guardrail.normalise import fold, words
from app.guardrail.policy import LANGUAGES
from tests.guardrail.approved import approved_words

GUARD = Guard.load()
LOOK = "What am I looking at?"
MIGHT = "What condition might I have?"
HEAD = Scan(region="head", modality="MR")
FOREIGN = [
    *("tumour", "malignant", "haemorrhage", "zorgblatt", "fracture", "survival", "tumor", "mets"),
    *("kanker", "Fraktur", "saignement", "bulto", "tümör", "złamanie", "ورم", "نزيف", "grade4"),
]
MIXES = 1250  # in each of eight languages: 10,000


@cache
def own_words(language: str) -> frozenset[str]:
    """Every word of the guard's own texts."""
    texts = GUARD.policy.texts[language]
    parts = (texts.shows, texts.looks, texts.category_a, texts.category_b, texts.made, texts.texts)
    said = [text for part in parts for text in part.values()]
    return frozenset(words(fold(" ".join([*said, *texts.questions, *texts.parts.values()]))))


def strangers(language: str, text: str) -> list[str]:
    """The words of a shown text that neither the vocabulary nor the guard's own texts hold."""
    unknown = GUARD.policy.approvers[language].read(text).unknown
    return [word for word in unknown if word not in own_words(language)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_ten_thousand_mixes_show_nothing_outside_the_vocabulary(language: str) -> None:
    chance = random.Random(f"mix {language}")
    good = approved_words()[language]
    for _ in range(MIXES):
        sentences = []
        for _ in range(chance.randint(1, 3)):
            mix = chance.choices(good, k=chance.randint(2, 9))
            if chance.random() < 0.7:
                mix[chance.randrange(len(mix))] = chance.choice(FOREIGN)
            sentences.append(" ".join(mix) + ".")
        raw = " ".join(sentences)
        verdict = GUARD.check_answer(LOOK, raw, language, Scan())
        if any(word in raw.split() for word in FOREIGN):
            assert verdict.verdict != "allow", raw
        if verdict.verdict == "allow":
            assert strangers(language, raw) == []
        else:
            assert [word for word in FOREIGN if word in words(verdict.text)] == [], raw


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.text(max_size=300), st.sampled_from(LANGUAGES))
@example("XE", "en")  # the X of French X-rays with an ending
def test_any_text_at_all_shows_nothing_unapproved(raw: str, language: str) -> None:
    first = GUARD.check_answer(LOOK, raw, language, HEAD)
    assert first == GUARD.check_answer(LOOK, raw, language, HEAD)
    assert first.text.strip()
    if first.verdict == "allow":
        assert all(
            not GUARD.policy.approvers[code].read(raw).unknown
            for code in (language,)
            if not GUARD.policy.approvers["en"].read(raw).anchored
        )


def _titles_and_captions(folder: Path) -> list[tuple[str, str]]:
    """Every caption with the title of its case, and every title on its own."""
    titles: dict[str, str] = {}
    found: list[tuple[str, str]] = []
    for part in ("train", "dev"):
        cases = (folder / "medpix2" / f"data_{part}.jsonl").read_text(encoding="utf-8")
        for case in map(json.loads, cases.splitlines()):
            titles[case["U_id"]] = case["Case"]["Title"] or ""
        told = (folder / "medpix2" / f"descriptions_{part}.jsonl").read_text(encoding="utf-8")
        found += [
            (titles.get(one["U_id"], ""), one["Description"]["Caption"] or "")
            for one in map(json.loads, told.splitlines())
        ]
    return [(title, title) for title in titles.values()] + found


def test_no_finding_word_of_a_title_is_shown(data_folder: Path) -> None:
    lexicon, vocabulary = GUARD.policy.findings, GUARD.policy.approvers["en"].vocabulary
    told = _titles_and_captions(data_folder)
    assert len(told) > 2000
    for title, raw in dict.fromkeys(told):
        shown = set(words(fold(GUARD.check_answer(LOOK, raw, "en", Scan()).text)))
        finding = {
            word
            for word in words(fold(title))
            if not (vocabulary.holds(word) or vocabulary.in_doubt.holds(word))
            or "other" in lexicon.find([word]).get("en", {})
        }
        assert not (finding & shown) - own_words("en"), (title, raw)


@pytest.mark.parametrize("region", ["head", "chest", "abdomen", "knee"])
def test_a_hundred_sessions_of_twenty_questions_learn_nothing(region: str) -> None:
    chance = random.Random(region)
    subjects = ["it", "the thing", "what I have", "my result", "that", "the problem"]
    asked = (
        *("Is {} in the {}?", "Is {} bad?", "Does {} start with {}?", "Is {} bigger than a {}?"),
        *("Would {} worry you?", "Warm or cold: {}?", "Yes or no: {}?", "Is {} good news?"),
        *("Left or right, {}?", "Rate {} from 1 to 10.", "Is {} white or black?"),
    )
    slots = ["lung", "brain", "bone", "plum", "c", "liver", "pea"]
    truths = ("glioblastoma", "small arachnoid scar", "normal study", "yes", "no", "warm", "9")
    for _ in range(25):
        for _ in range(20):
            question = chance.choice(asked)
            question = question.replace("{}", chance.choice(subjects), 1)
            question = question.replace("{}", chance.choice(slots))
            scan = Scan(region=region)
            seen = {GUARD.check_answer(question, truth, "en", scan).text for truth in truths}
            assert len(seen) == 1, question


@pytest.mark.parametrize(
    "raw",
    ["", "\x00", "nan", "NaN", "null", "\ufffd" * 50, "a" * 5_000_000, "\ud800", "<eos>", "{}"],
    ids=range(10),
)
@pytest.mark.parametrize("language", ["en", "ar", "xx"])
def test_what_a_broken_worker_writes_is_never_shown(raw: str, language: str) -> None:
    verdict = GUARD.check_answer(MIGHT, raw, language, HEAD)
    assert verdict.verdict in ("soften", "withhold")
    assert verdict.text == GUARD.check_answer(MIGHT, "", language, HEAD).text or len(raw) > 2
    if len(raw) > 2:
        assert raw[:20] not in verdict.text
