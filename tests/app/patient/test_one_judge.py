"""The page and the command judge through one function: replace it, and both say something else."""

import json
from pathlib import Path

import pytest

from app.guardrail.check import Guard, Verdict
from app.guardrail.command import main
from tests.app.patient.visitor import RAW, Visitor

OTHER = "Please ask the gardener about the roses."
ASKED = "Tell me a story about trains"


def replaced(*_: object) -> Verdict:
    return Verdict("withhold", "ask.replaced", "off_topic", OTHER, "0")


def said_by_command(folder: Path, kind: str, question: str, raw: str = "") -> str:
    """What `python -m app check-guardrail` writes for one case."""
    case = {"id": "one", "lang": "en", "kind": kind, "question": question, "raw_answer": raw}
    cases, out = folder / "cases.jsonl", folder / "results.jsonl"
    cases.write_text(json.dumps(case) + "\n", encoding="utf-8")
    assert main(["--cases", str(cases), "--out", str(out)]) == 0
    return str(json.loads(out.read_text(encoding="utf-8"))["text"])


def test_a_question_is_judged_by_one_function(
    alice: Visitor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice.ask("question", ASKED)
    assert said_by_command(tmp_path, "input", ASKED) in alice.text("answer")[-1]
    monkeypatch.setattr(Guard, "check_question", replaced)
    alice.ask("question", ASKED)
    assert OTHER in alice.text("answer")[-1]
    assert said_by_command(tmp_path, "input", ASKED) == OTHER


def test_an_answer_is_judged_by_one_function(
    alice: Visitor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert RAW not in said_by_command(tmp_path, "output", "What condition might I have?", RAW)
    monkeypatch.setattr(Guard, "check_answer", replaced)
    alice.ask("might")
    alice.work()
    alice.let_time_pass()
    assert OTHER in alice.text("answer")[-1]
    assert said_by_command(tmp_path, "output", "What condition might I have?", RAW) == OTHER
