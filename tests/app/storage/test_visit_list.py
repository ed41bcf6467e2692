"""Lists of 5,000 visits: fast on both databases, and a fixed number of queries."""

import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import Engine, event, insert, text

from app.storage import visit_list, visits
from app.storage.database import Sessions
from app.storage.sealed import Ciphertext, MasterKey
from app.storage.tables import Turn, Visit, VisitKey, new_id, now

MANY = 5_000
MOST_SECONDS = 0.3
IDLE = timedelta(minutes=2)


@pytest.fixture
def crowd(sessions: Sessions, master: MasterKey) -> str:
    """5,000 open visits, each with a question; gives the code of one in the middle."""
    with sessions() as session, session.begin():
        one = visits.open_visit(session, master)
        one.visit.opened_at = now() - timedelta(minutes=MANY / 2)
        ids = [new_id() for _ in range(MANY - 1)]
        key, sealed = master.new_wrapped_key("x"), Ciphertext(b"x" * 40)
        start = now() - timedelta(minutes=MANY)
        session.execute(
            insert(Visit),
            [
                {
                    "visit_id": visit_id,
                    "code_digest": visit_id * 2,
                    "code": sealed,
                    "opened_at": start + timedelta(minutes=at),
                }
                for at, visit_id in enumerate(ids)
            ],
        )
        session.execute(insert(VisitKey), [{"visit_id": one, "wrapped": key} for one in ids])
        row = {"kind": "might", "question": sealed, "input_verdict": "soften"}
        more = {"input_rule": "i", "policy_version": "p"}
        session.execute(insert(Turn), [{"visit_id": one, **row, **more} for one in ids])
        session.execute(text("ANALYZE"))  # as the databases do by themselves, but later
        return visits.code_of(one)


@pytest.fixture
def statements(engine: Engine) -> Iterator[list[str]]:
    said: list[str] = []

    def note(_c: object, _u: object, statement: str, *_: object) -> None:
        said.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield said
    event.remove(engine, "before_cursor_execute", note)


def test_any_page_of_five_thousand_visits_takes_less_than_300_ms(
    sessions: Sessions, crowd: str, statements: list[str]
) -> None:
    for start in (0, MANY // 2, MANY - 50):
        took = []
        for _ in range(3):
            statements.clear()
            with sessions() as session:
                begun = time.perf_counter()
                rows, total = visit_list.page_of_open(session, start, 50)
                lines = visit_list.lines_of(session, [row.visit_id for row in rows], IDLE)
                took.append(time.perf_counter() - begun)
            assert (len(rows), total) == (50, MANY)
            assert sum(line.turns for line in lines.values()) >= 49
            assert len(statements) == 7
        assert min(took) < MOST_SECONDS, start


def test_one_of_five_thousand_is_found_by_its_code(
    sessions: Sessions, master: MasterKey, crowd: str
) -> None:
    with sessions() as session:
        begun = time.perf_counter()
        found = visit_list.found(session, master, crowd.lower())
        took = time.perf_counter() - begun
    assert [row.code_digest for row in found] == [
        master.digest("visit-code", visits.plain_code(crowd))
    ]
    assert took < MOST_SECONDS
    with sessions() as session:
        assert visit_list.found(session, master, "no such code") == []
