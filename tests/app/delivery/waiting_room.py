"""What the delivery tests ask again and again of a house."""

import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import select
from starlette.testclient import TestClient

from app.delivery import inbox
from app.delivery.filing import file_arrivals
from app.deps import House
from app.storage import expected, visits
from app.storage.expected import Typed
from app.storage.tables import Arrival, Scan
from app.storage.visits import OpenedVisit
from tests.app.intake.made_series import drawn_series
from tests.dicom_peers import DELIVERED


def delivered_series(count: int, **changes: Any) -> list[bytes]:
    """A drawn CT series of the person the tests deliver."""
    return drawn_series(count, **DELIVERED | changes)


def visit_for(house: House, **typed: str) -> OpenedVisit:
    """An open visit, expecting whom staff typed."""
    with house.sessions() as session, session.begin():
        opened = visits.open_visit(session, house.master)
        if typed:
            expected.expect(session, house.master, opened.visit.visit_id, Typed(**typed))
        return opened


def arrivals_in(house: House) -> list[Arrival]:
    with house.sessions() as session:
        return list(session.scalars(select(Arrival).order_by(Arrival.started_at)))


def scans_in(house: House, opened: OpenedVisit) -> list[Scan]:
    with house.sessions() as session:
        query = select(Scan).where(Scan.visit_id == opened.visit.visit_id)
        return list(session.scalars(query.order_by(Scan.received_at)))


def until(house: House, is_so: Callable[[], bool], seconds: float = 30) -> None:
    """Let the house file what arrives until something is so."""
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, [
            (a.status, a.reason, a.pictures) for a in arrivals_in(house)
        ]
        file_arrivals(house)
        time.sleep(0.1)


def statuses(house: House) -> list[str]:
    return [one.status for one in arrivals_in(house)]


def deliver(house: House, files: list[bytes]) -> str:
    kept = [inbox.keep(house, "CT1", one) for one in files]
    assert {one.reason for one in kept} == {""}
    inbox.finish(house, {one.arrival_id for one in kept}, in_order=True)
    return kept[0].arrival_id


def waiting(house: House, files: list[bytes] | None = None) -> str:
    arrival_id = deliver(house, files or delivered_series(3))
    until(house, lambda: statuses(house)[-1] == "waiting")
    return arrival_id


def code_of(opened: OpenedVisit) -> str:
    return visits.code_of(opened)


def attach(client: TestClient, arrival_id: str, opened: OpenedVisit, **typed: str) -> Any:
    form = {"code": code_of(opened), **typed}
    return client.post(f"/staff/arrivals/{arrival_id}/attach", data=form)
