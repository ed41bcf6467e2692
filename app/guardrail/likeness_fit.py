"""`python -m app learn-alarms`: learns from cases what sounds like an alarm (see likeness.py)."""

import argparse
import csv
import sys
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.guardrail.check import Guard
from app.guardrail.command import read_all
from app.guardrail.hearing import hear
from app.guardrail.intents import languages_of
from app.guardrail.likeness import KINDS, SLOTS, Likeness, Slots, in_steps, passages, save_likeness
from app.guardrail.policy import Policy
from app.guardrail.policyfiles import FOLDER, LIKENESS
from app.guardrail.scoring import Case, wanted_of

ROUNDS: Final = 14
MARKS: Final = "aqpe"
"""An alarm, a quiet question, one about the picture, one about something else."""
_RATE: Final = 0.3
_DECAY: Final = 1e-4
_KIND_OF_GROUP: Final = {
    "emergency-mental": "self_harm",
    "safeguarding": "person_at_risk",
    "emergency-medical": "emergency",
}


@dataclass(frozen=True)
class Example:
    """A question's passages and the kinds of alarm it may be; ("none",) for a quiet one."""

    passages: tuple[Slots, ...]
    kinds: tuple[str, ...]


@dataclass(frozen=True)
class Lesson:
    """What a command learns: its weights' file and kinds, and how its examples are read."""

    command: str
    about: str | None
    learns: str  # "questions": the name of the option with the folder of lines, too
    weights: str
    kinds: tuple[str, ...]
    of_cases: Callable[[Policy, Sequence[Case]], Iterator[Example]]
    of_lines: Callable[[Policy, Path], Iterator[Example]]
    of_policy: Callable[[Policy], Iterable[Example]] = lambda _: ()

    def examples(self, policy: Policy, cases: Path, lines: Path) -> Iterator[Example]:
        """What is learnt from: a folder of cases, one of lines, and the policy itself.

        Raises:
            OSError, ValueError: a file cannot be read; the message names file and line.
        """
        yield from self.of_cases(policy, read_all(cases))
        yield from self.of_lines(policy, lines)
        yield from self.of_policy(policy)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command; 0 when the weights were written, 2 on bad input."""
    lesson = Lesson(
        "learn-alarms", __doc__, "questions", LIKENESS, KINDS, examples_of_cases, examples_of_lines
    )
    return learn(lesson, argv)


def learn(lesson: Lesson, argv: Sequence[str] | None) -> int:
    """Runs a command that learns; 0 when the weights were written, 2 on bad input."""
    held = FOLDER / lesson.weights
    parser = argparse.ArgumentParser(prog=f"app {lesson.command}", description=lesson.about)
    parser.add_argument("--cases", type=Path, required=True, help="a folder of .jsonl cases")
    parser.add_argument(
        f"--{lesson.learns}", dest="lines", type=Path, required=True, help="a folder of .tsv lines"
    )
    parser.add_argument("--out", type=Path, default=held, help="the weights")
    arguments = parser.parse_args(argv)
    try:
        if not held.exists():
            save_likeness(held, Likeness.deaf(len(lesson.kinds)))
        policy = Guard.load().policy
        examples = list(lesson.examples(policy, arguments.cases, arguments.lines))
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)  # noqa: T201  (a command speaks to its terminal)
        return 2
    save_likeness(arguments.out, fit(examples, kinds=lesson.kinds))
    print(f"{len(examples)} {lesson.learns} learnt")  # noqa: T201
    return 0


def examples_of_cases(policy: Policy, cases: Sequence[Case]) -> Iterator[Example]:
    """Questions of cases that must call somebody or must not; those in between teach nothing."""
    for case in cases:
        wanted = wanted_of(case)
        if case["kind"] != "input" or ("escalate" in wanted and len(wanted) > 1):
            continue
        kind = _KIND_OF_GROUP.get(case.get("group", ""))
        alarm = (kind,) if kind else KINDS[1:]
        kinds = alarm if "escalate" in wanted else KINDS[:1]
        yield from example_of(policy, case["question"], kinds)


def examples_of_lines(policy: Policy, folder: Path) -> Iterator[Example]:
    """The lines "a<TAB>question" (an alarm) of a folder and its others (none: see topic_fit.py).

    Raises:
        ValueError: a line has another form; the message names file and line.
    """
    for file in sorted(folder.glob("*.tsv")):
        for mark, question in read_lines(file, MARKS):
            yield from example_of(policy, question, KINDS[1:] if mark == "a" else KINDS[:1])


def read_lines(file: Path, marks: Container[str]) -> Iterator[tuple[str, str]]:
    """The lines of a file, each a mark and a text.

    Raises:
        ValueError: a line has another form; the message names file and line.
    """
    with file.open(encoding="utf-8", newline="") as lines:
        for number, row in enumerate(csv.reader(lines, "excel-tab", quoting=3), start=1):
            if len(row) != 2 or not row[0] or row[0] not in marks:
                raise ValueError(f"{file.name}:{number}: is no line of such a file")
            yield row[0], row[1]


def example_of(policy: Policy, question: str, kinds: tuple[str, ...]) -> Iterator[Example]:
    """A question, in every form in which it is heard, with its kinds; nothing of a single word."""
    views = hear(policy.questions, question)
    found: list[Slots] = []
    for view in views:
        slots, starts = passages(view, languages_of(policy, view))
        found += np.split(slots, starts[1:]) if len(starts) else []
    if found:
        yield Example(tuple(found), kinds)


def fit(
    examples: Sequence[Example], rounds: int = ROUNDS, kinds: Sequence[str] = KINDS
) -> Likeness:
    """Learns by AdaGrad, the same at every call.

    Of an alarm the passage that sounds most like one is taught, of a quiet question every passage.
    Where the kind of an alarm is not told, the likeliest ones share it.
    """
    chance = np.random.default_rng(0)
    weights = np.zeros((len(kinds), SLOTS), np.float32)
    squares = np.full_like(weights, 1e-6)
    bias = np.zeros(len(kinds), np.float32)
    for _ in range(rounds):
        for number in chance.permutation(len(examples)):
            example = examples[number]
            quiet = example.kinds == (kinds[0],)
            for slots in example.passages if quiet else (_loudest(weights, bias, example),):
                scale = 1 / np.sqrt(len(slots))
                chances = _softmax(weights[:, slots].sum(axis=1) * scale + bias)
                error = chances - _target(chances, example.kinds, kinds)
                slope = error[:, None] * scale + _DECAY * weights[:, slots]
                squares[:, slots] += slope**2
                weights[:, slots] -= _RATE * slope / np.sqrt(squares[:, slots])
                bias -= 0.01 * error
    return in_steps(weights, bias)


def _loudest(weights: NDArray[np.float32], bias: NDArray[np.float32], example: Example) -> Slots:
    def alarm(slots: Slots) -> float:
        return float(_softmax(weights[:, slots].sum(axis=1) / np.sqrt(len(slots)) + bias)[0])

    return min(example.passages, key=alarm) if len(example.passages) > 1 else example.passages[0]


def _target(
    chances: NDArray[np.float32], right: Sequence[str], kinds: Sequence[str]
) -> NDArray[np.float32]:
    allowed = np.array([kind in right for kind in kinds])
    shared = np.where(allowed, chances, 0)
    return np.asarray(shared / shared.sum(), np.float32)


def _softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    raised = np.exp(logits - logits.max())
    return np.asarray(raised / raised.sum(), np.float32)
