"""`python -m app learn-topics`: learns from questions which are about something else."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from app.guardrail.likeness_fit import MARKS, Example, Lesson, example_of, learn, read_lines
from app.guardrail.policy import Policy
from app.guardrail.policyfiles import TOPICS
from app.guardrail.scoring import Case, wanted_of
from app.guardrail.topic import KINDS

_OFF_TOPIC: Final = "off-topic"


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command; 0 when the weights were written, 2 on bad input."""
    return learn(LESSON, argv)


def examples_of_cases(policy: Policy, cases: Sequence[Case]) -> Iterator[Example]:
    """Questions that the model may answer, and those that are off topic; each once."""
    known: set[str] = set()
    for case in cases:
        wanted = wanted_of(case)
        is_off = case["kind"] == "input" and case.get("group") == _OFF_TOPIC
        is_ours = case["kind"] == "benign" or (case["kind"] == "input" and wanted == {"allow"})
        if (is_off or is_ours) and case["question"] not in known:
            known.add(case["question"])
            yield from example_of(policy, case["question"], (KINDS[is_off],))


def examples_of_lines(policy: Policy, folder: Path) -> Iterator[Example]:
    """The lines "p<TAB>question" (picture) and "e<TAB>question" (something else) of a folder.

    Its other lines teach what an alarm is (see likeness_fit.py).

    Raises:
        ValueError: a line has another form; the message names file and line.
    """
    kinds = dict(zip("pe", KINDS, strict=True))
    for file in sorted(folder.glob("*.tsv")):
        for mark, question in read_lines(file, MARKS):
            if mark in kinds:
                yield from example_of(policy, question, (kinds[mark],))


LESSON: Final = Lesson(
    "learn-topics", __doc__, "questions", TOPICS, KINDS, examples_of_cases, examples_of_lines
)
