"""An older version's tables can be had back, and the newest again after them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import (
    JSON,
    Column,
    Engine,
    LargeBinary,
    String,
    delete,
    insert,
    inspect,
    text,
    update,
)

import app.storage.database
from app.storage import envelopes, visits
from app.storage.blobs import Blobs
from app.storage.database import migrate, open_engine, open_sessions
from app.storage.moments import UtcTime
from app.storage.scans import ScanFacts, add_scan
from app.storage.sealed import Ciphertext, MasterKey, Sealed
from app.storage.tables import Base, now

MIGRATIONS = Path(app.storage.database.__file__).parent / "migrations"
Shape = dict[str, tuple[set[Any], set[Any], set[Any]]]


def move(engine: Engine, step: Callable[[Config, str], None], revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        step(config, revision)


def shape(engine: Engine) -> Shape:
    """Columns, indexes and foreign keys of every table."""
    found = inspect(engine)
    return {
        table: (
            {(one["name"], str(one["type"]), one["nullable"]) for one in found.get_columns(table)},
            {(one["name"], tuple(one["column_names"])) for one in found.get_indexes(table)},
            {(*one["constrained_columns"], one["referred_table"]) for one in keys},
        )
        for table in found.get_table_names()
        for keys in [found.get_foreign_keys(table)]
    }


@pytest.mark.parametrize("older", ["0006", "base"])
def test_down_to_an_older_version_and_up_again(database_url: str, older: str) -> None:
    opened = open_engine(database_url)
    if older != "base":
        move(opened, command.upgrade, older)
    before = shape(opened)
    migrate(opened)
    newest = shape(opened)
    move(opened, command.downgrade, older)
    left = shape(opened)
    if older == "base":
        assert set(left) == {"alembic_version"}
    else:
        assert left == before
        assert {"series_digest", "scan_id"} <= {name for name, *_ in left["arrivals"][0]}
    migrate(opened)
    assert shape(opened) == newest
    opened.dispose()


def test_visits_and_their_envelopes_outlive_the_way_down_and_up(
    engine: Engine, master: MasterKey, tmp_path: Path
) -> None:
    sessions, blobs = open_sessions(engine), Blobs(f"file://{tmp_path / 'own'}")
    with sessions() as session, session.begin():
        opened = visits.open_visit(session, master)
        scan = add_scan(session, blobs, opened, ScanFacts("0" * 64, 8, 8, "dicom"), b"x")
        session.flush()
        envelopes.add(session, master, opened, scan.scan_id, {"PatientID": "MRN-1"})
        session.flush()
        envelopes.ask_patient(session, [scan.scan_id])
    move(engine, command.downgrade, "0006")
    migrate(engine)
    with sessions() as session:
        again = visits.opened(session, master, opened.visit.visit_id)
        assert again is not None
        identifiers = envelopes.identifiers_of(session, again, scan.scan_id)
        assert identifiers == {"PatientID": "MRN-1"}
        assert envelopes.to_ask(session, opened.visit.visit_id) == []


@pytest.mark.parametrize("older", ["0006", "0005", "0002", "0000"])
def test_filled_tables_lose_no_row_that_an_older_version_knows(engine: Engine, older: str) -> None:
    fill(engine)
    move(engine, command.downgrade, older)
    made_anew = {"arrivals", "outbound", "alembic_version"}
    left = set(shape(engine)) - made_anew
    assert {"visits", "audit"} <= left
    assert rows_in(engine, left) == dict.fromkeys(left, 1)
    migrate(engine)
    assert rows_in(engine, left) == dict.fromkeys(left, 1)
    assert broken_keys(engine) == []


def test_a_yes_that_a_patient_gave_alone_does_not_bar_the_way_down(engine: Engine) -> None:
    """The older table needs the staff member who heard it: only such a yes is kept."""
    consents = Base.metadata.tables["training_consents"]
    fill(engine)
    with engine.begin() as connection:
        connection.execute(update(consents).values(staff_id=None))
    move(engine, command.downgrade, "0007")
    assert rows_in(engine, {"training_consents", "visits"}) == {"training_consents": 0, "visits": 1}
    columns = inspect(engine).get_columns("training_consents")
    assert [one["nullable"] for one in columns if one["name"] == "staff_id"] == [False]
    migrate(engine)
    assert broken_keys(engine) == []


def fill(engine: Engine) -> None:
    """One row in every table, each key pointing at the row that it names."""
    known: dict[Any, Any] = {}
    with engine.begin() as connection:
        for table in Base.metadata.sorted_tables:
            connection.execute(delete(table))
            for column in table.columns:
                keys = list(column.foreign_keys)
                known[column] = known[keys[0].column] if keys else some_value(column)
            values = {column.name: known[column] for column in table.columns}
            connection.execute(insert(table).values(values))


def some_value(column: Column[Any]) -> Any:
    """Anything that the column takes."""
    values = {
        String: "1",
        LargeBinary: b"x",
        Sealed: Ciphertext(b"x" * 40),
        UtcTime: now(),
        JSON: {},
    }
    return next((value for kind, value in values.items() if isinstance(column.type, kind)), 1)


def rows_in(engine: Engine, tables: set[str]) -> dict[str, int]:
    with engine.connect() as connection:
        return {
            name: connection.scalar(text(f"SELECT count(*) FROM {name}")) or 0 for name in tables
        }


def broken_keys(engine: Engine) -> list[Any]:
    """Rows that name a row which is not there; PostgreSQL never has any."""
    if engine.dialect.name != "sqlite":
        return []
    with engine.connect() as connection:
        return list(connection.execute(text("PRAGMA foreign_key_check")))
