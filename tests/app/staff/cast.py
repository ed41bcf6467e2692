"""The cast of the staff tests, and the house they work in."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from app.deps import House, open_clinic
from app.settings import load_settings
from app.storage.blobs import Blobs
from app.storage.database import open_engine, open_sessions

PASSWORD = "correct horse battery"
CAST = {"nurse": "Nina", "doctor": "Bob", "librarian": "Lena", "admin": "Carol"}
SignedIn = Callable[[str], TestClient]
"""Gives a client on which the member with this role is signed in."""


def heard(client: TestClient, seconds: float = 1.0) -> list[dict[str, Any]]:
    """The waiting calls as an open page last heard them on its stream."""
    said = client.get(f"/staff/alerts/stream?seconds={seconds}")
    assert said.headers["content-type"].startswith("text/event-stream")
    data = [line for line in said.text.splitlines() if line.startswith("data: ")]
    waiting: list[dict[str, Any]] = json.loads(data[-1].removeprefix("data: "))["waiting"]
    return waiting


def copied_house(prepared: House, folder: Path, **settings: str) -> House:
    """A house of one's own: the prepared one's data copied, its policy and catalogue shared."""
    shutil.copytree(prepared.settings.data_dir, folder)
    names = {f"ANTEROOM_{key.upper()}": value for key, value in settings.items()}
    own = load_settings({"ANTEROOM_DATA_DIR": str(folder), **names})
    engine = open_engine(own.resolved_database_url)
    return replace(
        prepared,
        settings=own,
        engine=engine,
        sessions=open_sessions(engine, prepared.master),
        blobs=Blobs(own.resolved_blobs_url),
        clinic=open_clinic(own, prepared.catalogue),
    )
