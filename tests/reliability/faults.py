"""kill -9 of the server and of the worker at random moments: nothing acknowledged is lost."""

import os
import random
import signal
import sqlite3
import threading
import time
from pathlib import Path

import httpx

from tests.benchmarks.journey import begin, wait_for
from tests.builders import png_bytes
from tests.reliability.bar import Bar
from tests.running_server import RunningServer, children_of, running_server
from tests.tablet import Tablet

QUESTION = "Which part of the body is this?"


def kill_the_server(folder: Path, is_full: bool) -> Bar:
    """Bar 4: acknowledged uploads and questions are all there after each kill."""
    rounds, failures = (200 if is_full else 5), 0
    chance = random.Random(4)
    started = time.monotonic()
    for turn in range(rounds):
        data = folder / f"kill-{turn}"
        done: list[str] = []
        with running_server(data) as server:
            writer = threading.Thread(target=_write, args=(server.address, done), daemon=True)
            writer.start()
            time.sleep(chance.uniform(0.5, 3.0))
            os.kill(server.process.pid, signal.SIGKILL)
            writer.join(30)
        with running_server(data):
            failures += not _is_whole(data, done)
    return Bar(4, "kill -9 of the server", failures, rounds, 200, time.monotonic() - started)


def kill_the_worker(folder: Path, is_full: bool) -> Bar:
    """Bar 5: a worker killed in the middle of a question; the answer comes all the same."""
    rounds, failures = (50 if is_full else 3), 0
    started = time.monotonic()
    with running_server(folder / "worker") as server, Tablet(server.address) as tablet:
        begin(tablet)
        tablet.press("upload-submit", file=("scan.png", png_bytes()))
        wait_for(tablet, lambda: tablet.sees("question-input"))
        for turn in range(rounds):
            failures += not _answered_after_kill(server, tablet, turn)
    return Bar(5, "kill -9 of the worker", failures, rounds, 50, time.monotonic() - started)


def _answered_after_kill(server: RunningServer, tablet: Tablet, turn: int) -> bool:
    before = len(tablet.page.handles.get("answer", []))
    tablet.press("question-submit", typed={"question-input": f"{QUESTION} {turn}"})
    for child in children_of(server.process.pid):
        os.kill(child, signal.SIGKILL)
    try:
        wait_for(tablet, lambda: len(tablet.page.handles.get("answer", [])) > before)
    except TimeoutError:
        return False
    return len(tablet.page.handles["answer"]) == before + 1


def _write(address: str, done: list[str]) -> None:
    """Open visits and upload until the server is gone; notes each acknowledged scan."""
    try:
        while True:
            with Tablet(address) as tablet:
                begin(tablet)
                answer = tablet.press("upload-submit", file=("scan.png", png_bytes()))
                if answer.status_code == 200 and "/scan/" in tablet.path:
                    done.append(tablet.path.split("/scan/")[1][:32])
    except (httpx.TransportError, AssertionError):
        return


def _is_whole(data: Path, done: list[str]) -> bool:
    with sqlite3.connect(data / "anteroom.db") as database:
        (state,) = database.execute("PRAGMA integrity_check").fetchone()
        kept = {row[0] for row in database.execute("SELECT scan_id FROM scans")}
    halves = list((data / "blobs").rglob("*.part"))
    pictures = {path.stem for path in (data / "blobs").rglob("*.png")}
    return state == "ok" and set(done) <= kept and kept <= pictures and not halves
