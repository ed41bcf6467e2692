"""Corrections by doctors: only with the patient's yes, without a name, read by `training`."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient

from app.analysis.outline import outline_paths
from app.deps import House
from app.main import make_app
from app.storage import audit, scans, visits
from app.storage.scans import Look, ScanFacts
from app.storage.visits import OpenedVisit
from app.training_folder import filled
from tests.app.staff.cast import SignedIn
from tests.builders import drawn_slice, png_bytes
from training.masks import anatomy_names
from training.own_folder import read_own_folder
from training.records import read_records

SQUARE = "50,50 150,50 150,150 50,150"
HERE = "/staff/corrections"


def arrive(house: House, *, teach: bool, look: Look | None = None, notes: str = "") -> OpenedVisit:
    """A visit whose patient agreed on the tablet, with a picture that was looked at."""
    with house.sessions() as session, session.begin():
        opened = visits.open_visit(session, house.master)
        facts = ScanFacts("0" * 64, 256, 256, "picture", notes=(notes,) if notes else ())
        data = png_bytes(drawn_slice(seed=len(visits.all_ids(session))))
        scan = scans.add_scan(session, house.blobs, opened, facts, data)
        session.flush()
        seen = look or Look("CT", "axial", "abdomen", True)
        scans.store_look(session, opened, scan, seen, [])
    patient = TestClient(make_app(house), follow_redirects=False)
    patient.post("/start", data={"code": visits.code_of(opened)})
    page = patient.get("/consent").text
    assert 'name="teach" value="yes" data-testid="consent-teach">' in page  # off by default
    patient.post("/consent", data={"consent": "yes"} | ({"teach": "yes"} if teach else {}))
    return opened


def scan_of(house: House, opened: OpenedVisit) -> str:
    with house.sessions() as session:
        return scans.all_of_visit(session, opened.visit.visit_id)[0].scan_id


def redraw(house: House, doctor: TestClient, opened: OpenedVisit) -> str:
    scan_id = scan_of(house, opened)
    address = f"/staff/visits/{opened.visit.visit_id}/scans/{scan_id}/regions"
    draw = {"act": "draw", "structure": "liver", "points": SQUARE}
    assert doctor.post(address, data=draw).status_code == 303
    return scan_id


def folder_of(house: House) -> Path:
    (folder,) = (house.settings.data_dir / "training").glob("corrections-*")
    return folder


def test_the_exported_folder_is_read_by_the_reader_of_training(
    house: House, signed_in: SignedIn
) -> None:
    doctor = signed_in("doctor")
    people = [arrive(house, teach=True) for _ in range(3)]
    ids = " ".join(redraw(house, doctor, one) for one in people)
    assert doctor.get(HERE).text.count("<li class=") == 3
    assert doctor.post(HERE, data={"scans": ids}).status_code == 422
    assert doctor.post(HERE, data={"scans": ids, "looked": "yes"}).status_code == 303
    folder = folder_of(house)
    records = read_records(folder)
    assert len(records) == 3
    assert {record.split for record in records} == {"train", "val"}
    assert {(r.modality, r.plane, r.region, r.partial) for r in records} == {
        ("CT", "axial", "abdomen", True)
    }
    names = anatomy_names(folder / "segmentation")
    assert names == list(house.catalogue.structures)
    number = names.index("liver") + 1
    for record in records:
        assert record.mask is not None
        mask = np.asarray(Image.open(record.mask))
        assert set(np.unique(mask)) == {0, number}
        assert 9_900 < (mask == number).sum() < 10_300
    own = read_own_folder(folder / "segmentation")
    assert len(own.of("train")) + len(own.of("val")) == 3
    assert all(("liver" in dict(one.questions).values()) for one in own.records)
    assert all(one.questions for one in records)
    asked = (folder / "segmentation" / "qa.jsonl").read_text().splitlines()
    assert {json.loads(line)["answer"] for line in asked} == {"CT", "axial", "abdomen", "liver"}


def test_nothing_in_the_folder_leads_to_a_person(house: House, signed_in: SignedIn) -> None:
    doctor, opened = signed_in("doctor"), arrive(house, teach=True)
    scan_id = redraw(house, doctor, opened)
    doctor.post(HERE, data={"scans": scan_id, "looked": "yes"})
    folder = folder_of(house)
    words = (opened.visit.visit_id, scan_id, "Bob", visits.code_of(opened), "drawn_by", "2026")
    for path in folder.rglob("*"):
        if path.is_file():
            data = path.read_bytes() + path.name.encode()
            assert not [word for word in words if word.encode() in data], path
        if path.suffix == ".png":
            assert Image.open(path).info == {}
    with house.sessions() as session:
        event = audit.latest(session, 1)[0]
        assert (event.actor, event.action, event.subject) == (
            "Bob",
            "training.export",
            f"{folder.name} 1",
        )


def test_without_a_yes_nothing_is_ready(house: House, signed_in: SignedIn) -> None:
    doctor, opened = signed_in("doctor"), arrive(house, teach=False)
    scan_id = redraw(house, doctor, opened)
    page = doctor.get(HERE).text
    assert '<dd data-testid="corrections-ready">0</dd>' in page
    assert "without a yes</dt><dd>1</dd>" in page
    answer = doctor.post(HERE, data={"scans": scan_id, "looked": "yes"})
    assert answer.status_code == 409
    assert "the patient has to have said yes" in answer.text
    assert not (house.settings.data_dir / "training").exists()


def test_a_yes_can_be_taken_back_until_it_is_used(house: House, signed_in: SignedIn) -> None:
    doctor, opened = signed_in("doctor"), arrive(house, teach=True)
    scan_id = redraw(house, doctor, opened)
    patient = TestClient(make_app(house), follow_redirects=False)
    patient.post("/start", data={"code": visits.code_of(opened)})
    assert 'data-testid="consent-teach" checked' in patient.get("/consent").text
    patient.post("/consent", data={"consent": "yes"})
    assert doctor.post(HERE, data={"scans": scan_id, "looked": "yes"}).status_code == 409


@pytest.mark.parametrize(
    ("look", "notes"),
    [
        (Look("CT", "axial", "abdomen", True), "burned_in_annotation"),
        (Look("other", "axial", "abdomen", True), ""),
        (Look("CT", "axial", "abdomen", False), ""),
    ],
    ids=("writing in the picture", "no known kind", "no scan"),
)
def test_what_must_not_be_taught_is_left_out_and_counted(
    house: House, signed_in: SignedIn, look: Look, notes: str
) -> None:
    doctor, opened = signed_in("doctor"), arrive(house, teach=True, look=look, notes=notes)
    redraw(house, doctor, opened)
    page = doctor.get(HERE).text
    assert '<dd data-testid="corrections-ready">0</dd>' in page
    assert "no known kind of scan</dt><dd>1</dd>" in page


def test_what_was_exported_is_not_offered_again(house: House, signed_in: SignedIn) -> None:
    doctor, opened = signed_in("doctor"), arrive(house, teach=True)
    form = {"scans": redraw(house, doctor, opened), "looked": "yes"}
    assert doctor.post(HERE, data=form).status_code == 303
    assert doctor.post(HERE, data=form).status_code == 409
    assert folder_of(house).name in doctor.get(HERE).text


def test_an_outline_is_filled_as_it_was_traced() -> None:
    rows, columns = np.mgrid[0:120, 0:160]
    ring = np.hypot(rows - 60, columns - 80)
    mask = (ring < 50) & (ring > 20)
    again = filled(outline_paths(mask), (160, 120))
    assert (again & mask).sum() / (again | mask).sum() > 0.95
