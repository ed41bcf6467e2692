"""Stop while files are opened: it reaches the own upload and nobody else's."""

import json
from contextlib import ExitStack
from typing import Any

import pytest
from sqlalchemy import select

from app.deps import House
from app.intake.opening import Openings
from app.patient import uploading
from app.storage.tables import TabletSession
from tests.app.patient.visitor import Visitor


def files_read(visitor: Visitor) -> int:
    assert visitor.get("/upload/progress") == 200
    return int(json.loads(visitor.html)["files"])


def test_stop_and_progress_are_of_the_own_upload_alone(house: House) -> None:
    alice = Visitor.of(house).start()
    with house.sessions() as session:
        owner = session.scalars(select(TabletSession.session_id)).one()
    dan = Visitor.of(house).start()
    openings: Openings = alice.client.app.state.openings  # type: ignore[attr-defined]
    dan.client.app.state.openings = openings  # type: ignore[attr-defined]
    with openings.begun(owner) as opening:
        opening.files = 7
        assert (files_read(alice), files_read(dan)) == (7, 0)
        assert dan.post("/upload/stop") == 204
        assert not opening.is_stopped
        assert alice.post("/upload/stop") == 204
        assert opening.is_stopped
    assert files_read(alice) == 0


def test_without_a_visit_there_is_nothing_to_stop(house: House) -> None:
    stranger = Visitor.of(house).client
    assert stranger.post("/upload/stop", follow_redirects=False).status_code == 303
    assert stranger.get("/upload/progress", follow_redirects=False).status_code == 303


def test_while_files_are_opened_no_database_connection_is_held(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[int] = []
    alice = Visitor.of(house).start()
    receive = uploading.receive_upload

    def receiving(*given: Any, **named: Any) -> Any:
        held.append(house.engine.pool.checkedout())  # type: ignore[attr-defined]
        return receive(*given, **named)

    monkeypatch.setattr(uploading, "receive_upload", receiving)
    assert alice.upload() == 200
    assert held == [0]


def test_forty_requests_have_a_connection_each(house: House) -> None:
    with ExitStack() as stack:
        for _ in range(45):
            stack.enter_context(house.engine.connect())
