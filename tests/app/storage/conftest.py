"""A database and a place for blobs for each storage test: both kinds of each."""

from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest
from sqlalchemy import Engine, text

from app.storage.blobs import Blobs
from app.storage.database import Sessions, migrate, open_engine, open_sessions
from app.storage.sealed import MasterKey
from tests.postgres_cluster import Cluster, NoPostgres, make_cluster


@pytest.fixture(scope="session")
def postgres() -> Iterator[Cluster]:
    """A cluster that lives as long as the tests; else a skip that says why."""
    try:
        cluster = make_cluster()
    except NoPostgres as reason:
        pytest.skip(str(reason))
    yield cluster
    cluster.stop()
    cluster.remove()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database, of both kinds."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'test.db'}"
    cluster: Cluster = request.getfixturevalue("postgres")
    opened = open_engine(cluster.address)
    with opened.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    opened.dispose()
    return cluster.address


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """An empty database in its newest form."""
    opened = open_engine(database_url)
    migrate(opened)
    yield opened
    opened.dispose()


@pytest.fixture
def sessions(engine: Engine) -> Sessions:
    return open_sessions(engine)


@pytest.fixture
def master() -> MasterKey:
    return MasterKey(b"a key for tests, thirty-two bytes or more")


@pytest.fixture(scope="session")
def object_store() -> Iterator[str]:
    """The address of an object store on loopback, with one bucket."""
    server_of = pytest.importorskip("moto.server", reason="moto is not installed")
    pytest.importorskip("s3fs", reason="s3fs is not installed (pip install anteroom[scale])")
    server = server_of.ThreadedMotoServer("127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(params=["file", "s3"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Blobs]:
    """An empty place for blobs, of both kinds."""
    if request.param == "file":
        yield Blobs(f"file://{tmp_path / 'blobs'}")
        return
    address = request.getfixturevalue("object_store")
    fsspec.config.conf["s3"] = {"endpoint_url": address, "key": "test", "secret": "test"}
    files, _ = fsspec.core.url_to_fs("s3://pictures")
    if files.exists("pictures"):
        files.rm("pictures", recursive=True)
    files.mkdir("pictures")
    yield Blobs("s3://pictures/clinic")
    del fsspec.config.conf["s3"]
