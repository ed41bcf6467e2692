"""Drawing, removing and taking back marked regions, as the doctor and as the patient see it."""

import re

import pytest
from starlette.testclient import TestClient

from app.deps import House
from app.main import make_app
from app.storage import scans, visits
from app.storage.scans import Look, ScanFacts
from tests.app.staff.cast import SignedIn
from tests.builders import png_bytes

SQUARE = "50,50 150,50 150,150 50,150"
BY_HAND = "A doctor drew these by hand: liver."
BY_COMPUTER = "A computer drew the coloured areas."


@pytest.fixture
def place(house: House) -> tuple[str, str, str]:
    """A visit with a picture in which nothing was found: its code and its two addresses."""
    facts = ScanFacts("0" * 64, 256, 256, "picture")
    with house.sessions() as session, session.begin():
        opened = visits.open_visit(session, house.master)
        scan = scans.add_scan(session, house.blobs, opened, facts, png_bytes())
        session.flush()
        scans.store_look(session, opened, scan, Look("CT", "axial", "abdomen", True), [])
        editor = f"/staff/visits/{opened.visit.visit_id}/scans/{scan.scan_id}/regions"
        return visits.code_of(opened), editor, f"/scan/{scan.scan_id}"


def patient_of(house: House, code: str) -> TestClient:
    client = TestClient(make_app(house))
    client.post("/start", data={"code": code})
    client.post("/consent", data={"consent": "yes"})
    return client


def drawn_by_bob(page: str) -> int:
    return len(re.findall(r"drawn by Bob", page))


def test_a_drawn_region_reaches_the_patient_and_says_who_drew_it(
    house: House, signed_in: SignedIn, place: tuple[str, str, str]
) -> None:
    code, editor, scan = place
    doctor, patient = signed_in("doctor"), patient_of(house, code)
    assert 'data-testid="no-structure"' in patient.get(scan).text
    draw = {"act": "draw", "structure": "liver", "points": SQUARE}
    assert doctor.post(editor, data=draw).status_code == 303
    assert drawn_by_bob(doctor.get(editor).text) == 1
    seen = patient.get(scan).text
    assert 'data-structure="liver"' in seen
    assert BY_HAND in seen
    assert BY_COMPUTER not in seen
    assert "Bob" not in seen


def test_each_step_can_be_taken_back(
    house: House, signed_in: SignedIn, place: tuple[str, str, str]
) -> None:
    code, editor, scan = place
    doctor, patient = signed_in("doctor"), patient_of(house, code)
    doctor.post(editor, data={"act": "draw", "structure": "liver", "points": SQUARE})
    doctor.post(editor, data={"act": "draw", "structure": "spleen", "points": SQUARE})
    doctor.post(editor, data={"act": "remove", "structure": "liver"})
    for left in ({"spleen"}, {"liver", "spleen"}, {"liver"}, set()):
        page = patient.get(scan).text
        assert set(re.findall(r'data-testid="structure" data-structure="(\w+)"', page)) == left
        doctor.post(editor, data={"act": "undo"})
    assert drawn_by_bob(doctor.get(editor).text) == 0


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"act": "draw", "structure": "liver", "points": ""}, 422),
        ({"act": "draw", "structure": "liver", "points": "1,1 2,2"}, 422),
        ({"act": "draw", "structure": "liver", "points": "nan,1 2,inf 3,3"}, 422),
        ({"act": "draw", "structure": "liver", "points": "<script>"}, 422),
        ({"act": "draw", "structure": "tumour", "points": SQUARE}, 404),
        ({"act": "remove", "structure": "liver"}, 404),
        ({"act": "redo", "structure": "liver"}, 404),
        ({}, 404),
    ],
    ids=str,
)
def test_a_bad_shape_is_refused_and_changes_nothing(
    signed_in: SignedIn, place: tuple[str, str, str], form: dict[str, str], status: int
) -> None:
    _, editor, _ = place
    doctor = signed_in("doctor")
    assert doctor.post(editor, data=form).status_code == status
    assert b"<path" not in doctor.get(editor.replace("/regions", ".svg")).content


def test_a_nurse_draws_nothing(signed_in: SignedIn, place: tuple[str, str, str]) -> None:
    _, editor, _ = place
    draw = {"act": "draw", "structure": "liver", "points": SQUARE}
    assert signed_in("nurse").post(editor, data=draw).status_code == 403
