"""An emergency while the database is locked or gone: words at once, and the call is not lost."""

import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError
from starlette.testclient import TestClient

from app.deps import House
from app.main import make_app
from app.outbox import Outbox
from app.staff.bell import Bell
from app.storage import alerts, visits
from app.storage.tables import Alert
from tests.builders import open_test_house, stored_scan

QUESTION = "my chest is so tight I cannot breathe"
LOCKED_SECONDS = 2.5


@pytest.fixture
def house(tmp_path: Path) -> House:
    return open_test_house(tmp_path / "var", answer_floor_seconds="0")


@pytest.fixture
def patient(house: House) -> tuple[TestClient, str]:
    """A tablet on a visit with a picture, and the address at which it asks."""
    with house.sessions() as session, session.begin():
        opened = visits.open_visit(session, house.master)
    scan = stored_scan(house, opened)
    client = TestClient(make_app(house))
    client.post("/start", data={"code": visits.code_of(opened)})
    client.post("/consent", data={"consent": "yes"})
    return client, f"/scan/{scan.scan_id}/ask"


def waiting(house: House) -> list[Alert]:
    with house.sessions() as session:
        return alerts.unseen(session)


def until(holds: Callable[[], object], seconds: float = 10) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if holds():
            return True
        time.sleep(0.1)
    return False


@pytest.mark.parametrize("way", ["question", "button"])
def test_words_come_at_once_while_the_database_is_locked(
    house: House, patient: tuple[TestClient, str], way: str
) -> None:
    client, ask = patient
    with sqlite3.connect(house.settings.data_dir / "anteroom.db") as lock:
        lock.execute("BEGIN IMMEDIATE")
        begun = time.monotonic()
        form = {"kind": "question", "question": QUESTION}
        answer = client.post(ask, data=form) if way == "question" else client.post("/help")
        took = time.monotonic() - begun
        assert took < LOCKED_SECONDS
        assert "on the way" not in answer.text
        assert "nurse" in answer.text
        assert waiting(house) == []
        lock.rollback()
    assert until(lambda: len(waiting(house)) == 1)
    assert waiting(house)[0].visit_id is not None
    assert until(lambda: not list((house.settings.data_dir / "calls").iterdir()))


def gone(*_: object, **__: object) -> None:
    raise OperationalError("", {}, Exception())


def test_a_call_survives_a_restart_without_a_word_of_the_patient(
    house: House, patient: tuple[TestClient, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    client, ask = patient
    with monkeypatch.context() as broken:
        broken.setattr(alerts, "raise_alert", gone)
        broken.setattr(Outbox, "_try_again", lambda _self: None)  # this server does not live on
        answer = client.post(ask, data={"kind": "question", "question": QUESTION})
        assert "nurse" in answer.text
    (file,) = (house.settings.data_dir / "calls").iterdir()
    assert "chest" not in file.read_text()
    assert waiting(house) == []
    make_app(house)
    assert until(lambda: len(waiting(house)) == 1)
    assert waiting(house)[0].kind == "emergency"
    assert not file.exists()


def test_an_open_staff_page_rings_before_the_database_is_back(
    house: House, patient: tuple[TestClient, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    client, _ = patient
    outbox: Outbox = client.app.state.outbox  # type: ignore[attr-defined]
    with monkeypatch.context() as broken:
        broken.setattr(alerts, "raise_alert", gone)
        broken.setattr(alerts, "unseen", gone)
        client.post("/help")
        with Bell(house.sessions, outbox) as bell:
            assert until(lambda: "is_silent" in bell.waiting)
    assert until(lambda: len(waiting(house)) == 1)


def test_a_file_that_was_cut_off_does_not_stop_the_start(house: House) -> None:
    folder = house.settings.data_dir / "calls"
    folder.mkdir()
    (folder / "broken.json").write_text('{"call_id": "x"')
    assert Outbox(house).pending() == []


def test_words_come_at_once_while_the_picture_is_still_looked_at(
    house: House, patient: tuple[TestClient, str]
) -> None:
    client, ask = patient
    answer = client.post(ask, data={"kind": "question", "question": QUESTION})
    words = answer.text.split('data-testid="answer"')[-1]
    assert house.guard.fixed("emergency", "en") in words
    assert len(waiting(house)) == 1
