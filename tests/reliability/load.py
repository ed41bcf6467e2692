"""Twenty tablets for minutes, then sixty questions in five seconds; the model is a stub."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from tests.benchmarks.journey import begin, wait_for
from tests.builders import png_bytes
from tests.reliability.bar import Bar
from tests.running_server import ROOT, running_server
from tests.tablet import Tablet

ANSWER_SECONDS = 0.3
"""Of the stub, for each batch."""
WANTED_SECONDS, REDUCED_SECONDS = 600, 60
BURST, BURST_SECONDS = 60, 5.0
BOUNDS = {"page": 0.5, "upload": 1.5, "pdf": 5.0}
HEALTH_SECONDS = 0.2
GROWTH = 3.0


def load_held(folder: Path, is_full: bool) -> Bar:
    """Bar 1: errors, slow pages, lost or doubled answers and slow health pages are failures."""
    seconds = WANTED_SECONDS if is_full else REDUCED_SECONDS
    started = time.monotonic()
    with _house_with_stub(folder / "load") as address:
        one = _crowd(address, 1, max(60, seconds // 5))
        with _health(address) as health:
            many = _crowd(address, 20, seconds)
            lost = _burst(address)
    slow = [kind for kind, bound in BOUNDS.items() if many["p95"][kind] > bound]
    grown = [kind for kind in BOUNDS if many["p95"][kind] > GROWTH * one["p95"][kind]]
    slow_health = sum(wait > HEALTH_SECONDS for wait in health)
    failures = len(many["errors"]) + len(slow) + len(grown) + lost + slow_health
    shown = ", ".join(
        f"{kind} p95 {one['p95'][kind]:.2f} to {many['p95'][kind]:.2f} s" for kind in BOUNDS
    )
    what = (
        f"load of 20 tablets ({many['visits']} visits, {len(many['errors'])} errors, {shown}, "
        f"burst of {BURST}: {lost} lost or doubled, health up to {max(health):.2f} s, "
        f"{slow_health} of {len(health)} slow), seconds"
    )
    return Bar(1, what, failures, seconds, WANTED_SECONDS, time.monotonic() - started)


@contextmanager
def _house_with_stub(data: Path) -> Iterator[str]:
    # The burst's first tablet waits for the looks of all others, longer than a tablet may lie idle.
    with running_server(data, workers="0", idle_seconds="3600") as server:
        command = [sys.executable, "-m", "tests.reliability.stub_worker", str(data)]
        stub = subprocess.Popen([*command, str(ANSWER_SECONDS)], cwd=ROOT)
        try:
            yield server.address
        finally:
            stub.kill()
            stub.wait()


def _crowd(address: str, tablets: int, seconds: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.reliability.crowd", address]
    done = subprocess.run(
        [*command, str(tablets), str(seconds)], cwd=ROOT, check=True, capture_output=True
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@contextmanager
def _health(address: str) -> Iterator[list[float]]:
    """Ask the health page five times a second; the waits come in the list."""
    waits: list[float] = []
    end = threading.Event()

    def ask() -> None:
        with httpx.Client(base_url=address, timeout=30) as client:
            while not end.wait(0.2):
                started = time.monotonic()
                client.get("/healthz").raise_for_status()
                waits.append(time.monotonic() - started)

    asker = threading.Thread(target=ask, daemon=True)
    asker.start()
    yield waits
    end.set()
    asker.join(30)


def _burst(address: str) -> int:
    """Sixty tablets ask once within five seconds; how many got no answer, or two."""
    with ExitStack() as stack:
        tablets = [stack.enter_context(Tablet(address)) for _ in range(BURST)]
        for tablet in tablets:
            begin(tablet)
            tablet.press("upload-submit", file=("scan.png", png_bytes()))
        for tablet in tablets:
            wait_for(tablet, partial(tablet.sees, "question-input"))
        refused: set[Tablet] = set()
        crowd = [
            threading.Thread(target=_ask_once, args=(tablet, BURST_SECONDS * turn / BURST, refused))
            for turn, tablet in enumerate(tablets)
        ]
        for one in crowd:
            one.start()
        for one in crowd:
            one.join()
        return sum(_answers(tablet) != (tablet not in refused) for tablet in tablets)


def _ask_once(tablet: Tablet, after: float, refused: set[Tablet]) -> None:
    """Ask; a refusal counts as one only when it says when to come again."""
    time.sleep(after)
    question = {"question-input": "Which part of the body is this?"}
    answer = tablet.press("question-submit", typed=question)
    if answer.status_code == 503 and "retry-after" in answer.headers:
        refused.add(tablet)


def _answers(tablet: Tablet) -> int:
    try:
        wait_for(tablet, lambda: tablet.sees("answer"))
    except TimeoutError:
        return 0
    time.sleep(0.2)
    tablet.open(tablet.path)
    return len(tablet.page.handles["answer"])
