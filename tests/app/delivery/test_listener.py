"""The door for DICOM, knocked at by dcmtk's own programs and by worse callers."""

import socket
import struct
import time
from contextlib import suppress
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pynetdicom import AE
from pynetdicom.sop_class import CTImageStorage

from app.delivery import inbox
from app.delivery.listen import make_door
from app.deps import House
from app.intake.delivered import TRANSFER_SYNTAXES
from app.intake.listener import Bounds, contexts
from app.storage import arrivals, peers
from app.storage.peers import Said
from tests.app.delivery.waiting_room import (
    arrivals_in,
    delivered_series,
    scans_in,
    statuses,
    until,
    visit_for,
)
from tests.app.intake.made_files import file_of, shipped
from tests.dicom_peers import DELIVERED, echoscu, listener, storescu, write_files


def test_a_series_from_a_known_scanner_ends_as_a_scan_under_its_visit(
    house: House, port: int, tmp_path: Path
) -> None:
    opened = visit_for(house, patient_id=DELIVERED["PatientID"])
    sent = storescu(port, write_files(tmp_path / "ct", delivered_series(5)))
    assert sent.returncode == 0, sent.stderr
    until(house, lambda: statuses(house) == ["attached"])
    (scan,) = scans_in(house, opened)
    assert (scan.slice_count, scan.slices_stored, scan.storing) == (5, 5, "done")


@pytest.mark.parametrize(
    ("called", "calling"), [("WRONG", "CT1"), ("ANTEROOM", "STRANGER"), ("anteroom", "CT1")]
)
def test_wrong_titles_are_turned_away(
    house: House, port: int, tmp_path: Path, called: str, calling: str
) -> None:
    files = write_files(tmp_path / "ct", delivered_series(1))
    sent = storescu(port, files, called=called, calling=calling)
    assert sent.returncode != 0
    assert "Rejected" in sent.stderr
    assert echoscu(port, called=called, calling=calling) != 0
    assert arrivals_in(house) == []


def test_echo_answers_a_known_scanner(port: int) -> None:
    assert echoscu(port) == 0


def test_a_known_title_from_another_address_is_turned_away(house: House, port: int) -> None:
    with house.sessions() as session, session.begin():
        peers.add(session, house.master, Said("CT 2", "CT2", host="192.0.2.7", delivers=True))
        peers.add(session, house.master, Said("CT 3", "CT3", host="127.0.0.1", delivers=True))
        peers.add(session, house.master, Said("PACS", "PACS", host="127.0.0.1", takes_reports=True))
    assert echoscu(port, calling="CT2") != 0
    assert echoscu(port, calling="CT3") == 0
    assert echoscu(port, calling="PACS") != 0


def test_every_storage_class_and_readable_syntax_is_offered() -> None:
    offered = contexts()
    assert len(offered) > 150
    assert all(set(one.transfer_syntax) == set(TRANSFER_SYNTAXES) for one in offered[1:])


@pytest.mark.parametrize(
    ("name", "option"),
    [
        ("SC_rgb_jpeg_gdcm.dcm", "-xx"),
        ("MR_small_jp2klossless.dcm", "-xv"),
        ("MR_small_RLE.dcm", "-xr"),
    ],
)
def test_packed_pictures_are_kept_as_they_were_packed(
    house: House, port: int, tmp_path: Path, name: str, option: str
) -> None:
    path = get_testdata_file(name, download=False)
    if path is None:
        pytest.skip(f"{name} is not in this pydicom")
    data = dcmread(path)
    data.StudyInstanceUID = data.get("StudyInstanceUID") or DELIVERED["StudyInstanceUID"]
    (tmp_path / "one.dcm").write_bytes(file_of(data))
    syntax = str(data.file_meta.TransferSyntaxUID)
    sent = _send_with_pynetdicom(port, [tmp_path / "one.dcm"], syntax)
    assert sent == [0x0000], option
    assert [one.pictures for one in arrivals_in(house)] == [1]


def _send_with_pynetdicom(port: int, files: list[Path], syntax: str) -> list[int]:
    entity = AE(ae_title="CT1")
    first = dcmread(files[0])
    entity.add_requested_context(first.SOPClassUID, syntax)
    assoc = entity.associate("127.0.0.1", port, ae_title="ANTEROOM")
    assert assoc.is_established
    statuses = []
    for path in files:
        answer = assoc.send_c_store(dcmread(path))
        statuses.append(answer.get("Status", -1))
    if assoc.is_established:
        assoc.release()
    return statuses


