import io
import re
from pathlib import Path

import pydicom
import pytest
from PIL import Image
from pydicom.data import get_testdata_file
from pydicom.uid import generate_uid
from starlette.testclient import TestClient

from app.deps import House
from app.housekeeping import purge
from app.storage import audit, scans, visits
from app.storage.tables import FilingEnvelope, Visit, now
from tests.app.intake.made_series import zip_of
from tests.app.staff.cast import SignedIn
from tests.builders import png_bytes


def new_visit(client: TestClient, **typed: str) -> str:
    answer = client.post("/staff/visits", data=typed)
    assert answer.status_code == 303
    return answer.headers["location"].split("/")[3]


def row_of(house: House, visit_id: str) -> Visit:
    with house.sessions() as session:
        visit = session.get(Visit, visit_id)
        assert visit is not None
        return visit


def test_a_visit_is_two_taps_and_its_sheet_carries_code_and_square(
    house: House, signed_in: SignedIn
) -> None:
    nurse = signed_in("nurse")
    visit_id = new_visit(nurse)
    sheet = nurse.get(f"/staff/visits/{visit_id}/sheet").text
    found = re.search(r'data-testid="visit-code">([A-Z0-9]{4} [A-Z0-9]{4})<', sheet)
    assert found is not None
    with house.sessions() as session:
        opened = visits.find_by_code(session, house.master, found[1])
        assert opened is not None
        assert opened.visit.visit_id == visit_id
    square = nurse.get(f"/staff/visits/{visit_id}/code.svg")
    assert square.headers["content-type"] == "image/svg+xml"
    assert b"<svg" in square.content
    assert b"style=" not in square.content
    assert found[1] in nurse.get("/staff/visits").text


def test_language_and_level_are_chosen_at_the_start(house: House, signed_in: SignedIn) -> None:
    visit_id = new_visit(signed_in("nurse"), language="ar", level="anatomy")
    visit = row_of(house, visit_id)
    assert (visit.language, visit.release_level) == ("ar", "anatomy")
    refused = signed_in("nurse").post("/staff/visits", data={"language": "xx"})
    assert refused.status_code == 403


@pytest.mark.parametrize(
    ("role", "level", "status"),
    [
        ("nurse", "hold", 303),
        ("nurse", "anatomy", 303),
        ("nurse", "guarded", 303),
        ("nurse", "full", 403),
        ("doctor", "full", 303),
        ("doctor", "everything", 403),
        ("nurse", "", 403),
    ],
)
def test_only_a_doctor_opens_everything(
    house: House, signed_in: SignedIn, role: str, level: str, status: int
) -> None:
    client = signed_in(role)
    visit_id = new_visit(client, level="anatomy")
    answer = client.post(f"/staff/visits/{visit_id}/level", data={"level": level})
    assert answer.status_code == status
    assert row_of(house, visit_id).release_level == (level if status == 303 else "anatomy")


def test_a_nurse_does_not_take_back_what_a_doctor_opened(house: House, signed_in: SignedIn) -> None:
    doctor, nurse = signed_in("doctor"), signed_in("nurse")
    visit_id = new_visit(doctor, level="full")
    answer = nurse.post(f"/staff/visits/{visit_id}/level", data={"level": "hold"})
    assert answer.status_code == 403
    assert "release-level" not in nurse.get(f"/staff/visits/{visit_id}").text
    assert "release-level" in doctor.get(f"/staff/visits/{visit_id}").text


def test_pause_and_go_on(house: House, signed_in: SignedIn) -> None:
    nurse = signed_in("nurse")
    visit_id = new_visit(nurse)
    nurse.post(f"/staff/visits/{visit_id}/pause", data={"paused": "yes"})
    assert row_of(house, visit_id).paused
    nurse.post(f"/staff/visits/{visit_id}/pause", data={"paused": "no"})
    assert not row_of(house, visit_id).paused


