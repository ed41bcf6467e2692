"""Calls for help under load, with the model dead, the database locked, a page reloaded, a restart.

One figure: of so many emergencies typed on tablets, how many did not get the words at once, were
told that somebody comes before anybody had seen it, or never reached an open staff page.
"""

import html
import json
import os
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import httpx

from app.deps import House
from app.patient.calling import UNANSWERED_AFTER
from app.staff.login import add_staff
from app.storage import alerts, audit
from tests.builders import open_test_house, png_bytes
from tests.reliability.bar import Bar
from tests.running_server import RunningServer, children_of, running_server

QUESTION = "my chest is so tight I cannot breathe"
WANTED, REDUCED = 1_000, 100
BUSY_TABLETS = 20
AT_ONCE_SECONDS = 2.5
HEARD_SECONDS = 3.0
HEARD_AFTER_TROUBLE_SECONDS = 15.0
LOCKED_SECONDS = 4.0
PASSWORD = "a password for tests"


@dataclass
class Tally:
    """What happened to the calls of one run."""

    asked: int = 0
    late_words: int = 0
    false_comfort: int = 0
    wrong_words: int = 0
    lost: int = 0
    waits: list[float] = field(default_factory=list)

    @property
    def failures(self) -> int:
        """Every call counts once or more."""
        slow = sum(wait > HEARD_SECONDS for wait in self.waits)
        too_slow = max(0, slow - len(self.waits) // 100)  # the bar is on the 99th percentile
        return self.late_words + self.false_comfort + self.wrong_words + self.lost + too_slow


def calls_for_help(folder: Path, is_full: bool) -> Bar:
    """Bar 28: a fifth of the calls in each of five kinds of trouble."""
    data = folder / "calls"
    house = open_test_house(data)
    add_staff(house, "Nina", ("nurse",), PASSWORD)
    tally, each = Tally(), (WANTED if is_full else REDUCED) // 5
    started = time.monotonic()
    with running_server(data) as server, _busy(server):
        _call_in(server, house, tally, each, _no_trouble)
        _call_in(server, house, tally, each, _dead_model)
        _call_in(server, house, tally, each, _locked_database)
        _call_in(server, house, tally, each, _no_trouble, reloads=True)
        _unanswered(server, house, tally)
    _over_a_restart(data, house, tally, each)
    waits = sorted(tally.waits)
    p99 = waits[int(0.99 * len(waits))] if waits else float("nan")
    what = (
        f"calls for help (words late {tally.late_words}, false comfort {tally.false_comfort}, "
        f"words wrong {tally.wrong_words}, lost {tally.lost}, heard after p99 {p99:.2f} s)"
    )
    return Bar(28, what, tally.failures, tally.asked, WANTED, time.monotonic() - started)


@contextmanager
def _busy(server: RunningServer) -> Iterator[None]:
    """Twenty tablets that look at their picture and at pages all the time."""
    end = threading.Event()

    def look() -> None:
        with _tablet(server.address) as (tablet, scan):
            while not end.is_set():
                with suppress(httpx.TransportError):  # a kept connection that was just closed
                    tablet.get(scan)
                end.wait(1.0)

    crowd = [threading.Thread(target=look, daemon=True) for _ in range(BUSY_TABLETS)]
    for one in crowd:
        one.start()
    yield
    end.set()
    for one in crowd:
        one.join(30)


@contextmanager
def _tablet(address: str) -> Iterator[tuple[httpx.Client, str]]:
    """A tablet with a picture of its own."""
    with httpx.Client(base_url=address, follow_redirects=True, timeout=90) as tablet:
        tablet.post("/start")
        tablet.post("/consent", data={"consent": "yes"})
        file = {"picture": ("mine.png", png_bytes(), "image/png")}
        yield tablet, tablet.post("/upload", files=file).url.path


Trouble = Callable[[RunningServer], None]


def _no_trouble(_server: RunningServer) -> None:
    return


def _dead_model(server: RunningServer) -> None:
    for child in children_of(server.process.pid):
        os.kill(child, signal.SIGKILL)


def _locked_database(server: RunningServer) -> None:
    """Another process writes for a while: nothing can be stored meanwhile."""

    def hold() -> None:
        with sqlite3.connect(server.data_dir / "anteroom.db", timeout=30) as lock:
            lock.execute("BEGIN IMMEDIATE")
            time.sleep(LOCKED_SECONDS)
            lock.rollback()

    threading.Thread(target=hold, daemon=True).start()
    time.sleep(0.3)


def _call_in(
    server: RunningServer,
    house: House,
    tally: Tally,
    count: int,
    trouble: Trouble,
    *,
    reloads: bool = False,
) -> None:
    """Call again and again, each time after the trouble, with a staff page open."""
    is_calm = trouble is _no_trouble
    with _tablet(server.address) as (tablet, scan), _Nurse(server.address, house) as nurse:
        for number in range(count):
            if number % 10 == 0:
                trouble(server)
            if reloads:
                nurse.reload()
            heard = nurse.heard
            _ask(tablet, scan, tally, house)
            limit = HEARD_SECONDS * 4 if is_calm else HEARD_AFTER_TROUBLE_SECONDS
            wait = nurse.wait_for_more(heard, limit)
            if wait is None:
                tally.lost += 1
            elif is_calm:
                tally.waits.append(wait)
            nurse.confirm_all()
            told = tablet.get("/help").text
            tally.wrong_words += not _says(told, house, "alert_seen")


def _says(page: str, house: House, key: str, **slots: str) -> bool:
    """Whether a page holds an approved text word for word."""
    return house.guard.fixed(key, "en", **slots) in html.unescape(page)


def _ask(tablet: httpx.Client, scan: str, tally: Tally, house: House) -> None:
    """Ask, and see the words at once; a message is named only when staff can read it."""
    begun = time.monotonic()
    answer = tablet.post(f"{scan}/ask", data={"kind": "question", "question": QUESTION})
    took = time.monotonic() - begun
    tally.asked += 1
    text = answer.text
    tally.late_words += not ("nurse" in text and took < AT_ONCE_SECONDS)
    answer_words = text.split('data-testid="answer"')[-1]
    tally.false_comfort += "on the way" in answer_words
    tally.wrong_words += not _says(answer_words, house, "emergency")
    if _says(text, house, "alert_sent"):
        with house.sessions() as session:
            tally.false_comfort += not alerts.unseen(session)


def _unanswered(server: RunningServer, house: House, tally: Tally) -> None:
    """A call that nobody has seen for half a minute says so, with the number to call."""
    with _tablet(server.address) as (tablet, scan):
        _ask(tablet, scan, tally, house)
        with house.sessions() as session, session.begin():
            for alert in alerts.unseen(session):
                alert.raised_at -= UNANSWERED_AFTER + timedelta(seconds=1)
        number = house.clinic.clinic.emergency_number
        told = tablet.get("/help").text
        tally.wrong_words += not _says(told, house, "alert_unanswered", emergency_number=number)


class _Nurse:
    """An open staff page: counts the calls that it hears, and confirms them."""

    def __init__(self, address: str, house: House) -> None:
        self._house = house
        self._client = httpx.Client(base_url=address, timeout=90)
        self._client.post("/staff/sign-in", data={"name": "Nina", "password": PASSWORD})
        self._known: set[str] = set()
        self._ends = threading.Event()
        self._again = threading.Event()
        self._news = threading.Condition()
        self._thread = threading.Thread(target=self._listen, daemon=True)

    def __enter__(self) -> "_Nurse":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        self._thread.join(10)
        self._client.close()

    @property
    def heard(self) -> int:
        with self._news:
            return len(self._known)

    def reload(self) -> None:
        self._again.set()

    def wait_for_more(self, than: int, seconds: float) -> float | None:
        begun = time.monotonic()
        with self._news:
            came = self._news.wait_for(lambda: len(self._known) > than, seconds)
        return time.monotonic() - begun if came else None

    def confirm_all(self) -> None:
        """Seen; only what is stored can be."""
        end = time.monotonic() + HEARD_AFTER_TROUBLE_SECONDS
        while time.monotonic() < end:
            with self._house.sessions() as session:
                waiting = [alert.alert_id for alert in alerts.unseen(session)]
            if waiting:
                break
            time.sleep(0.1)
        for alert_id in waiting:
            self._client.post(f"/staff/alerts/{alert_id}/seen")

    def _listen(self) -> None:
        while not self._ends.is_set():
            self._again.clear()
            try:
                with self._client.stream("GET", "/staff/alerts/stream?seconds=60") as stream:
                    self._hear(stream)
            except httpx.HTTPError:
                time.sleep(0.2)

    def _hear(self, stream: httpx.Response) -> None:
        for line in stream.iter_lines():
            if self._ends.is_set() or self._again.is_set():
                return
            if line.startswith("data: "):
                calls = json.loads(line.removeprefix("data: "))["waiting"]
                with self._news:
                    self._known |= {call["id"] for call in calls}
                    self._news.notify_all()


def _over_a_restart(data: Path, house: House, tally: Tally, count: int) -> None:
    """Calls of so many tablets, then kill -9: each is there after the restart, not seen.

    Calls need no model, so no worker is started.
    """
    with running_server(data, workers="0") as server:
        for _ in range(count):
            with httpx.Client(base_url=server.address, follow_redirects=True) as tablet:
                tablet.post("/start")
                tally.asked += 1
                tally.late_words += "nurse" not in tablet.post("/help").text
        os.kill(server.process.pid, signal.SIGKILL)
    with running_server(data, workers="0"), house.sessions() as session:
        tally.lost += max(0, count - len(alerts.unseen(session)))
        assert audit.first_broken(session) is None
