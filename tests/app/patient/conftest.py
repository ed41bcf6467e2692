"""A house in a folder, and Alice with her picture in it."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from app.deps import House
from app.settings import load_settings
from app.storage.blobs import Blobs
from app.storage.database import open_engine, open_sessions
from tests.app.patient.visitor import Visitor
from tests.builders import open_test_house

OpenHouse = Callable[..., House]


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> House:
    """An empty house, copied for every test: reading policy and catalogue takes a while."""
    return open_test_house(tmp_path_factory.mktemp("prepared") / "var")


@pytest.fixture
def open_copy(prepared: House, tmp_path: Path) -> OpenHouse:
    """Opens a house of one's own, with settings by their lower-case names."""

    def open_it(**settings: str) -> House:
        folder = tmp_path / f"var-{len(settings)}"
        shutil.copytree(prepared.settings.data_dir, folder)
        names = {f"ANTEROOM_{key.upper()}": value for key, value in settings.items()}
        own = load_settings({"ANTEROOM_DATA_DIR": str(folder), **names})
        engine = open_engine(own.resolved_database_url)
        sessions, blobs = open_sessions(engine), Blobs(own.resolved_blobs_url)
        return replace(prepared, settings=own, engine=engine, sessions=sessions, blobs=blobs)

    return open_it


@pytest.fixture
def house(open_copy: OpenHouse) -> House:
    """Answers are due at once here; the floor has its own tests."""
    return open_copy(answer_floor_seconds="0")


@pytest.fixture
def alice(house: House) -> Visitor:
    """Alice, whose picture was looked at."""
    return Visitor.of(house).looked()
