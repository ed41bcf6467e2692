"""The guard's own time on long texts, in processor time: a busy machine counts for less."""

import random
import statistics
import string
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from app.guardrail.check import Guard, Scan
from app.guardrail.command import read_cases

CASES: Final = Path(__file__).parent.parent / "guardrail" / "cases"
LENGTH: Final = 5000
TIMES: Final = 40
KINDS: Final = ("prose", "noise", "unicode")
DIRECTIONS: Final = ("question", "answer")
_TYPED: Final = string.ascii_letters + string.punctuation + 6 * " "
_UNPAIRED: Final = range(0xD800, 0xE000)  # halves of characters are no text


def measure_guard(times: int = TIMES) -> dict[str, float]:
    """Milliseconds of one check of 5,000 characters (p50, p95), by direction and kind of text."""
    guard, scan = Guard.load(), Scan(modality="CT", region="chest", plane="axial")
    checks: dict[str, Callable[[str], object]] = {
        "question": lambda text: guard.check_question(text, "en", scan),
        "answer": lambda text: guard.check_answer("What is this?", text, "en", scan),
    }
    numbers = {}
    for kind in KINDS:
        for direction, check in checks.items():
            chance = random.Random(f"{kind} {direction}")
            texts = [_text(kind, direction, chance) for _ in range(times)]
            spent = [_milliseconds(check, text) for text in texts]
            name = f"guard_{kind}_{direction}_milliseconds"
            numbers[f"{name}_p50"] = statistics.median(spent)
            numbers[f"{name}_p95"] = statistics.quantiles(spent, n=20)[18]
    return numbers


def _milliseconds(check: Callable[[str], object], text: str) -> float:
    started = time.process_time()
    check(text)
    return (time.process_time() - started) * 1000


def _text(kind: str, direction: str, chance: random.Random) -> str:
    if kind == "noise":
        return "".join(chance.choices(_TYPED, k=LENGTH))
    if kind == "unicode":
        points = [point for point in range(32, 0x20000) if point not in _UNPAIRED]
        return "".join(map(chr, chance.choices(points, k=LENGTH)))
    return " ".join(chance.choices(_sentences(direction), k=LENGTH // 10))[:LENGTH]


def _sentences(direction: str) -> Sequence[str]:
    """English sentences that raise no alarm: what patients ask, or harmless answers."""
    kind, said = ("input", "question") if direction == "question" else ("benign", "raw_answer")
    found = [
        str(case[said]).rstrip(".?! ") + "."
        for file in sorted(CASES.glob("*.jsonl"))
        for case in read_cases(file)
        if case["kind"] == kind and case["lang"] == "en"
        if case["expect"]["verdict"] != "escalate"
    ]
    return found
