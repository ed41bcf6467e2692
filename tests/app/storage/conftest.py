"""A database for each storage test: SQLite in a file, and PostgreSQL in a throw-away cluster."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from app.storage.blobs import Blobs
from app.storage.database import Sessions, migrate, open_engine, open_sessions
from app.storage.sealed import MasterKey


@pytest.fixture(scope="session")
def postgres_address() -> Iterator[str]:
    """The address of a cluster that lives as long as the tests; else a skip that says why."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        pytest.skip("PostgreSQL's server programs are not installed")
    binaries = found[-1].parent
    before: list[str] = []
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))  # short: a socket path has a limit
    if os.geteuid() == 0:  # initdb refuses root
        if shutil.which("runuser") is None or not _has_user("postgres"):
            pytest.skip("running as root, without a user postgres to start PostgreSQL as")
        before = ["runuser", "-u", "postgres", "--"]
        shutil.chown(folder, "postgres")
    data = folder / "data"
    start = [*before, str(binaries / "pg_ctl"), "-D", str(data), "-w"]
    options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"
    try:
        initdb = [str(binaries / "initdb"), "-D", str(data), "-A", "trust", "-U", "postgres"]
        _run([*before, *initdb, "--encoding=UTF8", "--locale=C.UTF-8"])
        _run([*start, "-l", str(folder / "log"), "-o", options, "start"])
        yield f"postgresql+psycopg://postgres@/postgres?host={folder}"
        _run([*start, "-m", "immediate", "stop"])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _has_user(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=60, cwd="/tmp")


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An empty database in its newest form, on both kinds."""
    if request.param == "sqlite":
        opened = open_engine(f"sqlite:///{tmp_path / 'test.db'}")
    else:
        opened = open_engine(request.getfixturevalue("postgres_address"))
        with opened.begin() as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
    migrate(opened)
    yield opened
    opened.dispose()


@pytest.fixture
def sessions(engine: Engine) -> Sessions:
    return open_sessions(engine)


@pytest.fixture
def master() -> MasterKey:
    return MasterKey(b"a key for tests, thirty-two bytes or more")


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    return Blobs(f"file://{tmp_path / 'blobs'}")
