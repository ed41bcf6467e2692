from pathlib import Path

from sqlalchemy import Engine, inspect, text

from app.storage import activations, work
from app.storage.blobs import Blobs
from app.storage.database import Sessions, migrate
from app.storage.scans import ScanFacts, add_scan
from app.storage.sealed import MasterKey
from app.storage.tables import Base
from app.storage.turns import Asked, add_turn
from app.storage.visits import open_visit


def test_migrations_end_in_exactly_the_tables_of_the_code(engine: Engine) -> None:
    found = inspect(engine)
    for table in Base.metadata.sorted_tables:
        columns = {column["name"]: column["nullable"] for column in found.get_columns(table.name)}
        assert columns == {column.name: column.nullable for column in table.columns}, table.name
    names = {table.name for table in Base.metadata.sorted_tables}
    assert set(found.get_table_names()) == names | {"alembic_version"}


def test_migrating_again_changes_nothing(engine: Engine) -> None:
    migrate(engine)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM alembic_version")).scalar() == 1


def test_sqlite_syncs_every_commit_and_wipes_what_is_deleted(engine: Engine) -> None:
    if engine.dialect.name != "sqlite":
        return
    with engine.connect() as connection:
        asked = ("journal_mode", "synchronous", "secure_delete", "foreign_keys")
        found = [connection.execute(text(f"PRAGMA {name}")).scalar() for name in asked]
    assert found == ["wal", 2, 1, 1]


def test_a_row_is_claimed_once_and_questions_keep_their_order(
    sessions: Sessions, master: MasterKey, tmp_path: Path
) -> None:
    asked = Asked("question", "Why?", "en", "allow", "none", "p1")
    with sessions() as session, session.begin():
        opened = open_visit(session, master)
        first = add_turn(session, opened, asked)
        session.flush()
        second = add_turn(session, opened, asked)
        facts = ScanFacts("0" * 64, 8, 8, "picture")
        add_scan(session, Blobs(f"file://{tmp_path}"), opened, facts, b"x")
    with sessions() as one, sessions() as two:
        mine, yours = work.claim_turn(one, "one"), work.claim_turn(two, "two")
        assert mine is not None
        assert yours is not None
        assert [mine.turn_id, yours.turn_id] == [first.turn_id, second.turn_id]
        assert work.claim_turn(one, "one") is None
        assert work.claim_scan(one, "one") is not None
        assert work.claim_scan(two, "two") is None


def test_what_a_dead_worker_held_is_free_again(sessions: Sessions, master: MasterKey) -> None:
    with sessions() as session, session.begin():
        opened = open_visit(session, master)
        add_turn(session, opened, Asked("question", "Why?", "en", "allow", "none", "p1"))
    with sessions() as session:
        assert work.claim_turn(session, "dead") is not None
        assert work.claim_turn(session, "alive") is None
    with sessions() as session, session.begin():
        work.free_claims_of_others(session, "alive")
    with sessions() as session:
        again = work.claim_turn(session, "alive")
        assert again is not None
        assert again.attempts == 2


def test_a_row_that_fails_three_times_is_given_up(sessions: Sessions, master: MasterKey) -> None:
    with sessions() as session, session.begin():
        opened = open_visit(session, master)
        add_turn(session, opened, Asked("question", "Why?", "en", "allow", "none", "p1"))
    statuses = []
    for _ in range(3):
        with sessions() as session:
            row = work.claim_turn(session, "worker")
            assert row is not None
            work.give_back(row, "ModelError")
            statuses.append(row.status)
            session.commit()
    assert statuses == ["asked", "asked", "failed"]


def test_one_activation_is_live_and_going_back_is_a_newer_row(sessions: Sessions) -> None:
    with sessions() as session, session.begin():
        first = activations.ask(session, "a", "1" * 64, None)
        activations.mark_live(session, first)
        second = activations.ask(session, "b", "2" * 64, None)
        assert activations.waiting(session) == second
        activations.mark_refused(second, "made for another base" * 20)
        session.flush()
        assert activations.waiting(session) is None
        assert activations.live(session) == first
        assert len(second.failure or "") <= 200
        back = activations.ask(session, activations.SHIPPED, "3" * 64, None)
        activations.mark_live(session, back)
    with sessions() as session:
        assert [row.status for row in activations.latest(session)] == [
            "live",
            "refused",
            "past",
        ]
