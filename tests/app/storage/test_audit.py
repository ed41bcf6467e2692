from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from app.storage import audit
from app.storage.database import Sessions
from app.storage.tables import AuditEvent


def written(sessions: Sessions, count: int = 20) -> None:
    for number in range(count):
        with sessions() as session, session.begin():
            audit.record(session, "Bob", "visit.read", f"row {number}")


def test_a_whole_chain_is_whole(sessions: Sessions) -> None:
    written(sessions)
    with sessions() as session:
        assert audit.first_broken(session) is None
        assert [event.subject for event in audit.latest(session, 2)] == ["row 19", "row 18"]


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE audit SET actor = 'Dan' WHERE number = 7",
        "UPDATE audit SET action = 'visit.open' WHERE number = 7",
        "UPDATE audit SET subject = 'row 8' WHERE number = 7",
        "UPDATE audit SET at = '2020-01-01 00:00:00' WHERE number = 7",
        "UPDATE audit SET digest = previous WHERE number = 7",
        "UPDATE audit SET number = 1000 WHERE number = 7",
    ],
)
def test_a_changed_event_is_found(sessions: Sessions, tampering: str) -> None:
    written(sessions)
    with sessions() as session, session.begin():
        session.execute(text(tampering))
    with sessions() as session:
        assert audit.first_broken(session) in (7, 8)


@pytest.mark.parametrize("number", [1, 7, 19])
def test_a_removed_event_is_found(sessions: Sessions, number: int) -> None:
    written(sessions)
    with sessions() as session, session.begin():
        session.delete(session.get(AuditEvent, number))
    with sessions() as session:
        assert audit.first_broken(session) == number + 1


def test_many_writers_at_once_do_not_fork_the_chain(sessions: Sessions) -> None:
    written(sessions, 1)
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda _: written(sessions, 5), range(6)))
    with sessions() as session:
        assert session.query(AuditEvent).count() == 31
        assert audit.first_broken(session) is None
