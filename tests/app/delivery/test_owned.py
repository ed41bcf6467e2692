"""The patient is asked whose picture it is, where the clinic wants that, before it is shown."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from app.deps import House
from app.storage import envelopes, visits
from app.storage.scans import ScanFacts, add_scan
from app.storage.tables import Alert, FilingEnvelope
from app.storage.visits import OpenedVisit
from app.visit_report import report_content
from tests.app.delivery.test_matching import deliver
from tests.app.delivery.waiting_room import delivered_series, scans_in, statuses, until, visit_for
from tests.app.staff.cast import SignedIn
from tests.dicom_peers import DELIVERED


def asking(house: House) -> House:
    folder: Path = house.settings.data_dir / "clinic"
    folder.mkdir(exist_ok=True)
    (folder / "clinic.yaml").write_text('ask_whose_picture: "yes"\n')
    assert house.clinic.clinic.ask_whose_picture
    return house


@pytest.fixture
def alice(house: House, anybody: Callable[[], TestClient]) -> tuple[TestClient, OpenedVisit]:
    """A patient who has agreed, and whose knee was delivered."""
    opened = visit_for(house, patient_id=DELIVERED["PatientID"])
    client = anybody()
    client.post("/start", data={"code": visits.code_of(opened)})
    client.post("/consent", data={"consent": "yes"})
    return client, opened


def bring(house: House) -> None:
    knee = delivered_series(3, BodyPartExamined="KNEE", Laterality="L", StudyDate="20260503")
    deliver(house, knee)
    until(house, lambda: statuses(house) == ["attached"])


def test_without_the_setting_a_delivered_scan_is_simply_there(
    house: House, alice: tuple[TestClient, OpenedVisit]
) -> None:
    client, opened = alice
    bring(house)
    (scan,) = scans_in(house, opened)
    assert client.get("/yours").headers["location"] == f"/scan/{scan.scan_id}"
    assert client.get(f"/scan/{scan.scan_id}").status_code == 200
    assert client.get("/upload").status_code == 200, "an upload stays possible"


def test_the_question_names_part_side_and_day_and_yes_shows_it(
    house: House, alice: tuple[TestClient, OpenedVisit]
) -> None:
    client, opened = alice
    bring(asking(house))
    (scan,) = scans_in(house, opened)
    assert client.get("/upload").headers["location"] == "/yours"
    page = client.get("/yours").text
    for words in ("Is this your picture?", "Knee", "left side", "May 3, 2026"):
        assert words in page
    assert DELIVERED["PatientID"] not in page
    assert client.get(f"/scan/{scan.scan_id}").status_code == 404
    assert client.get(f"/scan/{scan.scan_id}/picture.png").status_code == 404
    answer = client.post("/yours", data={"scan_id": scan.scan_id, "mine": "yes"})
    assert answer.headers["location"] == f"/scan/{scan.scan_id}"
    assert client.get(f"/scan/{scan.scan_id}").status_code == 200


def test_no_hides_it_and_calls_staff(
    house: House, alice: tuple[TestClient, OpenedVisit], signed_in: SignedIn
) -> None:
    client, opened = alice
    bring(asking(house))
    (scan,) = scans_in(house, opened)
    answer = client.post("/yours", data={"scan_id": scan.scan_id, "mine": "no"})
    assert answer.headers["location"] == "/upload"
    assert client.get(f"/scan/{scan.scan_id}").status_code == 404
    with house.sessions() as session:
        assert [one.kind for one in session.scalars(select(Alert))] == ["help"]
        assert [one.owned for one in session.scalars(select(FilingEnvelope))] == ["no"]
        found = visits.opened(session, house.master, opened.visit.visit_id)
        assert found is not None
        assert report_content(session, house, found, "en").scans == ()
    page = signed_in("nurse").get(f"/staff/visits/{opened.visit.visit_id}").text
    assert 'data-testid="disowned"' in page


def test_a_foreign_scan_cannot_be_answered_for(
    house: House, alice: tuple[TestClient, OpenedVisit], anybody: Callable[[], TestClient]
) -> None:
    _, opened = alice
    bring(asking(house))
    (scan,) = scans_in(house, opened)
    dan = anybody()
    dan.post("/start", data={"code": visits.code_of(visit_for(house))})
    dan.post("/consent", data={"consent": "yes"})
    dan.post("/yours", data={"scan_id": scan.scan_id, "mine": "yes"})
    with house.sessions() as session:
        assert [one.owned for one in session.scalars(select(FilingEnvelope))] == ["ask"]


def test_of_a_scan_that_says_nothing_of_itself_no_empty_card_is_shown(
    house: House, alice: tuple[TestClient, OpenedVisit]
) -> None:
    client, opened = alice
    with house.sessions() as session, session.begin():
        own = visits.opened(session, house.master, opened.visit.visit_id)
        assert own is not None
        scan = add_scan(session, house.blobs, own, ScanFacts("0" * 64, 8, 8, "dicom"), b"x")
        session.flush()
        envelopes.add(session, house.master, own, scan.scan_id, {"PatientID": "MRN-1"})
        session.flush()
        envelopes.ask_patient(session, [scan.scan_id])
    page = client.get("/yours").text
    assert 'data-testid="yours-yes"' in page
    assert 'data-testid="yours"' not in page
