"""The patient's waits on the real server: named structures, answer, PDF, memory."""

import statistics
import threading
import time
from collections.abc import Callable
from pathlib import Path

from pydicom.data import get_testdata_file

from tests.builders import png_bytes
from tests.running_server import running_server
from tests.tablet import Tablet

LONGEST_SECONDS = 90
QUESTIONS = ("Which part of the body is this?", "Is this my left side?", "What is this picture?")


def measure_journey(folder: Path, rounds: int) -> dict[str, float]:
    """Seconds of each wait (median over rounds) and resident bytes, on a server of its own."""
    waits: dict[str, list[float]] = {"structures": [], "answer": [], "pdf": []}
    with running_server(folder / "bench") as server:
        for turn in range(rounds):
            with Tablet(server.address) as tablet:
                _one_visit(tablet, turn, waits)
        resident = server.resident_bytes()
    medians = {f"{name}_seconds_p50": statistics.median(times) for name, times in waits.items()}
    return {**medians, "resident_gib": resident / 2**30}


def measure_tablets(folder: Path, tablets: int) -> dict[str, float]:
    """Seconds of whole visits, start to PDF, while this many tablets begin at the same time."""
    seconds: list[float] = []

    def visit(turn: int) -> None:
        waits: dict[str, list[float]] = {"structures": [], "answer": [], "pdf": []}
        started = time.monotonic()
        with Tablet(server.address) as tablet:
            _one_visit(tablet, turn, waits)
        seconds.append(time.monotonic() - started)

    with running_server(folder / f"tablets-{tablets}") as server:
        visit(0)  # the first one warms up
        seconds.clear()
        for _ in range(max(1, 5 // tablets)):
            crowd = [threading.Thread(target=visit, args=(turn,)) for turn in range(tablets)]
            for one in crowd:
                one.start()
            for one in crowd:
                one.join()
    assert len(seconds) >= tablets, "a visit did not come to its end"
    ranked = sorted(seconds)
    return {
        f"journey_p50_s_{tablets}": statistics.median(ranked),
        f"journey_p95_s_{tablets}": ranked[min(len(ranked) - 1, int(0.95 * len(ranked)))],
    }


def _one_visit(tablet: Tablet, turn: int, waits: dict[str, list[float]]) -> None:
    path = get_testdata_file("CT_small.dcm", download=False)
    is_dicom = turn % 2 == 0 and path is not None
    file = ("scan", Path(str(path)).read_bytes() if is_dicom else png_bytes())
    begin(tablet)
    started = time.monotonic()
    tablet.press("upload-submit", file=file)
    wait_for(tablet, lambda: tablet.sees("structure") or tablet.sees("no-structure"))
    waits["structures"].append(time.monotonic() - started)
    scan_page = tablet.path
    waits["answer"].append(_answer_seconds(tablet, scan_page, QUESTIONS[turn % len(QUESTIONS)]))
    tablet.open(scan_page)
    started = time.monotonic()
    answer = tablet.press("report-link")
    assert answer.content.startswith(b"%PDF"), answer.status_code
    waits["pdf"].append(time.monotonic() - started)


def begin(tablet: Tablet) -> None:
    """From the first page to the upload page."""
    tablet.open("/")
    tablet.press("start-visit")
    tablet.press("continue", typed={"consent": "yes"} if tablet.sees("consent") else None)
    assert tablet.sees("upload-input"), tablet.path


def wait_for(tablet: Tablet, is_there: Callable[[], bool]) -> None:
    """Look at the page again until something is there; fails after a while."""
    end = time.monotonic() + LONGEST_SECONDS
    while not is_there():
        if time.monotonic() > end:
            raise TimeoutError(f"still waiting at {tablet.path}")
        time.sleep(0.1)
        tablet.open(tablet.path)


def _answer_seconds(tablet: Tablet, scan_page: str, question: str) -> float:
    before = len(tablet.page.handles.get("answer", []))
    started = time.monotonic()
    tablet.press("question-submit", typed={"question-input": question})
    wait_for(tablet, lambda: len(tablet.page.handles.get("answer", [])) > before)
    assert tablet.path.startswith(scan_page.split("#")[0].split("?")[0])
    return time.monotonic() - started
