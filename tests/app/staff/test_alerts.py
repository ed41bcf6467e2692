"""Calls: seen, closed with a sealed note, and a stream that ends with its session."""

import threading
import time
from collections.abc import Callable

import pytest
from starlette.testclient import TestClient

from app.deps import House
from app.storage import alerts, audit, staff, visits
from app.storage.visits import OpenedVisit
from tests.app.staff.cast import CAST, SignedIn, heard


@pytest.fixture
def opened(house: House) -> OpenedVisit:
    with house.sessions() as session, session.begin():
        return visits.open_visit(session, house.master)


def call(house: House, opened: OpenedVisit, kind: str = "help") -> str:
    with house.sessions() as session, session.begin():
        return alerts.raise_alert(session, opened.visit.visit_id, kind, is_silent=False).alert_id


def test_a_call_is_closed_with_a_sealed_note_after_it_was_seen(
    house: House, signed_in: SignedIn, opened: OpenedVisit
) -> None:
    nurse, alert_id = signed_in("nurse"), call(house, opened)
    nurse.post(f"/staff/alerts/{alert_id}/close", data={"note": "too early"})
    with house.sessions() as session:
        row = alerts.find(session, alert_id)
        assert row is not None
        assert row.closed_at is None
    nurse.post(f"/staff/alerts/{alert_id}/seen")
    assert 'data-testid="alert-open"' in nurse.get("/staff/alerts").text
    nurse.post(f"/staff/alerts/{alert_id}/close", data={"note": "brought a glass of water"})
    page = nurse.get("/staff/alerts").text
    assert "brought a glass of water" in page
    assert 'data-testid="alert-open"' not in page
    assert 'data-testid="alert-median"' in page
    with house.sessions() as session:
        row = alerts.find(session, alert_id)
        assert row is not None
        assert row.note is not None
        assert b"water" not in row.note
        actions = [event.action for event in audit.latest(session, 10)]
        assert [one for one in actions if one.startswith("alert")] == ["alert.close", "alert.seen"]


def test_a_note_goes_with_its_visit_and_the_call_stays(
    house: House, signed_in: SignedIn, opened: OpenedVisit
) -> None:
    nurse, alert_id = signed_in("nurse"), call(house, opened)
    nurse.post(f"/staff/alerts/{alert_id}/seen")
    nurse.post(f"/staff/alerts/{alert_id}/close", data={"note": "brought water"})
    nurse.post(f"/staff/visits/{opened.visit.visit_id}/erase")
    page = nurse.get("/staff/alerts").text
    assert "brought water" not in page
    assert "erased meanwhile" in page


def test_a_page_that_comes_back_hears_what_it_missed(
    house: House, signed_in: SignedIn, opened: OpenedVisit
) -> None:
    nurse = signed_in("nurse")
    assert heard(nurse) == []
    alert_id = call(house, opened)
    assert heard(nurse) == [{"id": alert_id, "is_silent": False}]
    assert heard(signed_in("doctor")) == [{"id": alert_id, "is_silent": False}]


def test_a_stream_ends_within_five_seconds_of_the_account(
    house: House, signed_in: SignedIn, anybody: Callable[[], TestClient]
) -> None:
    nurse = signed_in("nurse")
    ended: list[float] = []

    def listen() -> None:
        nurse.get("/staff/alerts/stream?seconds=30")
        ended.append(time.monotonic())

    listener = threading.Thread(target=listen)
    listener.start()
    time.sleep(1)
    with house.sessions() as session, session.begin():
        member = staff.by_name(session, CAST["nurse"])
        assert member is not None
        staff.remove(session, member)
    removed = time.monotonic()
    listener.join(15)
    assert ended[0] - removed < 5
