"""A house with questions that wait, and the worker's own code to answer them through an engine."""

import threading
import time
from dataclasses import replace
from pathlib import Path

from sqlalchemy import select

from app.deps import House
from app.row_work import Desk, answer_once, look_once
from app.storage import turns, visits
from app.storage.tables import Turn
from app.watchdog import Watchdog
from app.worker import _answer_questions
from model.backend import Backend
from model.batching import BatchingBackend
from model.opening import Engine, open_remote
from tests.builders import open_test_house, stored_scan


def asked_house(folder: Path, address: str, token: str, *, questions: int) -> tuple[House, Engine]:
    """A house with a scan that was looked at through the server, and this many questions on it."""
    house = open_test_house(folder / "data")
    engine = open_remote(address, token)
    with house.sessions() as session, session.begin():
        opened = visits.open_visit(session, house.master)
    scan_id = stored_scan(house, opened).scan_id
    assert look_once(_desk(house, engine))
    with house.sessions() as session, session.begin():
        for number in range(questions):
            words = f"What is this, number {number}?"
            asked = turns.Asked("question", words, "en", "allow", "none", "1", scan_id)
            turns.add_turn(session, opened, asked)
    return house, engine


def answered_through(house: House, engine: Engine, *, seconds: float) -> list[Turn]:
    """Let the worker's loop answer until nothing waits or time is up."""
    stopping = threading.Event()
    batching = replace(engine, backend=BatchingBackend(engine.backend))
    desk = _desk(house, batching)
    loop = threading.Thread(target=_answer_questions, args=(desk, stopping))
    loop.start()
    end = time.monotonic() + seconds
    while time.monotonic() < end and any(turn.shown is None for turn in turns_of(house)):
        time.sleep(0.3)
    stopping.set()
    loop.join()
    return turns_of(house)


def work_through(house: House, engine: Engine, backend: Backend) -> None:
    """One try at one question, through this backend."""
    answer_once(_desk(house, replace(engine, backend=backend)))


def turns_of(house: House) -> list[Turn]:
    """All turns as they stand."""
    with house.sessions() as session:
        return list(session.scalars(select(Turn)))


def _desk(house: House, engine: Engine) -> Desk:
    return Desk(house, engine, "w1", {}, Watchdog(600))
