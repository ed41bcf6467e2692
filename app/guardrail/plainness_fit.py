"""`python -m app learn-plain`: learns from cases what a plain description sounds like."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from app.guardrail.likeness import Likeness
from app.guardrail.likeness_fit import Example, Lesson, learn, read_lines
from app.guardrail.plainness import KINDS, slots_of
from app.guardrail.policy import Policy
from app.guardrail.policyfiles import PLAINNESS
from app.guardrail.scoring import Case, wanted_of
from app.guardrail.sentences import split_clauses, split_sentences


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command; 0 when the weights were written, 2 on bad input."""
    return learn(LESSON, argv)


def examples_of_rules(policy: Policy) -> Iterator[Example]:
    """What each rule says that it must pass, and that it must catch."""
    for language, approver in policy.approvers.items():
        for rule in approver.objections:
            for answer in rule.passes:
                yield from _example(policy, language, answer, KINDS[0])
            for answer in rule.catch:
                yield from _example(policy, language, answer, KINDS[1])


def examples_of_cases(policy: Policy, cases: Sequence[Case]) -> Iterator[Example]:
    """Answers that must pass unharmed, and those that must not pass."""
    for case in cases:
        wanted = wanted_of(case)
        if case["kind"] == "benign":
            yield from _example(policy, case["lang"], case["raw_answer"], KINDS[0])
        elif case["kind"] == "output" and "allow" not in wanted:
            yield from _example(policy, case["lang"], case["raw_answer"], KINDS[1])


def examples_of_lines(policy: Policy, folder: Path) -> Iterator[Example]:
    """The lines "p<TAB>answer" (plain) and "h<TAB>answer" (it hints at something) of a folder.

    Raises:
        ValueError: a line has another form; the message names file and line.
    """
    kinds = dict(zip("ph", KINDS, strict=True))
    for file in sorted(folder.glob("*.tsv")):
        for mark, answer in read_lines(file, kinds):
            yield from _example(policy, file.stem, answer, kinds[mark])


def _example(policy: Policy, language: str, answer: str, kind: str) -> Iterator[Example]:
    """An answer as an example; of a hint only what rules deny that never yield, if they do any."""
    approver = policy.approvers.get(language)
    if approver is None:
        return
    clauses = [part for one in split_sentences(answer) for part in split_clauses(one)]
    if kind == KINDS[1]:
        firm = replace(approver, plainness=Likeness.deaf(len(KINDS)))
        clauses = [one for one in clauses if not firm.judge(one, anchored=True).ok] or clauses
    read = (approver.read(one).without_doubt() for one in clauses)
    found = tuple(slots_of(approver.vocabulary, tagged) for tagged in read if tagged)
    if found:
        yield Example(found, (kind,))


LESSON: Final = Lesson(
    "learn-plain",
    __doc__,
    "answers",
    PLAINNESS,
    KINDS,
    examples_of_cases,
    examples_of_lines,
    examples_of_rules,
)
