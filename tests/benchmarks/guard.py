"""The guard's own time on long texts."""

import random
import statistics
import string
import time
from collections.abc import Callable

from app.guardrail.check import Guard, Scan

TEXT = (
    "This is an axial CT of the chest at the level of the heart. The lungs are dark. "
    "There is a small opacity in the left lower lobe, likely atelectasis. "
)
ASKED = (
    "I came with my sister because my knee has been sore since the summer. Which of the bones is "
    "the shin, and why is it so white? The nurse was kind and told me to wait here. "
)
LENGTH = 5000


def measure_guard(times: int = 60) -> dict[str, float]:
    """Milliseconds of one check on 5,000 characters (p50 and p95): answer, question, noise."""
    guard = Guard.load()
    scan = Scan(modality="CT", region="chest", plane="axial")
    raw = (TEXT * 40)[:LENGTH]
    asked = (ASKED * 40)[:LENGTH]
    chance = random.Random(1)
    letters = string.ascii_lowercase + string.digits + "      .,!"
    checks: dict[str, Callable[[int], object]] = {
        "guard": lambda n: guard.check_answer("What is this?", f"{n} {raw}", "en", scan),
        "guard_question": lambda n: guard.check_question(f"{n} {asked}", "en", scan),
        "guard_noise": lambda _: guard.check_question(
            "".join(chance.choices(letters, k=LENGTH)), "en", scan
        ),
    }
    numbers = {}
    for name, check in checks.items():
        spent = []
        for number in range(times):
            started = time.perf_counter()
            check(number)
            spent.append((time.perf_counter() - started) * 1000)
        numbers[f"{name}_milliseconds_p50"] = statistics.median(spent)
        numbers[f"{name}_milliseconds_p95"] = statistics.quantiles(spent, n=20)[18]
    return numbers