def test_refusals_have_their_status(
    house: House, port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nameless = dcmread(write_files(tmp_path / "a", delivered_series(1))[0])
    nameless.StudyInstanceUID = ""
    (tmp_path / "nameless.dcm").write_bytes(file_of(nameless))
    syntax = str(nameless.file_meta.TransferSyntaxUID)
    assert _send_with_pynetdicom(port, [tmp_path / "nameless.dcm"], syntax) == [0xC000]
    monkeypatch.setattr(inbox, "DISK_FLOOR", 2**60)
    assert _send_with_pynetdicom(port, [tmp_path / "a" / "0000.dcm"], syntax) == [0xA700]
    assert arrivals_in(house) == []


def test_an_instance_beyond_the_bound_ends_the_association(house: House, tmp_path: Path) -> None:
    door = make_door(house, bounds=Bounds(instance_bytes=20_000, pdu_bytes=20_000))
    port = door.open("127.0.0.1", 0)
    try:
        files = write_files(tmp_path / "big", delivered_series(1, size=512))
        syntax = str(dcmread(files[0]).file_meta.TransferSyntaxUID)
        assert _send_with_pynetdicom(port, files, syntax) != [0x0000]
        small = write_files(tmp_path / "small", delivered_series(1, size=64))
        assert _send_with_pynetdicom(port, small, syntax) == [0x0000]
    finally:
        door.close()


def test_a_packet_that_claims_four_gigabytes_is_not_waited_for(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as stranger:
        stranger.sendall(struct.pack(">BBL", 1, 0, 0xFFFFFFFF) + b"x" * 1000)
        stranger.settimeout(10)
        try:
            said = stranger.recv(1000)
        except ConnectionResetError:
            said = b""
        assert said[:1] in (b"", b"\x07")  # closed, or an abort
    assert echoscu(port) == 0


def test_more_callers_than_places_are_told_so(house: House) -> None:
    door = make_door(house, bounds=Bounds(associations=2, connections=8))
    port = door.open("127.0.0.1", 0)
    entity = AE(ae_title="CT1")
    entity.add_requested_context(CTImageStorage)
    held = [entity.associate("127.0.0.1", port, ae_title="ANTEROOM") for _ in range(3)]
    try:
        assert [one.is_established for one in held] == [True, True, False]
        assert held[2].is_rejected
    finally:
        for one in held:
            if one.is_established:
                one.release()
        door.close()


def test_a_transfer_that_broke_off_waits_for_staff_and_is_never_attached_by_itself(
    house: House, port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = visit_for(house, patient_id=DELIVERED["PatientID"])
    files = write_files(tmp_path / "ct", delivered_series(4))
    entity = AE(ae_title="CT1")
    first = dcmread(files[0])
    entity.add_requested_context(first.SOPClassUID, str(first.file_meta.TransferSyntaxUID))
    assoc = entity.associate("127.0.0.1", port, ae_title="ANTEROOM")
    assert assoc.send_c_store(first).Status == 0
    assoc.abort()
    time.sleep(1.5)
    until(house, lambda: statuses(house) == ["arriving"])
    assert storescu(port, files).returncode == 0, "the scanner sends all of it again"
    until(house, lambda: statuses(house) == ["attached"])
    assert scans_in(house, opened)[0].slice_count == 4


def test_what_never_comes_again_is_shown_to_staff_as_cut_short(
    house: House, port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = visit_for(house, patient_id=DELIVERED["PatientID"])
    path = write_files(tmp_path / "ct", delivered_series(2))[0]
    kept = inbox.keep(house, "CT1", path.read_bytes())
    inbox.finish(house, [kept.arrival_id], in_order=False)
    monkeypatch.setattr(arrivals, "PATIENCE", arrivals.PATIENCE * 0)
    until(house, lambda: statuses(house) == ["waiting"])
    assert arrivals_in(house)[0].reason == "cut_short"
    assert scans_in(house, opened) == []


def test_kill_9_in_the_middle_loses_no_acknowledged_picture(house: House, tmp_path: Path) -> None:
    opened = visit_for(house, accession=DELIVERED["AccessionNumber"])
    files = write_files(tmp_path / "ct", delivered_series(30))
    syntax = str(dcmread(files[0]).file_meta.TransferSyntaxUID)
    with listener(house.settings.data_dir, dicom_quiet_seconds="1") as running:
        entity = AE(ae_title="CT1")
        entity.add_requested_context(CTImageStorage, syntax)
        assoc = entity.associate("127.0.0.1", running.port, ae_title="ANTEROOM")
        acknowledged = 0
        for path in files:
            if acknowledged == 11:
                running.kill()
            with suppress(RuntimeError):  # the association is gone
                acknowledged += assoc.send_c_store(dcmread(path)).get("Status") == 0
        assert acknowledged == 11
    (arrival,) = arrivals_in(house)
    assert arrival.pictures == 11
    names = house.blobs.names(f"arrivals/{arrival.arrival_id}")
    assert len(names) >= 11
    time.sleep(1.5)
    until(house, lambda: statuses(house) == ["arriving"])
    assert scans_in(house, opened) == [], "no half scan"
    with listener(house.settings.data_dir, dicom_quiet_seconds="1") as again:
        assert storescu(again.port, files).returncode == 0
    until(house, lambda: statuses(house) == ["attached"])
    assert [scan.slice_count for scan in scans_in(house, opened)] == [30]


def test_a_file_of_pydicom_without_a_patient_waits_for_staff(house: House) -> None:
    kept = inbox.keep(house, "CT1", shipped("CT_small.dcm"))
    inbox.finish(house, [kept.arrival_id], in_order=True)
    until(house, lambda: statuses(house) == ["waiting"])
    (arrival,) = arrivals_in(house)
    assert (arrival.visit_id, arrival.pictures, arrival.reason) == (None, 1, None)


def test_a_real_series_goes_under_its_visit(house: House, port: int, data_folder: Path) -> None:
    files = sorted((data_folder / "dicom" / "series-ct-head").glob("*.dcm"))
    opened = visit_for(house)
    sent = storescu(port, files)
    assert sent.returncode == 0, sent.stderr
    until(house, lambda: statuses(house) in (["waiting"], ["attached"]))
    arrival = arrivals_in(house)[0]
    if arrival.status == "waiting":
        with house.sessions() as session, session.begin():
            assert arrivals.match(session, arrival.arrival_id, opened.visit.visit_id, "Nina")
    until(house, lambda: statuses(house) == ["attached"])
    assert sum(scan.slice_count for scan in scans_in(house, opened)) == len(files)
