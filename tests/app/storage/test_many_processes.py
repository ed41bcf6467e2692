"""Several processes on one database: every row is claimed once; restarts and migrations."""

import multiprocessing
import threading
import time
from collections import Counter
from typing import Any

import pytest
from sqlalchemy import Engine, inspect, text
from sqlalchemy.exc import OperationalError

from app.storage import work
from app.storage.database import Sessions, migrate, open_engine, open_sessions
from app.storage.sealed import MasterKey
from app.storage.tables import Turn
from app.storage.turns import Asked, add_turn
from app.storage.visits import OpenedVisit, open_visit
from tests.postgres_cluster import NoPostgres, make_cluster

ROWS = 90
ASKED = Asked("question", "Why?", "en", "allow", "none", "p1")


def open_visits(sessions: Sessions, master: MasterKey, count: int) -> list[OpenedVisit]:
    with sessions() as session, session.begin():
        return [open_visit(session, master) for _ in range(count)]


def claim_all(url: str, name: str, found: Any) -> None:
    """A worker of its own process: claims until nothing is left."""
    sessions = open_sessions(open_engine(url))
    mine = []
    while True:
        with sessions() as session:
            turn = work.claim_turn(session, name)
            if turn is None and not work.questions_waiting(session, 1):
                break
            if turn is not None:
                mine.append(turn.turn_id)
    found.put(mine)


def test_three_workers_claim_every_row_once(
    database_url: str, engine: Engine, sessions: Sessions, master: MasterKey
) -> None:
    opened = open_visits(sessions, master, 9)
    with sessions() as session, session.begin():
        for number in range(ROWS):
            add_turn(session, opened[number % 9], ASKED)
    context = multiprocessing.get_context("spawn")
    found = context.Queue()
    workers = [
        context.Process(target=claim_all, args=(database_url, f"w{number}", found))
        for number in range(3)
    ]
    for worker in workers:
        worker.start()
    claimed = [turn_id for _ in workers for turn_id in found.get(timeout=120)]
    for worker in workers:
        worker.join(20)
    assert len(claimed) == ROWS
    assert set(Counter(claimed).values()) == {1}
    with sessions() as session:
        assert {turn.attempts for turn in session.query(Turn)} == {1}


def test_a_tablet_that_asks_much_does_not_keep_others_waiting(
    sessions: Sessions, master: MasterKey
) -> None:
    busy, calm = open_visits(sessions, master, 2)
    with sessions() as session, session.begin():
        for _ in range(5):
            add_turn(session, busy, ASKED)
            session.flush()
        add_turn(session, calm, ASKED)
    order = []
    for _ in range(6):
        with sessions() as session:
            turn = work.claim_turn(session, "w")
            assert turn is not None
            order.append(turn.visit_id)
    assert order[1] == calm.visit.visit_id
    assert order.count(busy.visit.visit_id) == 5


def test_two_apps_that_start_together_migrate_once(database_url: str) -> None:
    if not database_url.startswith("postgresql"):
        pytest.skip("on SQLite one app starts, then its worker")
    failures: list[Exception] = []

    def start() -> None:
        engine = open_engine(database_url)
        try:
            migrate(engine)
        except Exception as error:
            failures.append(error)
        engine.dispose()

    apps = [threading.Thread(target=start) for _ in range(3)]
    for app in apps:
        app.start()
    for app in apps:
        app.join(60)
    assert failures == []
    engine = open_engine(database_url)
    assert "turns" in inspect(engine).get_table_names()
    engine.dispose()


def test_migrating_while_others_write_loses_nothing(
    engine: Engine, sessions: Sessions, master: MasterKey
) -> None:
    (opened,) = open_visits(sessions, master, 1)
    written: list[str] = []
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            with sessions() as session, session.begin():
                written.append(add_turn(session, opened, ASKED).turn_id)

    writer = threading.Thread(target=write)
    writer.start()
    for _ in range(3):
        migrate(engine)
        time.sleep(0.1)
    stop.set()
    writer.join(30)
    with engine.connect() as connection:
        kept = set(connection.execute(text("SELECT turn_id FROM turns")).scalars())
    assert len(written) > 3
    assert set(written) == kept


def test_a_database_that_restarts_loses_no_acknowledged_row(master: MasterKey) -> None:
    try:
        cluster = make_cluster()
    except NoPostgres as reason:
        pytest.skip(str(reason))
    engine = open_engine(cluster.address)
    migrate(engine)
    sessions = open_sessions(engine)
    (opened,) = open_visits(sessions, master, 1)
    acknowledged: list[str] = []
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            try:
                with sessions() as session, session.begin():
                    turn_id = add_turn(session, opened, ASKED).turn_id
                acknowledged.append(turn_id)
            except OperationalError:  # away; the next try finds it again
                time.sleep(0.05)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(2):
            time.sleep(0.4)
            cluster.stop()
            time.sleep(0.3)
            cluster.start()
            before, end = len(acknowledged), time.monotonic() + 15
            while len(acknowledged) == before and time.monotonic() < end:
                time.sleep(0.05)
            assert len(acknowledged) > before, "not back within 15 seconds"
    finally:
        stop.set()
        writer.join(30)
    with sessions() as session:
        kept = set(session.scalars(text("SELECT turn_id FROM turns")))
    engine.dispose()
    cluster.stop()
    cluster.remove()
    assert set(acknowledged) <= kept
