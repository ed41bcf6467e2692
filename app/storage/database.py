"""Engine, session and migrations, alike on SQLite and PostgreSQL."""

from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.orm import Session, sessionmaker

from app.storage.sealed import MasterKey

Sessions = sessionmaker[Session]
KEPT, MORE = 10, 50
"""Connections that stay open, and how many more there may be: a request holds one from its first
look at the database to its answer, forty requests are worked on at a time, and a server of
PostgreSQL takes a hundred."""
_MIGRATING = 20_261_126
"""Any number of our own: who holds it changes the tables."""


def open_engine(url: str) -> Engine:
    """An engine; SQLite gets WAL, full sync, secure delete, foreign keys and a busy wait."""
    if not url.startswith("sqlite"):
        return create_engine(url, pool_pre_ping=True, pool_size=KEPT, max_overflow=MORE)
    if url.startswith("sqlite:////"):
        Path(url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = create_engine(
        url,
        connect_args={"timeout": 30, "check_same_thread": False},
        pool_size=KEPT,
        max_overflow=MORE,
    )
    event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:  # Any: the driver's own class
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "secure_delete=ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def open_sessions(engine: Engine, master: MasterKey | None = None) -> Sessions:
    """The maker of sessions; rows stay readable after the commit; the audit is signed."""
    return sessionmaker(engine, expire_on_commit=False, info={"master": master})


def migrate(engine: Engine) -> None:
    """Bring the database to the newest form."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":  # several apps may start at once: one migrates
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATING})
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def copy_to(engine: Engine, path: Path) -> None:
    """Write a consistent copy of a SQLite database while it is in use.

    Raises:
        ValueError: the database is no SQLite file; its own tools make the copy.
    """
    if engine.dialect.name != "sqlite":
        raise ValueError("this database is copied with its own tools (pg_dump)")
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM INTO :path"), {"path": str(path)})
