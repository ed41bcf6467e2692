"""STOW-RS: who may, what it answers, what it refuses, and Orthanc as a real sender."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.testclient import TestClient

from app.deps import House
from app.intake.related import MAX_PARTS, BadBody, RelatedParser, boundary_of
from app.storage import tokens
from tests.app.delivery.waiting_room import (
    arrivals_in,
    delivered_series,
    scans_in,
    statuses,
    until,
    visit_for,
)
from tests.dicom_peers import DELIVERED, orthanc
from tests.running_server import running_server

RELATED = 'multipart/related; type="application/dicom"; boundary=XX'


def body_of(files: list[bytes], kind: str = "application/dicom") -> bytes:
    parts = [b"--XX\r\nContent-Type: " + kind.encode() + b"\r\n\r\n" + one for one in files]
    return b"\r\n".join([*parts, b"--XX--\r\n"])


def token(house: House, scope: str = "stow") -> str:
    with house.sessions() as session, session.begin():
        return tokens.add(session, house.master, f"pacs-{scope}", scope)


@pytest.fixture
def machine(house: House, anybody: Callable[[], TestClient]) -> TestClient:
    client = anybody()
    client.headers |= {"Authorization": f"Bearer {token(house)}", "Content-Type": RELATED}
    return client


def test_stored_instances_are_named_and_end_under_their_visit(
    house: House, machine: TestClient
) -> None:
    opened = visit_for(house, accession=DELIVERED["AccessionNumber"])
    answer = machine.post("/dicom-web/studies", content=body_of(delivered_series(3)))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/dicom+json"
    assert [len(answer.json()[tag]["Value"]) for tag in ("00081199",)] == [3]
    assert "00081198" not in answer.json()
    until(house, lambda: statuses(house) == ["attached"])
    assert [scan.slice_count for scan in scans_in(house, opened)] == [3]


def test_what_cannot_be_kept_is_named_with_its_reason(machine: TestClient) -> None:
    mixed = [*delivered_series(1), b"no DICOM at all"]
    answer = machine.post("/dicom-web/studies", content=body_of(mixed))
    assert answer.status_code == 202
    assert answer.json()["00081198"]["Value"][0]["00081197"]["Value"] == [0xC000]
    answer = machine.post("/dicom-web/studies/1.2.3", content=body_of(delivered_series(1)))
    assert answer.status_code == 409
    failed = answer.json()["00081198"]["Value"][0]
    assert failed["00081197"]["Value"] == [0xA900]
    assert failed["00081155"]["Value"][0]


@pytest.mark.parametrize(
    ("headers", "content", "status"),
    [
        ({"Authorization": ""}, body_of([b"x"]), 401),
        ({"Authorization": "Bearer made-up"}, body_of([b"x"]), 401),
        ({"Authorization": "Basic YTpi"}, body_of([b"x"]), 401),
        ({"Content-Type": "application/dicom"}, b"x", 415),
        ({"Content-Type": "multipart/form-data; boundary=XX"}, body_of([b"x"]), 415),
        ({"Content-Type": 'multipart/related; type="image/png"; boundary=XX'}, b"", 415),
        ({"Content-Encoding": "gzip"}, b"x", 415),
        ({"Content-Type": "multipart/related"}, body_of([b"x"]), 400),
        ({"Content-Type": f"multipart/related; boundary={'X' * 201}"}, body_of([b"x"]), 400),
        ({}, body_of([b"x"], "image/png"), 415),
        ({}, body_of([b"x"])[:-10], 400),
        ({}, b"--XX--\r\n", 400),
        ({}, b"", 400),
        ({"Origin": "https://evil.example"}, body_of([b"x"]), 403),
        ({"Sec-Fetch-Site": "cross-site"}, body_of([b"x"]), 403),
    ],
)
def test_bad_requests_have_their_status_and_leave_nothing(
    house: House, machine: TestClient, headers: dict[str, str], content: bytes, status: int
) -> None:
    answer = machine.post("/dicom-web/studies", content=content, headers=headers)
    assert answer.status_code == status
    assert arrivals_in(house) == []


def test_a_token_of_another_scope_and_a_staff_cookie_deliver_nothing(
    house: House, machine: TestClient, signed_in: Callable[[str], TestClient]
) -> None:
    other = {"Authorization": f"Bearer {token(house, 'metrics')}"}
    content = body_of(delivered_series(1))
    assert machine.post("/dicom-web/studies", content=content, headers=other).status_code == 403
    staff = signed_in("admin").post(
        "/dicom-web/studies", content=content, headers={"Content-Type": RELATED}
    )
    assert staff.status_code == 401
    assert machine.get("/dicom-web/studies").status_code == 405


def test_a_part_and_a_body_beyond_the_bound_are_refused(
    house: House, machine: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.intake.limits import Limits

    monkeypatch.setattr(Limits, "max_bytes", 10_000)
    large = body_of([bytes(20_000)])
    assert machine.post("/dicom-web/studies", content=large).status_code == 413
    length = {"Content-Length": str(2**63)}
    assert machine.post("/dicom-web/studies", content=b"x", headers=length).status_code == 413
    assert arrivals_in(house) == []


def test_the_parser_gives_the_same_parts_however_the_bytes_come() -> None:
    files = [bytes(range(256)) * 3, b"\r\n--XY\r\n", b"", b"--XX-"]
    body = body_of(files)
    for step in (1, 7, 64, len(body)):
        parser = RelatedParser(boundary_of(RELATED), 10_000)
        found: list[bytes] = []
        for at in range(0, len(body), step):
            found += parser.feed(body[at : at + step])
        assert found == files
        assert parser.ended


def test_the_number_of_parts_is_bounded() -> None:
    parser = RelatedParser("XX", 10)
    for _ in range(MAX_PARTS):
        parser.feed(b"--XX\r\n\r\nx\r\n")
    with pytest.raises(BadBody, match="413"):
        parser.feed(b"--XX\r\n\r\nx\r\n--XX")


@pytest.mark.torch
def test_orthanc_pushes_by_c_store_and_by_stow_to_a_real_server(
    house: House, port: int, tmp_path: Path, compact_model: Path
) -> None:
    secret, data_dir = token(house), house.settings.data_dir
    by_store = visit_for(house, patient_id=DELIVERED["PatientID"])
    by_stow = visit_for(house, patient_id="MRN-OTHER")
    second: dict[str, Any] = {
        "PatientID": "MRN-OTHER",
        "StudyInstanceUID": "1.2.826.0.1.3680043.10.999.7",
        "SeriesInstanceUID": "1.2.826.0.1.3680043.10.999.8",
        "AccessionNumber": "ACC-9",
    }
    with running_server(data_dir, dicom_quiet_seconds="1") as server:
        web = {
            "Url": f"{server.address}/dicom-web/",
            "HttpHeaders": {"Authorization": f"Bearer {secret}"},
        }
        modalities: dict[str, list[object]] = {"anteroom": ["ANTEROOM", "127.0.0.1", port]}
        with orthanc(tmp_path / "pacs", modalities=modalities, servers={"web": web}) as pacs:
            first_ids = [pacs.upload(one) for one in delivered_series(4)]
            second_ids = [pacs.upload(one) for one in delivered_series(4, **second)]
            assert pacs.store("anteroom", first_ids).status_code != 200, "ORTHANC is unknown"
            _know_orthanc(house)
            assert pacs.store("anteroom", first_ids).status_code == 200
            assert pacs.stow("web", second_ids).status_code == 200
        end = time.monotonic() + 90
        while statuses(house) != ["attached", "attached"] and time.monotonic() < end:
            time.sleep(0.3)
        for opened in (by_store, by_stow):
            assert [one.slice_count for one in scans_in(house, opened)] == [4]
        assert httpx.get(f"{server.address}/healthz").status_code == 200


def _know_orthanc(house: House) -> None:
    from app.storage import peers
    from app.storage.peers import Said

    with house.sessions() as session, session.begin():
        peers.add(session, house.master, Said("PACS", "ORTHANC", "127.0.0.1", delivers=True))
