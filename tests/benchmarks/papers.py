"""How long a paper of 3 pictures and 12 turns takes, alone and when twenty want one at once."""

import os
import statistics
import threading
import time

from app.report.render import render_pdf
from tests.app.report.whole_content import whole_report

AT_ONCE = 20


def measure_papers(rounds: int = 20) -> dict[str, float]:
    """Seconds (p50, p95), bytes, and the wait of the last of twenty."""
    content = whole_report("en", "after")
    size = len(render_pdf(content))  # the first one warms up
    alone = sorted(_seconds(content) for _ in range(rounds))
    waits: list[float] = []
    crowd = [
        threading.Thread(target=lambda: waits.append(_seconds(content))) for _ in range(AT_ONCE)
    ]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()
    return {
        "paper_seconds_p50": statistics.median(alone),
        "paper_seconds_p95": alone[min(len(alone) - 1, int(0.95 * len(alone)))],
        "paper_mib": size / 2**20,
        "papers_at_once_made": float(len(waits)),
        "papers_at_once_last_seconds": max(waits),
        "papers_load": os.getloadavg()[0],
    }


def _seconds(content: object) -> float:
    started = time.monotonic()
    render_pdf(content)  # type: ignore[arg-type]
    return time.monotonic() - started
