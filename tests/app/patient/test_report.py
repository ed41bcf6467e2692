"""The PDF over HTTP: made of what the page shows, and never saved on a tablet that stays."""

import time

import pytest
from starlette.requests import Request

from app.patient.access import find_tablet
from app.patient.report_page import chosen
from app.report.content import ReportContent
from app.storage import visits
from app.visit_report import released_pdf, report_content
from tests.app.patient.conftest import OpenHouse
from tests.app.patient.visitor import RAW, Visitor


def content(visitor: Visitor) -> ReportContent:
    """What would be printed for this visitor now."""
    cookies = "; ".join(f"{name}={value}" for name, value in visitor.client.cookies.items())
    scope = {"type": "http", "headers": [(b"cookie", cookies.encode())], "state": {}}
    with visitor.house.sessions() as session:
        tablet = find_tablet(Request(scope), visitor.house, session, is_use=False)
        assert tablet is not None
        return report_content(session, visitor.house, tablet.opened, tablet.language)


def test_the_link_answers_a_pdf_quickly(alice: Visitor) -> None:
    alice.ask("what")
    alice.let_time_pass()
    started = time.monotonic()
    answer = alice.client.get("/report.pdf")
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF-")
    assert time.monotonic() - started < 60


def test_the_paper_holds_what_the_page_shows(alice: Visitor) -> None:
    for kind in ("what", "might"):
        alice.ask(kind)
    alice.post("/questions", {"text": "What happens next?"})
    alice.work()
    alice.let_time_pass()
    known = content(alice)
    assert [turn.answer for turn in known.turns] == alice.text("answer")
    assert known.questions == ("What happens next?",)
    assert [part.key for part in known.scans[0].structures] == ["liver"]
    assert RAW not in repr(known)
    assert known.edition == "before"


@pytest.mark.parametrize(("level", "scans", "turns"), [("hold", 0, 0), ("anatomy", 1, 1)])
def test_a_lower_level_holds_for_the_paper_too(
    alice: Visitor, level: str, scans: int, turns: int
) -> None:
    for kind in ("what", "might"):
        alice.ask(kind)
    alice.work()
    alice.let_time_pass()
    alice.set_level(level)
    known = content(alice)
    assert (len(known.scans), len(known.turns)) == (scans, turns)


def test_a_tablet_that_stays_saves_no_file(open_copy: OpenHouse) -> None:
    alice = Visitor.of(open_copy(kiosk="1")).looked()
    assert "This tablet saves no files." in alice.html
    assert 'href="/report.pdf"' not in alice.html
    for path in ("/report.pdf", f"{alice.scan_path}/my-picture.png"):
        assert alice.client.get(path).status_code == 403
    assert alice.client.get("/report").status_code == 200


def test_a_patient_chooses_parts_and_larger_letters(alice: Visitor) -> None:
    assert alice.sees("report-chosen")
    known = content(alice)
    kept = chosen(known, ["words", "pictures", "made up"], large=True)
    assert kept.sections == ("pictures", "words")
    assert kept.style.large_print
    assert chosen(known, ["made up"], large=False).sections == known.sections
    answer = alice.client.get("/report.pdf?part=questions&large=1")
    assert answer.content.startswith(b"%PDF-")


def test_the_paper_for_the_record_exists_after_release_alone(alice: Visitor) -> None:
    made = {}
    for level in ("hold", "anatomy", "guarded", "full"):
        alice.set_level(level)
        with alice.house.sessions() as session:
            opened = visits.opened(session, alice.house.master, alice.opened.visit.visit_id)
            assert opened is not None
            made[level] = released_pdf(session, alice.house, opened)
    assert [level for level, pdf in made.items() if pdf] == ["full"]
    assert made["full"] is not None
    assert made["full"].startswith(b"%PDF-")
