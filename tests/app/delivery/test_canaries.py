"""A delivered file with a planted word in every attribute: found nowhere in plain form."""

from pathlib import Path

import pdfplumber
import pytest

from app.deps import House
from app.storage import scans
from app.storage.scans import Look
from tests.app.delivery.waiting_room import arrivals_in, scans_in, statuses, until, visit_for
from tests.app.intake.test_deidentify import CANARY, CANARY_DAY, CANARY_UID, planted_file
from tests.app.staff.cast import SignedIn
from tests.dicom_peers import listener, storescu

WORDS = (CANARY, CANARY_DAY, CANARY_UID, "57314")


def plain_words_under(folder: Path) -> set[tuple[str, str]]:
    """Which file holds which planted word."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    return {
        (path.name, word)
        for path in files
        for data in [path.read_bytes()]
        for word in WORDS
        if word.encode() in data or word.encode("utf-16-le") in data
    }


@pytest.fixture
def planted(tmp_path: Path) -> Path:
    folder = tmp_path / "scanner"
    folder.mkdir()
    path = folder / "planted.dcm"
    # dcmtk reads to the end, so the word behind the file stays away.
    path.write_bytes(planted_file().removesuffix(CANARY.encode()))
    assert path.read_bytes().count(CANARY.encode()) > 1000
    return path


def test_planted_words_are_neither_on_disk_nor_in_logs_nor_on_paper(
    house: House,
    planted: Path,
    tmp_path: Path,
    signed_in: SignedIn,
    capfd: pytest.CaptureFixture[str],
) -> None:
    data_dir, nina = house.settings.data_dir, signed_in("nurse")
    opened = visit_for(house)
    with listener(data_dir, dicom_quiet_seconds="1") as running:
        sent = storescu(running.port, [planted])
        assert sent.returncode == 0, sent.stderr
        refused = storescu(running.port, [planted], calling="STRANGER")
        assert refused.returncode != 0
    assert plain_words_under(data_dir) == set(), "while it waits"
    until(house, lambda: statuses(house) == ["waiting"])
    (arrival,) = arrivals_in(house)
    code = nina.get(f"/staff/visits/{opened.visit.visit_id}").text
    nina.get(f"/staff/arrivals/{arrival.arrival_id}")
    form = {"patient_id": CANARY, "study_date": "1957-03-14"}
    nina.post(f"/staff/visits/{opened.visit.visit_id}/expected", data=form)
    until(house, lambda: statuses(house) == ["attached"])
    (scan,) = scans_in(house, opened)
    with house.sessions() as session, session.begin():
        look = Look("CT", "axial", "chest", True)
        scans.store_look(session, opened, session.merge(scan), look, [])
    paper = nina.get(f"/staff/visits/{opened.visit.visit_id}/report.pdf")
    (tmp_path / "paper.pdf").write_bytes(paper.content)
    with pdfplumber.open(tmp_path / "paper.pdf") as pdf:
        printed = "".join(page.extract_text() for page in pdf.pages) + repr(pdf.metadata)
    written = capfd.readouterr()
    logs = running.log.read_text() + written.out + written.err
    pages = code + nina.get(f"/staff/visits/{opened.visit.visit_id}").text
    assert "dicom_refused" in logs
    for word in WORDS:
        assert word not in printed + logs + pages, word
    assert plain_words_under(data_dir) == set(), "under its visit"
