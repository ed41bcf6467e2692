"""Which visit a delivery goes to: by itself where one fits, else by staff who compare a number."""

import re

import pytest
from sqlalchemy import select

from app.delivery import filing
from app.deps import House
from app.housekeeping import purge, sweep
from app.storage import arrivals, visits
from app.storage.tables import Arrival, ExpectedPatient, FilingEnvelope
from tests.app.delivery.waiting_room import (
    arrivals_in,
    attach,
    deliver,
    delivered_series,
    scans_in,
    statuses,
    until,
    visit_for,
    waiting,
)
from tests.app.intake.made_files import shipped
from tests.app.intake.made_series import two_people_in_one_series
from tests.app.staff.cast import SignedIn
from tests.dicom_peers import DELIVERED

MINE, ACCESSION = DELIVERED["PatientID"], DELIVERED["AccessionNumber"]


@pytest.mark.parametrize(
    ("typed", "fits"),
    [
        ({"patient_id": MINE}, True),
        ({"accession": ACCESSION}, True),
        ({"patient_id": MINE, "accession": ACCESSION, "study_date": "20260503"}, True),
        ({"patient_id": MINE, "study_date": "20260504"}, False),
        ({"patient_id": MINE, "accession": "ACC-OTHER"}, False),
        ({"patient_id": "MRN-OTHER", "accession": ACCESSION}, False),
        ({"patient_id": "MRN-OTHER"}, False),
        ({"study_date": "20260503"}, False),
        ({}, False),
    ],
)
def test_a_delivery_goes_to_a_visit_only_when_nothing_differs(
    house: House, typed: dict[str, str], fits: bool
) -> None:
    opened = visit_for(house, **typed)
    deliver(house, delivered_series(2))
    wanted = "attached" if fits else "waiting"
    until(house, lambda: statuses(house) == [wanted])
    assert bool(scans_in(house, opened)) is fits


def test_two_visits_that_fit_are_a_question_for_staff(house: House) -> None:
    opened = [visit_for(house, patient_id=MINE) for _ in range(2)]
    waiting(house)
    assert [scans_in(house, one) for one in opened] == [[], []]


def test_a_closed_visit_takes_nothing(house: House) -> None:
    opened = visit_for(house, patient_id=MINE)
    with house.sessions() as session, session.begin():
        found = visits.opened(session, house.master, opened.visit.visit_id)
        assert found is not None
        visits.close(session, found.visit)
    waiting(house)


def test_numbers_said_later_bring_what_waits(house: House, signed_in: SignedIn) -> None:
    opened = visit_for(house)
    waiting(house)
    address = f"/staff/visits/{opened.visit.visit_id}/expected"
    nina = signed_in("nurse")
    assert (
        nina.post(address, data={"study_date": "2026-05-03"})
        .headers["location"]
        .endswith("refused=no_number")
    )
    answer = nina.post(address, data={"accession": ACCESSION, "study_date": "2026-05-03"})
    assert answer.status_code == 303
    until(house, lambda: statuses(house) == ["attached"])
    assert [scan.slice_count for scan in scans_in(house, opened)] == [3]
    with house.sessions() as session:
        row = session.scalars(select(ExpectedPatient)).one()
        kept = [row.patient_id_digest, row.accession_digest, row.study_date_digest]
    assert kept[0] is None
    assert all(re.fullmatch("[0-9a-f]{64}", one or "") for one in kept[1:])


def test_one_examination_never_hangs_under_two_visits(house: House, signed_in: SignedIn) -> None:
    first, second = visit_for(house, patient_id=MINE), visit_for(house)
    deliver(house, delivered_series(2))
    until(house, lambda: statuses(house) == ["attached"])
    with house.sessions() as session, session.begin():
        found = visits.opened(session, house.master, first.visit.visit_id)
        assert found is not None
        visits.close(session, found.visit)
    again = waiting(house, delivered_series(3))
    answer = attach(signed_in("nurse"), again, second, patient_id=MINE)
    assert answer.status_code == 409
    assert "another visit" in answer.text
    with house.sessions() as session:
        assert not filing.give(session, arrivals_in(house)[0].arrival_id, "0" * 32, "Nina")


def test_two_patients_in_one_examination_are_attached_by_nobody(
    house: House, signed_in: SignedIn
) -> None:
    opened = visit_for(house, patient_id=MINE)
    mixed = [*delivered_series(2), *delivered_series(2, PatientID="MRN-OTHER")]
    arrival_id = waiting(house, mixed)
    assert arrivals_in(house)[0].reason == "two_patients"
    assert attach(signed_in("nurse"), arrival_id, opened, patient_id=MINE).status_code == 409


