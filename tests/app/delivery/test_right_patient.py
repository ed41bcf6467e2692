"""Staff compare numbers before pictures hang under a visit: delivered or attached by hand."""

import re
from html import unescape

import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from app.deps import House
from app.storage.tables import AuditEvent
from app.storage.visits import OpenedVisit
from tests.app.delivery.waiting_room import (
    attach,
    code_of,
    deliver,
    delivered_series,
    scans_in,
    statuses,
    until,
    visit_for,
    waiting,
)
from tests.app.staff.cast import SignedIn
from tests.dicom_peers import DELIVERED

MINE, ACCESSION = DELIVERED["PatientID"], DELIVERED["AccessionNumber"]


def test_staff_attach_after_comparing_a_number(house: House, signed_in: SignedIn) -> None:
    opened, arrival_id = visit_for(house), waiting(house)
    nina = signed_in("nurse")
    page = nina.get(f"/staff/arrivals/{arrival_id}").text
    assert "Is this the person?" in page
    listed = nina.get("/staff/arrivals").text
    for canary in DELIVERED.values():
        assert canary not in page + listed
    assert attach(nina, arrival_id, opened, patient_id=MINE).status_code == 303
    until(house, lambda: statuses(house) == ["attached"])
    assert len(scans_in(house, opened)) == 1


@pytest.mark.parametrize(
    ("typed", "handle"),
    [
        ({"patient_id": "MRN-OTHER"}, "mismatch"),
        ({"patient_id": MINE, "accession": "ACC-OTHER"}, "mismatch"),
        ({}, "error"),
    ],
)
def test_a_number_that_differs_is_a_clear_stop(
    house: House, signed_in: SignedIn, typed: dict[str, str], handle: str
) -> None:
    opened, arrival_id = visit_for(house), waiting(house)
    answer = attach(signed_in("nurse"), arrival_id, opened, **typed)
    assert answer.status_code == 409
    assert f'data-testid="{handle}"' in answer.text
    assert statuses(house) == ["waiting"]
    with house.sessions() as session:
        actions = list(session.scalars(select(AuditEvent.action)))
    assert any(one.startswith("arrival.refuse.") for one in actions)


def test_the_day_is_compared_too_and_what_was_typed_comes_back(
    house: House, signed_in: SignedIn
) -> None:
    opened, arrival_id, nina = visit_for(house), waiting(house), signed_in("nurse")
    wrong = {"patient_id": MINE, "accession": '"><b>', "study_date": "2026-05-04"}
    page = attach(nina, arrival_id, opened, **wrong).text
    for name, value in {"code": code_of(opened), **wrong}.items():
        assert field_of(page, name)["value"] == value
    assert "<b>" not in page
    assert field_of(page, "patient_id")["aria-describedby"].split()[0] == "patient_id-error"
    no_day = attach(nina, arrival_id, opened, patient_id=MINE, study_date="4 May").text
    assert field_of(no_day, "study_date")["aria-invalid"] == "true"
    assert "2027-12-31" in no_day
    assert statuses(house) == ["waiting"]
    right = {"patient_id": MINE, "study_date": "2026-05-03"}
    assert attach(nina, arrival_id, opened, **right).status_code == 303


@pytest.mark.parametrize(
    ("typed", "field"),
    [({"code": "NO VISIT", "patient_id": MINE}, "code"), ({"accession": ""}, "patient_id")],
)
def test_a_problem_is_said_at_its_field(
    house: House, signed_in: SignedIn, typed: dict[str, str], field: str
) -> None:
    opened, arrival_id = visit_for(house), waiting(house)
    page = attach(signed_in("nurse"), arrival_id, opened, **typed).text
    assert f'href="#{field}"' in page
    assert f'id="{field}-error"' in page
    assert field_of(page, field)["aria-invalid"] == "true"


def field_of(page: str, name: str) -> dict[str, str]:
    """The attributes of one input of a page, unescaped."""
    found = re.search(rf'<input [^>]*name="{name}"[^>]*>', page)
    assert found, name
    return {key: unescape(value) for key, value in re.findall(r'([\w-]+)="([^"]*)"', found[0])}


def test_a_visit_of_somebody_else_is_a_clear_stop(house: House, signed_in: SignedIn) -> None:
    other, arrival_id = visit_for(house, patient_id="MRN-OTHER"), waiting(house)
    answer = attach(signed_in("nurse"), arrival_id, other, patient_id=MINE)
    assert answer.status_code == 409
    assert "another patient" in answer.text


def test_pictures_without_any_number_need_a_tick(house: House, signed_in: SignedIn) -> None:
    opened = visit_for(house)
    nameless = delivered_series(2, PatientID="", AccessionNumber="")
    arrival_id, nina = waiting(house, nameless), signed_in("nurse")
    assert attach(nina, arrival_id, opened).status_code == 409
    assert attach(nina, arrival_id, opened, is_checked="yes").status_code == 303
    until(house, lambda: statuses(house) == ["attached"])


def test_an_upload_of_staff_is_held_against_the_same_numbers(
    house: House, signed_in: SignedIn
) -> None:
    opened, nina = visit_for(house, patient_id=MINE, accession="ACC-OTHER"), signed_in("nurse")
    file, ticked = delivered_series(1)[0], {"is_checked": "yes"}
    assert upload(nina, opened, file) == "other_exam"
    assert upload(nina, opened, file, **ticked) == "other_exam"
    assert upload(nina, opened, file, accession=ACCESSION, **ticked) == "other_exam"
    wrong = {"patient_id": MINE, "study_date": "2026-05-04"}
    assert upload(nina, opened, file, **wrong, **ticked) == "mismatch"
    assert upload(nina, opened, file, patient_id=MINE, study_date="today") == "bad_date"
    page = nina.get(f"/staff/visits/{opened.visit.visit_id}?refused=other_exam").text
    assert "another examination" in page
    assert scans_in(house, opened) == []
    right = {"patient_id": MINE, "accession": ACCESSION, "study_date": "2026-05-03"}
    assert upload(nina, opened, file, **right, **ticked) == ""
    assert len(scans_in(house, opened)) == 1


def test_no_tick_hangs_an_examination_under_two_visits(house: House, signed_in: SignedIn) -> None:
    first, second = visit_for(house, patient_id=MINE), visit_for(house)
    nina, files = signed_in("nurse"), delivered_series(2)
    deliver(house, files)
    until(house, lambda: statuses(house) == ["attached"])
    sure = {"patient_id": MINE, "is_checked": "yes"}
    assert upload(nina, second, files[0], **sure) == "elsewhere"
    assert upload(nina, first, files[0]) == ""


def upload(client: TestClient, opened: OpenedVisit, file: bytes, **typed: str) -> str:
    """Attach a file by hand; the key of the refusal, empty where it was taken."""
    address = f"/staff/visits/{opened.visit.visit_id}"
    answer = client.post(f"{address}/scans", files={"file": file}, data=typed)
    return str(answer.headers["location"]).removeprefix(address).removeprefix("?refused=")
