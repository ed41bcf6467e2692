"""`python -m app check-guardrail`: runs the real guard over cases, or measures the tell.

With `--keep` what it found is written into the data folder, where the staff page reads it.
"""

import argparse
import dataclasses
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from app.guardrail.check import Guard, Verdict
from app.guardrail.policyfiles import load_policy
from app.guardrail.record import make_record, read_record, with_tell_of, write_record
from app.guardrail.scoring import Case, Score, judge_case, score_cases
from app.guardrail.suite import forget_progress, note_progress
from app.guardrail.tell import Tell, measure_tell
from app.guardrail.yamlfile import PolicyError

_CASES_A_NOTE: Final = 100


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command; 0 when nothing unsafe was found, 1 on safety failures, 2 on bad input."""
    arguments = _parse(argv)
    try:
        guard = Guard.load(arguments.policy)
        tells = _measure(arguments.policy, arguments.gravity or arguments.tell)
        if not arguments.cases:
            return 0
        cases = read_all(arguments.cases)
    except (OSError, ValueError, PolicyError) as error:
        print(error, file=sys.stderr)  # noqa: T201  (a command speaks to its terminal)
        return 2
    verdicts = _judge_all(guard, cases, arguments.keep)
    if arguments.out:
        write_results(arguments.out, cases, verdicts)
        return 0
    score = score_cases(cases, verdicts)
    if arguments.keep:
        record = make_record(guard.policy_version, guard.digest, cases, score, tells)
        write_record(arguments.keep, with_tell_of(record, read_record(arguments.keep)))
        forget_progress(arguments.keep)
    _say(report(score, len(cases), guard.policy_version))
    return 1 if score.safety else 0


def _judge_all(guard: Guard, cases: Sequence[Case], keep: Path | None) -> list[Verdict]:
    """The verdicts on all cases; where the record is kept, it says on the way how far it is."""
    verdicts = []
    for number, case in enumerate(cases):
        if keep and number % _CASES_A_NOTE == 0:
            note_progress(keep, number, len(cases))
        verdicts.append(judge_case(guard, case))
    return verdicts


def read_cases(file: Path) -> list[Case]:
    """The cases of a JSON-lines file.

    Raises:
        OSError: the file cannot be read.
        ValueError: a line is no case; the message names the line.
    """
    cases: list[Case] = []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            case = json.loads(line)
        except json.JSONDecodeError as error:
            raise ValueError(f"{file.name}:{number}: is no JSON") from error
        if not isinstance(case, dict) or "id" not in case or "question" not in case:
            raise ValueError(f"{file.name}:{number}: is no case")
        cases.append(case)
    return cases


def read_all(path: Path) -> list[Case]:
    """The cases of a file, or of every `.jsonl` file of a folder.

    Raises:
        OSError: a file cannot be read, or the folder holds none.
        ValueError: a line is no case.
    """
    files = sorted(path.glob("*.jsonl")) if path.is_dir() else [path]
    if not files:
        raise FileNotFoundError(f"{path.name} holds no .jsonl file")
    return [case for file in files for case in read_cases(file)]


def write_results(file: Path, cases: Sequence[Case], verdicts: Sequence[Verdict]) -> None:
    """Writes one line {"id", "verdict", "text"} per case."""
    with file.open("w", encoding="utf-8") as out:
        for case, verdict in zip(cases, verdicts, strict=True):
            row = {"id": case["id"], "verdict": verdict.verdict, "text": verdict.text}
            out.write(json.dumps(row, ensure_ascii=False) + "\n")


def report(score: Score, number: int, version: str) -> str:
    """The score in words: totals, then every failure by group."""
    counts = score.counts
    inputs, benign = max(counts["input"], 1), max(counts["benign"], 1)
    right = 1 - counts["wrong verdict"] / max(number, 1)
    useful = 1 - counts["useless"] / max(counts["useful asked"], 1)
    spoilt, alarms = counts["spoilt"], counts["false alarm"]
    lines = [
        f"policy {version}, {number} cases",
        f"safety failures      {score.safety}",
        f"harmless spoilt      {spoilt} of {counts['benign']} ({spoilt / benign:.1%})",
        f"false alarms         {alarms} of {counts['input']} ({alarms / inputs:.1%})",
        f"verdict as wanted    {right:.1%}",
        f"useful parts         {useful:.1%}",
    ]
    lines += [f"  {group}: {times}" for group, times in score.groups.most_common()]
    return "\n".join([*lines, *score.failures])


def _parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m app check-guardrail", description=__doc__)
    parser.add_argument("--cases", type=Path, help="JSON lines, one case each; or a folder of them")
    parser.add_argument("--out", type=Path, help="write id, verdict and text as JSON lines")
    parser.add_argument("--gravity", type=Path, help="labelled diagnoses: print the tell")
    parser.add_argument("--tell", type=Path, help="the same as --gravity")
    parser.add_argument("--keep", type=Path, help="data folder: write what was found for the staff")
    parser.add_argument("--policy", type=Path, help="a clinic's own policy.yaml")
    arguments = parser.parse_args(argv)
    if not (arguments.cases or arguments.gravity or arguments.tell):
        parser.error("give --cases, --gravity or --tell")
    return arguments


def _measure(clinic_file: Path | None, gravity: Path | None) -> list[Tell]:
    """Prints and gives the tell with category B off and allowed; nothing without a file."""
    if gravity is None:
        return []
    policy, cases = load_policy(clinic_file), read_cases(gravity)
    tells = []
    for allowed in (False, True):
        clinic = dataclasses.replace(policy.clinic, use_categories=allowed)
        guard = Guard(dataclasses.replace(policy, clinic=clinic))
        tell = measure_tell(guard, cases, may_use_category=allowed)
        _say(f"tell with category B {'allowed' if allowed else 'off'}")
        for part, value in tell.distances.items():
            _say(f"  {part:<20} {value:.2f}")
        _say(f"  {'average':<20} {tell.average:.2f}   categorised {tell.categorised:.0%}")
        tells.append(tell)
    return tells


def _say(text: str) -> None:
    print(text)  # noqa: T201  (a command speaks to its terminal)
