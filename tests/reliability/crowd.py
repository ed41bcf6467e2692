"""python -m tests.reliability.crowd ADDRESS TABLETS SECONDS: so many tablets visit, in a process
of their own; the seconds of each kind of request come out as JSON."""

import json
import random
import statistics
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import httpx

from tests.benchmarks.journey import begin
from tests.builders import drawn_slice, png_bytes
from tests.tablet import Tablet

THINKING = (5.0, 15.0)
QUESTIONS = ("Which part of the body is this?", "Is this my left side?", "What is this picture?")


@dataclass
class Seen:
    """What the tablets met; `waits` are seconds of requests by kind."""

    waits: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    visits: int = 0
    errors: list[str] = field(default_factory=list)

    def timed(self, kind: str, ask: Callable[[], httpx.Response]) -> httpx.Response:
        """Ask, and note how long it took and whether it went well."""
        started = time.monotonic()
        answer = ask()
        self.waits[kind].append(time.monotonic() - started)
        if answer.status_code >= 400:
            self.errors.append(f"{kind}: {answer.status_code}")
        return answer

    def percentiles(self) -> dict[str, float]:
        """The 95th percentile by kind."""
        return {kind: percentile_95(waits) for kind, waits in self.waits.items()}


def percentile_95(waits: list[float]) -> float:
    """The 95th percentile; the largest of fewer than 20."""
    return statistics.quantiles(waits, n=20)[-1] if len(waits) >= 20 else max(waits)


def visit(address: str, file: bytes, seen: Seen, end: threading.Event) -> None:
    """One patient: sign in, upload 2 MB, ask three questions, take the report, with pauses."""
    chance = random.Random(threading.get_ident() ^ time.monotonic_ns())
    with Tablet(address) as tablet:
        seen.timed("page", lambda: tablet.open("/"))
        begin(tablet)
        end.wait(chance.uniform(*THINKING))
        seen.timed("upload", lambda: tablet.press("upload-submit", file=("scan.png", file)))
        scan = tablet.path
        _until(tablet, "question-input", seen, end)
        for question in QUESTIONS:
            end.wait(chance.uniform(*THINKING))
            typed = {"question-input": question}
            seen.timed("question", partial(tablet.press, "question-submit", typed=typed))
            _until(tablet, "question-input", seen, end)
        tablet.open(scan)
        report = seen.timed("pdf", lambda: tablet.press("report-link"))
        if not report.content.startswith(b"%PDF"):
            seen.errors.append("no PDF")
        seen.visits += 1


def _until(tablet: Tablet, handle: str, seen: Seen, end: threading.Event) -> None:
    for _ in range(90):
        seen.timed("page", lambda: tablet.open(tablet.path))
        if tablet.sees(handle) or end.wait(1.0):
            return
    seen.errors.append(f"{handle} never came")


def visit_again_and_again(address: str, file: bytes, seen: Seen, end: threading.Event) -> None:
    """Visits of one tablet until the end."""
    while not end.is_set():
        try:
            visit(address, file, seen, end)
        except (httpx.HTTPError, AssertionError, KeyError) as error:
            if not end.is_set():
                seen.errors.append(f"{type(error).__name__}: {error}"[:200])


def main(address: str, tablets: int, seconds: float) -> None:
    """Let the tablets visit, then print what they met."""
    file = png_bytes(drawn_slice(size=2150, seed=3))  # noise hardly shrinks: about 2 MB
    seen, end = Seen(), threading.Event()
    crowd = [
        threading.Thread(target=visit_again_and_again, args=(address, file, seen, end))
        for _ in range(tablets)
    ]
    for one in crowd:
        one.start()
    time.sleep(seconds)
    end.set()
    for one in crowd:
        one.join(120)
    found = {"visits": seen.visits, "errors": seen.errors, "p95": seen.percentiles()}
    found["requests"] = sum(map(len, seen.waits.values()))
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))