def test_a_close_can_be_taken_back_and_then_everything_goes(
    house: House, signed_in: SignedIn
) -> None:
    nurse = signed_in("nurse")
    visit_id = new_visit(nurse)
    nurse.post(f"/staff/visits/{visit_id}/close")
    assert row_of(house, visit_id).closed_at is not None
    nurse.post(f"/staff/visits/{visit_id}/reopen")
    assert row_of(house, visit_id).closed_at is None
    nurse.post(f"/staff/visits/{visit_id}/close")
    assert purge(house) == 0
    with house.sessions() as session, session.begin():
        visit = session.get(Visit, visit_id)
        assert visit is not None
        visit.closed_at = now() - visits.UNDO_CLOSE * 1.01
    late = nurse.post(f"/staff/visits/{visit_id}/reopen")
    assert late.headers["location"].endswith("done=too_late")
    assert purge(house) == 1
    assert nurse.get(f"/staff/visits/{visit_id}").status_code == 404


def test_an_erased_visit_and_one_that_never_was_look_alike(
    house: House, signed_in: SignedIn
) -> None:
    nurse = signed_in("nurse")
    visit_id = new_visit(nurse)
    nurse.post(f"/staff/visits/{visit_id}/erase")
    erased, never = (nurse.get(f"/staff/visits/{one}") for one in (visit_id, "0" * 32))
    assert erased.status_code == never.status_code == 404
    assert erased.text.replace(visit_id, "0" * 32) == never.text


def test_a_delivered_dicom_leaves_no_name_outside_its_envelope(
    house: House, signed_in: SignedIn
) -> None:
    nurse = signed_in("nurse")
    visit_id = new_visit(nurse)
    path = Path(str(get_testdata_file("CT_small.dcm")))
    file = {"file": ("CT_small.dcm", path.read_bytes())}
    answer = nurse.post(f"/staff/visits/{visit_id}/scans", files=file)
    assert answer.headers["location"] == f"/staff/visits/{visit_id}"
    with house.sessions() as session:
        opened = visits.opened(session, house.master, visit_id)
        assert opened is not None
        scan = scans.all_of_visit(session, visit_id)[0]
        facts = scans.facts_of(opened, scan)
        envelope = session.get(FilingEnvelope, scan.scan_id)
        assert envelope is not None
        context = f"filing_envelopes.identifiers:{scan.scan_id}"
        sealed = opened.vault.open_json(envelope.identifiers, context)
    named = pydicom.dcmread(path)
    assert sealed["PatientID"] == str(named.PatientID)
    assert facts.modality == "CT"
    assert str(named.PatientID) not in str(facts)
    page = nurse.get(f"/staff/visits/{visit_id}").text
    assert str(named.PatientID) not in page
    assert str(named.PatientName) not in page


def file_of_patient(patient: str) -> bytes:
    dataset = pydicom.dcmread(str(get_testdata_file("CT_small.dcm")))
    dataset.PatientID = patient
    dataset.SeriesInstanceUID, dataset.SOPInstanceUID = generate_uid(), generate_uid()
    target = io.BytesIO()
    dataset.save_as(target)
    return target.getvalue()


def refusal(nurse: TestClient, visit_id: str, file: bytes, **typed: str) -> str:
    """Attach a file; the key of the refusal, empty where it was taken."""
    address = f"/staff/visits/{visit_id}"
    answer = nurse.post(f"{address}/scans", files={"file": file}, data=typed)
    return str(answer.headers["location"]).removeprefix(address).removeprefix("?refused=")


def test_another_patients_file_needs_the_tick_and_the_number_of_these_pictures(
    house: House, signed_in: SignedIn
) -> None:
    nurse = signed_in("nurse")
    visit_id, other = new_visit(nurse), file_of_patient("B-2")
    for _ in range(2):
        assert refusal(nurse, visit_id, file_of_patient("A-1")) == ""
    assert refusal(nurse, visit_id, other) == "other_patient"
    page = nurse.get(f"/staff/visits/{visit_id}?refused=other_patient").text
    assert "another patient" in page
    assert 'data-testid="staff-scan-patient"' in page
    assert refusal(nurse, visit_id, other, is_checked="yes") == "other_patient"
    assert refusal(nurse, visit_id, other, patient_id="B-2") == "other_patient"
    ticked = {"is_checked": "yes"}
    assert refusal(nurse, visit_id, other, patient_id="A-1", **ticked) == "mismatch"
    assert "not the one" in nurse.get(f"/staff/visits/{visit_id}?refused=mismatch").text
    with house.sessions() as session:
        assert len(scans.all_of_visit(session, visit_id)) == 2
    assert refusal(nurse, visit_id, other, patient_id="B-2", **ticked) == ""
    with house.sessions() as session:
        assert len(scans.all_of_visit(session, visit_id)) == 3


