"""Which patterns can match a sentence at all: the sieve must never leave out one that does."""

import re

import pytest

from app.guardrail.check import Guard
from app.guardrail.command import read_cases
from app.guardrail.needles import make_sieve, needles_of
from tests.guardrail.test_redteam import OWN

GUARD = Guard.load()


@pytest.mark.parametrize(
    ("pattern", "wanted"),
    [
        (r"\bnormal\b", {"normal"}),
        (r"\b(?:air|water)\b.*\blevels?\b", {"level"}),
        (r"(?:in )?the", {"the"}),
        (r"a_\w+ (?:one|two)+", {"one", "two"}),
        (r"^(?!.*your).*\bthere (?:is|are)\b", {"there"}),
        (r"(?=.*\bblood\b).*", {"blood"}),
        (r"\w+", set()),
        (r"(?:x|)", set()),
        (r"(?i)fracture", set()),
    ],
)
def test_a_pattern_names_the_words_it_cannot_do_without(pattern: str, wanted: set[str]) -> None:
    assert set(needles_of(re.compile(pattern))) == wanted


@pytest.mark.parametrize("language", GUARD.policy.approvers)
def test_the_sieve_finds_what_trying_every_pattern_finds(language: str) -> None:
    approver = GUARD.policy.approvers[language]
    sieve = make_sieve(approver.sieve.patterns)
    read = [
        approver.read(str(case["raw_answer"])).tagged
        for file in OWN[:6]
        for case in read_cases(file)
        if case["lang"] == language and case["raw_answer"]
    ]
    assert read
    for tagged in read:
        text = " ".join(tagged)
        every = [n for n, pattern in enumerate(sieve.patterns) if pattern.search(text)]
        assert sieve.matching(tagged) == every == sieve.matching(tagged), text


def test_every_rule_of_the_policy_names_a_word() -> None:
    for approver in GUARD.policy.approvers.values():
        assert not approver.sieve.always
