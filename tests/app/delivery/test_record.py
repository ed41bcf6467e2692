"""Back to the record: released reports and marked parts, to a real Orthanc, and never before."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.uid import EncapsulatedPDFStorage, SegmentationStorage

from app.delivery.sending import send_outbound
from app.deps import House
from app.storage import outbound, peers, scans, visits
from app.storage.peers import Said
from app.storage.scans import Look, StoredRegion
from app.storage.tables import Outbound, now
from app.storage.visits import OpenedVisit
from tests.app.delivery.test_matching import deliver
from tests.app.delivery.waiting_room import (
    delivered_series,
    scans_in,
    statuses,
    until,
    visit_for,
)
from tests.app.staff.cast import SignedIn
from tests.dicom_peers import DELIVERED, Orthanc, orthanc

SQUARE = "M20 30L60 30 60 70 20 70Z"
TAKES = {"takes_reports": True, "takes_segmentations": True}


@pytest.fixture
def visit(house: House) -> OpenedVisit:
    """A visit with a delivered CT of six slices, looked at, the liver marked."""
    opened = visit_for(house, patient_id=DELIVERED["PatientID"])
    deliver(house, delivered_series(6))
    until(house, lambda: statuses(house) == ["attached"])
    (scan,) = scans_in(house, opened)
    look = Look("CT", "axial", "abdomen", True, model_sha256="ab" * 32)
    region = StoredRegion("liver", (0.2, 0.1, 0.6, 0.5), SQUARE, (40.0, 50.0), 0.1)
    with house.sessions() as session, session.begin():
        scan = session.merge(scan)
        scans.store_look(session, opened, scan, look, [region])
    return opened


@pytest.fixture
def pacs(tmp_path: Path) -> Iterator[Orthanc]:
    with orthanc(tmp_path / "pacs") as running:
        yield running


def add_peer(house: House, **said: Any) -> None:
    with house.sessions() as session, session.begin():
        peers.add(session, house.master, Said("PACS", **TAKES | said))


def rows(house: House) -> list[tuple[str, str, str | None]]:
    with house.sessions() as session:
        return sorted((one.what, one.status, one.failure) for one in outbound.newest(session))


def set_level(signed_in: SignedIn, visit: OpenedVisit, level: str) -> None:
    bob = signed_in("doctor")
    answer = bob.post(f"/staff/visits/{visit.visit.visit_id}/level", data={"level": level})
    assert answer.status_code == 303


@pytest.mark.parametrize("way", ["dicom", "stow"])
def test_orthanc_holds_report_and_parts_after_release_and_nothing_before(
    house: House, visit: OpenedVisit, pacs: Orthanc, signed_in: SignedIn, way: str
) -> None:
    if way == "dicom":
        add_peer(house, ae_title="ORTHANC", host="127.0.0.1", port=pacs.dicom_port)
    else:
        add_peer(house, url=f"{pacs.http}/dicom-web")
    for level in ("hold", "anatomy", "guarded"):
        set_level(signed_in, visit, level)
        assert send_outbound(house) == 0
    bob = signed_in("doctor")
    bob.post(f"/staff/visits/{visit.visit.visit_id}/record")
    assert send_outbound(house) == 0
    assert (pacs.instances(), rows(house)) == ([], [])
    set_level(signed_in, visit, "full")
    assert send_outbound(house) == 2
    assert rows(house) == [("report", "sent", None), ("segmentation", "sent", None)]
    held = {one.SOPClassUID: one for one in map(_read, map(pacs.file, pacs.instances()))}
    assert set(held) == {EncapsulatedPDFStorage, SegmentationStorage}
    _check_report(held[EncapsulatedPDFStorage])
    _check_segmentation(held[SegmentationStorage])
    page = bob.get(f"/staff/visits/{visit.visit.visit_id}").text
    assert page.count('data-testid="outbound-row"') == 2


def _read(data: bytes) -> Any:
    return dcmread(BytesIO(data))


def _check_report(made: Any) -> None:
    for keyword in ("PatientID", "PatientName", "AccessionNumber", "StudyInstanceUID"):
        assert str(made.get(keyword)) == DELIVERED[keyword]
    pdf = made.EncapsulatedDocument[: made.EncapsulatedDocumentLength]
    assert pdf.startswith(b"%PDF-")
    assert made.MIMETypeOfEncapsulatedDocument == "application/pdf"


def _check_segmentation(made: Any) -> None:
    source = next(
        one
        for one in map(_read, delivered_series(6))
        if one.ImagePositionPatient == _position(made)
    )
    (segment,) = made.SegmentSequence
    kind = segment.SegmentedPropertyTypeCodeSequence[0]
    assert (kind.CodeValue, kind.CodingSchemeDesignator) == ("10200004", "SCT")
    assert made.FrameOfReferenceUID == DELIVERED["FrameOfReferenceUID"]
    assert (made.Rows, made.Columns) == (source.Rows, source.Columns)
    wanted = np.zeros((128, 128), dtype=bool)
    wanted[30:70, 20:60] = True
    assert (np.squeeze(made.pixel_array).astype(bool) == wanted).all()


def _position(made: Any) -> Any:
    return made.PerFrameFunctionalGroupsSequence[0].PlanePositionSequence[0].ImagePositionPatient


def test_a_machine_that_is_down_is_tried_again_with_pauses_and_the_same_object(
    house: House, visit: OpenedVisit, signed_in: SignedIn
) -> None:
    add_peer(house, ae_title="ORTHANC", host="127.0.0.1", port=9, takes_segmentations=False)
    set_level(signed_in, visit, "full")
    seen = []
    for _ in range(outbound.MAX_ATTEMPTS):
        assert send_outbound(house) == 0
        with house.sessions() as session, session.begin():
            (row,) = outbound.newest(session)
            seen.append(house.blobs.get(outbound.blob_name(row)))
            pause = row.next_try_at - now()
            assert row.status == "failed" or pause.total_seconds() > 5 * 2 ** (row.attempts - 1)
            row.next_try_at = now()
    assert rows(house) == [("report", "failed", "unreachable")]
    assert len(set(seen)) == 1
    signed_in("doctor").post(f"/staff/visits/{visit.visit.visit_id}/record")
    assert rows(house) == [("report", "queued", None)]


@pytest.mark.parametrize("act", ["level", "pause"])
def test_what_is_taken_back_before_it_left_is_held(
    house: House, visit: OpenedVisit, pacs: Orthanc, signed_in: SignedIn, act: str
) -> None:
    add_peer(house, ae_title="ORTHANC", host="127.0.0.1", port=pacs.dicom_port)
    set_level(signed_in, visit, "full")
    if act == "level":
        set_level(signed_in, visit, "guarded")
    else:
        address = f"/staff/visits/{visit.visit.visit_id}/pause"
        signed_in("doctor").post(address, data={"paused": "yes"})
    assert send_outbound(house) == 0
    assert {status for _, status, _ in rows(house)} == {"held"}
    assert pacs.instances() == []


def test_wrong_titles_and_unknown_machines_have_their_names(
    house: House, visit: OpenedVisit, port: int, signed_in: SignedIn
) -> None:
    add_peer(house, ae_title="WRONG", host="127.0.0.1", port=port)
    set_level(signed_in, visit, "full")
    send_outbound(house)
    assert {failure for _, _, failure in rows(house)} == {"rejected"}


def test_an_uploaded_picture_has_no_record_to_go_to(
    house: House, pacs: Orthanc, signed_in: SignedIn
) -> None:
    add_peer(house, ae_title="ORTHANC", host="127.0.0.1", port=pacs.dicom_port)
    set_level(signed_in, visit_for(house), "full")
    assert send_outbound(house) == 0
    assert rows(house) == []


def test_erasing_the_visit_erases_what_waits_to_be_sent(
    house: House, visit: OpenedVisit, signed_in: SignedIn
) -> None:
    add_peer(house, ae_title="ORTHANC", host="127.0.0.1", port=9)
    set_level(signed_in, visit, "full")
    send_outbound(house)
    with house.sessions() as session, session.begin():
        visits.erase(session, house.blobs, visit.visit.visit_id)
    with house.sessions() as session:
        assert session.query(Outbound).count() == 0
    assert house.blobs.folders("visits") == []


def test_the_page_of_machines_says_what_is_wrong_and_asks_for_an_echo(
    house: House, pacs: Orthanc, signed_in: SignedIn
) -> None:
    carol = signed_in("admin")
    good = {"name": "Archive", "ae_title": "ORTHANC", "host": "127.0.0.1", "takes_reports": "yes"}
    wrong = (
        {"name": ""},
        {"ae_title": "A" * 8 + "\\"},
        {"host": "no host"},
        {"port": "0"},
        {"takes_reports": ""},
        {"url": "http://pacs.example/dicom-web"},
        {"name": "CT 1"},
    )
    for change in wrong:
        form = good | {"port": str(pacs.dicom_port)} | change
        assert carol.post("/staff/peers", data=form).status_code == 422, change
    form = good | {"port": str(pacs.dicom_port)}
    assert carol.post("/staff/peers", data=form).status_code == 303
    with house.sessions() as session:
        archive = peers.by_name(session, "Archive")
    assert archive is not None
    answer = carol.post(f"/staff/peers/{archive.peer_id}/echo")
    assert answer.headers["location"] == "/staff/peers?echo=good"
    assert "The machine answers." in carol.get(answer.headers["location"]).text
    assert carol.post(f"/staff/peers/{archive.peer_id}/remove").status_code == 303
    assert signed_in("nurse").get("/staff/peers").status_code == 403