def test_real_slices_of_two_people_in_one_series_are_held_and_nothing_of_them_is_shown(
    house: House, signed_in: SignedIn
) -> None:
    opened, nina = visit_for(house, patient_id="77654033"), signed_in("nurse")
    arrival_id = waiting(house, two_people_in_one_series())
    assert arrivals_in(house)[0].reason == "two_patients"
    assert "Files of two patients" in nina.get("/staff/arrivals").text
    for typed in ("77654033", "98890234"):
        assert attach(nina, arrival_id, opened, patient_id=typed).status_code == 409
    assert scans_in(house, opened) == []


def test_undo_brings_it_back_and_it_can_go_to_the_right_visit(
    house: House, signed_in: SignedIn
) -> None:
    wrong, right = visit_for(house, patient_id=MINE), visit_for(house)
    arrival_id, nina = deliver(house, delivered_series(2)), signed_in("nurse")
    until(house, lambda: statuses(house) == ["attached"])
    page = nina.get(f"/staff/visits/{wrong.visit.visit_id}").text
    assert 'data-testid="take-back"' in page
    assert nina.post(f"/staff/arrivals/{arrival_id}/take-back").status_code == 303
    assert scans_in(house, wrong) == []
    assert [one.reason for one in arrivals_in(house)] == ["taken_back"]
    with house.sessions() as session:
        assert session.scalars(select(FilingEnvelope)).all() == []
    until(house, lambda: statuses(house) == ["waiting"])
    assert attach(nina, arrival_id, right, accession=ACCESSION).status_code == 303
    until(house, lambda: statuses(house) == ["attached"])
    assert len(scans_in(house, right)) == 1


def test_sealed_files_go_after_ten_minutes_and_then_undo_only_removes(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = visit_for(house, patient_id=MINE)
    arrival_id = deliver(house, delivered_series(2))
    until(house, lambda: statuses(house) == ["attached"])
    filing.erase_outstayed(house)
    assert house.blobs.names(f"arrivals/{arrival_id}"), "undo must still be possible"
    monkeypatch.setattr(arrivals, "UNDO", arrivals.UNDO * 0)
    filing.erase_outstayed(house)
    assert house.blobs.names(f"arrivals/{arrival_id}") == []
    (arrival,) = arrivals_in(house)
    assert (arrival.wrapped, arrival.facts, arrival.identifiers) == (None, None, None)
    with house.sessions() as session, session.begin():
        assert filing.take_back(house, session, arrival_id, "Nina")
    assert scans_in(house, opened) == []
    assert statuses(house) == ["removed"]


def test_what_waits_longer_than_the_retention_time_is_erased(house: House) -> None:
    arrival_id = waiting(house)
    with house.sessions() as session, session.begin():
        row = session.get(Arrival, arrival_id)
        assert row is not None
        row.started_at -= house.clinic.clinic.retention
    assert filing.erase_outstayed(house) == 1
    assert arrivals_in(house) == []
    assert house.blobs.folders("arrivals") == []


def test_erasing_the_visit_erases_envelope_and_sealed_files(house: House) -> None:
    opened = visit_for(house, patient_id=MINE)
    deliver(house, delivered_series(2))
    until(house, lambda: statuses(house) == ["attached"])
    with house.sessions() as session, session.begin():
        visits.erase(session, house.blobs, opened.visit.visit_id)
    sweep(house)
    purge(house)
    assert house.blobs.folders("arrivals") == []
    with house.sessions() as session:
        assert session.scalars(select(FilingEnvelope)).all() == []
        assert session.scalars(select(ExpectedPatient)).all() == []


def test_what_cannot_be_shown_says_why(house: House, signed_in: SignedIn) -> None:
    ultrasound = "1.2.840.10008.5.1.4.1.1.6.1"
    opened = visit_for(house, patient_id=MINE)
    deliver(house, delivered_series(1, SOPClassUID=ultrasound, Modality="US"))
    until(house, lambda: statuses(house) == ["refused"])
    page = signed_in("nurse").get(f"/staff/visits/{opened.visit.visit_id}").text
    assert "Only CT, MR and X-ray can be shown" in page
    filing.erase_outstayed(house)
    assert house.blobs.folders("arrivals") == []


def test_a_server_killed_while_reading_reads_again_and_stores_no_scan_twice(house: House) -> None:
    opened = visit_for(house, patient_id=MINE)
    arrival_id = deliver(house, delivered_series(3))
    until(house, lambda: statuses(house) == ["attached"])
    with house.sessions() as session, session.begin():  # as it stood in the middle
        row = session.get(Arrival, arrival_id)
        assert row is not None
        row.status = "reading"
    with house.sessions() as session, session.begin():
        arrivals.free_claims(session)
    until(house, lambda: statuses(house) == ["attached"])
    assert len(scans_in(house, opened)) == 1


def test_a_real_file_of_another_kind_is_received(house: House) -> None:
    opened = visit_for(house, patient_id="4MR1")
    deliver(house, [shipped("MR_small.dcm")])
    until(house, lambda: statuses(house) in (["attached"], ["waiting"]))
    assert len(scans_in(house, opened)) == (statuses(house) == ["attached"])
