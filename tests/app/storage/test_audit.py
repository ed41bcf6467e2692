from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, text

from app.storage import audit
from app.storage.database import Sessions, open_sessions
from app.storage.sealed import MasterKey
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


TAMPERINGS = (
    "UPDATE audit SET actor = 'Dan' WHERE number = 7",
    "UPDATE audit SET actor = 'Dan' WHERE number = 1",
    "UPDATE audit SET actor = 'Dan' WHERE number = 20",
    "UPDATE audit SET action = 'visit.open' WHERE number = 7",
    "UPDATE audit SET subject = 'row 8' WHERE number = 7",
    "UPDATE audit SET subject = '' WHERE number = 20",
    "UPDATE audit SET at = '2020-01-01 00:00:00' WHERE number = 7",
    "UPDATE audit SET digest = previous WHERE number = 7",
    "UPDATE audit SET previous = digest WHERE number = 7",
    "UPDATE audit SET number = 1000 WHERE number = 7",
    "UPDATE audit SET number = 1000 WHERE number = 20",
    "DELETE FROM audit WHERE number = 1",
    "DELETE FROM audit WHERE number = 7",
    "DELETE FROM audit WHERE number = 20",
    "DELETE FROM audit WHERE number > 10",
    "DELETE FROM audit WHERE number BETWEEN 5 AND 15",
    "DELETE FROM audit",
    "DELETE FROM audit_heads",
    "UPDATE audit_heads SET number = 19",
    "UPDATE audit_heads SET signature = ''",
)
"""All that somebody with the database in hand, but without the master key, may try."""


def signing(engine: Engine, master: MasterKey) -> Sessions:
    return open_sessions(engine, master)


def test_twenty_of_twenty_tamperings_are_found(engine: Engine, master: MasterKey) -> None:
    sessions = signing(engine, master)
    written(sessions)
    found = []
    for tampering in TAMPERINGS:
        with sessions() as session:  # never committed: the next one starts from a whole chain
            assert audit.first_broken(session) is None
            session.execute(text(tampering))
            if audit.first_broken(session) is not None:
                found.append(tampering)
            if tampering.startswith("DELETE"):  # and the next event does not hide it
                audit.record(session, "Bob", "visit.read", "row 21")
                assert audit.first_broken(session) is not None, tampering
    assert len(found) == len(TAMPERINGS) == 20


def test_a_chain_made_anew_without_the_key_is_found(engine: Engine, master: MasterKey) -> None:
    sessions = signing(engine, master)
    written(sessions)
    stranger = open_sessions(engine, MasterKey(b"another key, thirty-two bytes or more"))
    with stranger() as session, session.begin():
        session.execute(text("DELETE FROM audit"))
        session.execute(text(f"UPDATE audit_heads SET number = 0, digest = '{audit.FIRST}'"))
    written(stranger, 5)
    with stranger() as session:
        assert audit.first_broken(session) is None
    with sessions() as session:
        assert audit.first_broken(session) is not None


def test_a_page_reads_only_what_is_new_and_the_check_reads_all(sessions: Sessions) -> None:
    written(sessions)
    with sessions() as session, session.begin():
        assert audit.check(session, whole=False) is None
        assert audit.state(session) == audit.State(None, None)
        session.execute(text("UPDATE audit SET actor = 'Dan' WHERE number = 7"))
        assert audit.state(session).broken is None
        assert audit.check(session, whole=True) == 7
        known = audit.state(session)
        assert known.broken == 7
        assert known.whole_read_at is not None
    written(sessions, 1)
    with sessions() as session, session.begin():
        session.execute(text("UPDATE audit SET actor = 'Bob' WHERE number = 7"))
        assert audit.check(session, whole=False) is None
        session.execute(text("UPDATE audit SET actor = 'Dan' WHERE number = 21"))
    with sessions() as session, session.begin():
        assert audit.check(session, whole=True) == 21


def test_a_head_from_before_it_was_signed_is_signed_once(engine: Engine, master: MasterKey) -> None:
    sessions = signing(engine, master)
    written(sessions, 3)
    with sessions() as session, session.begin():
        assert not audit.is_unsigned(session)
        session.execute(text("UPDATE audit_heads SET signature = ''"))
        session.expire_all()
        assert audit.is_unsigned(session)
        audit.sign_head(session)
    with sessions() as session:
        assert audit.first_broken(session) is None


@pytest.mark.parametrize("number", [1, 7, 19])
def test_a_removed_event_is_named(sessions: Sessions, number: int) -> None:
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