def test_two_patients_in_one_upload_are_never_taken(house: House, signed_in: SignedIn) -> None:
    nurse = signed_in("nurse")
    visit_id = new_visit(nurse)
    both = zip_of({"one": file_of_patient("A-1"), "two": file_of_patient("B-2")})
    for typed in ({}, {"is_checked": "yes", "patient_id": "A-1"}):
        assert refusal(nurse, visit_id, both, **typed) == "two_patients"
    with house.sessions() as session:
        assert scans.all_of_visit(session, visit_id) == []


def test_a_file_of_somebody_else_than_the_visit_expects_stops(
    house: House, signed_in: SignedIn
) -> None:
    nurse = signed_in("nurse")
    visit_id = new_visit(nurse)
    nurse.post(f"/staff/visits/{visit_id}/expected", data={"patient_id": "A-1"})
    assert refusal(nurse, visit_id, file_of_patient("B-2")) == "other_patient"
    assert refusal(nurse, visit_id, file_of_patient("A-1")) == ""


@pytest.mark.parametrize(
    ("data", "reason"),
    [(b"", "empty"), (b"hello", "not_a_picture"), (b"%PDF-1.7 nothing", "pdf")],
)
def test_a_bad_file_is_refused_with_a_sentence_and_nothing_is_kept(
    house: House, signed_in: SignedIn, data: bytes, reason: str
) -> None:
    nurse = signed_in("nurse")
    visit_id = new_visit(nurse)
    answer = nurse.post(f"/staff/visits/{visit_id}/scans", files={"file": ("x", data)})
    assert answer.headers["location"] == f"/staff/visits/{visit_id}?refused={reason}"
    assert 'data-testid="error"' in nurse.get(answer.headers["location"]).text
    with house.sessions() as session:
        assert scans.all_of_visit(session, visit_id) == []


def test_a_delivered_picture_is_shown_to_staff(house: House, signed_in: SignedIn) -> None:
    nurse = signed_in("nurse")
    visit_id = new_visit(nurse)
    nurse.post(f"/staff/visits/{visit_id}/scans", files={"file": ("x.png", png_bytes())})
    with house.sessions() as session:
        scan_id = scans.all_of_visit(session, visit_id)[0].scan_id
    shown = nurse.get(f"/staff/visits/{visit_id}/scans/{scan_id}.png")
    assert Image.open(io.BytesIO(shown.content)).size == (256, 256)
    other = new_visit(nurse)
    assert nurse.get(f"/staff/visits/{other}/scans/{scan_id}.png").status_code == 404


def test_every_act_on_a_visit_is_an_event(house: House, signed_in: SignedIn) -> None:
    nurse = signed_in("nurse")
    visit_id = new_visit(nurse)
    nurse.get(f"/staff/visits/{visit_id}")
    nurse.post(f"/staff/visits/{visit_id}/level", data={"level": "hold"})
    nurse.post(f"/staff/visits/{visit_id}/pause", data={"paused": "yes"})
    nurse.post(f"/staff/visits/{visit_id}/close")
    nurse.post(f"/staff/visits/{visit_id}/erase")
    with house.sessions() as session:
        events = [e for e in audit.latest(session) if e.subject == visit_id]
        assert [e.action for e in reversed(events)] == [
            "visit.open",
            "visit.read",
            "visit.level.hold",
            "visit.pause",
            "visit.close",
            "visit.erase",
        ]
        assert {e.actor for e in events} == {"Nina"}
        assert audit.first_broken(session) is None
