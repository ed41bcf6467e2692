"""The guard's own time on long texts."""

import statistics
import time

from app.guardrail.check import Guard, Scan

TEXT = (
    "This is an axial CT of the chest at the level of the heart. The lungs are dark. "
    "There is a small opacity in the left lower lobe, likely atelectasis. "
)


def measure_guard(times: int = 60) -> dict[str, float]:
    """Milliseconds of one output check on 5,000 characters (p50 and p95)."""
    guard = Guard.load()
    scan = Scan(modality="CT", region="chest", plane="axial")
    raw = (TEXT * 40)[:5000]
    spent = []
    for number in range(times):
        started = time.perf_counter()
        guard.check_answer("What is this?", f"{number} {raw}", "en", scan)
        spent.append((time.perf_counter() - started) * 1000)
    ranked = statistics.quantiles(spent, n=20)
    return {
        "guard_milliseconds_p50": statistics.median(spent),
        "guard_milliseconds_p95": ranked[18],
    }
