import io

import numpy as np
import pdfplumber
import pytest

from app.analysis.overlay import anchor_point, outline_paths
from app.deps import House
from app.storage import alerts, audit, notes, questions, scans, slices, turns, visits
from app.storage.scans import Look, ScanFacts, StoredRegion
from app.storage.turns import Answered, Asked
from tests.app.staff.cast import SignedIn, heard
from tests.builders import png_bytes

RAW = "a large unverified mass"
QUESTION = "What is <script>alert(1)</script> the white part?"


@pytest.fixture
def visit_id(house: House) -> str:
    mask = np.zeros((256, 256), dtype=bool)
    mask[60:120, 40:150] = True
    liver = StoredRegion(
        "liver", (0.2, 0.2, 0.5, 0.6), outline_paths(mask), anchor_point(mask), 0.1
    )
    facts = ScanFacts("0" * 64, 256, 256, "picture")
    with house.sessions() as session, session.begin():
        opened = visits.open_visit(session, house.master)
        scan = scans.add_scan(session, house.blobs, opened, facts, png_bytes())
        session.flush()
        scans.store_look(session, opened, scan, Look("CT", "axial", "abdomen", True), [liver])
        turn = turns.add_turn(session, opened, Asked("question", QUESTION, "en", "allow", "i", "p"))
        turns.store_answer(
            opened, turn, Answered(RAW, "Ask your doctor.", "soften", "o.rule", "p9", "a", 1, -1)
        )
        questions.add(session, opened, "How long will I wait?", "own")
        return opened.visit.visit_id


def test_raw_text_is_for_the_doctor_alone(signed_in: SignedIn, visit_id: str) -> None:
    doctor = signed_in("doctor").get(f"/staff/visits/{visit_id}").text
    nurse = signed_in("nurse").get(f"/staff/visits/{visit_id}").text
    assert RAW in doctor
    assert 'data-testid="turn-raw"' in doctor
    assert "Unverified model text, not a report" in doctor
    assert "o.rule" in doctor
    assert "p9" in doctor
    assert RAW not in nurse
    assert "turn-raw" not in nurse
    for page in (doctor, nurse):
        assert "Ask your doctor." in page
        assert "How long will I wait?" in page
        assert "<script>alert" not in page


def test_only_the_doctors_copy_holds_raw_words(signed_in: SignedIn, visit_id: str) -> None:
    copies = {
        name: signed_in("doctor").get(f"/staff/visits/{visit_id}/{name}.pdf")
        for name in ("report", "doctor")
    }
    texts = {name: pdf_text(answer.content) for name, answer in copies.items()}
    assert RAW in texts["doctor"]
    assert RAW not in texts["report"]
    assert signed_in("nurse").get(f"/staff/visits/{visit_id}/doctor.pdf").status_code == 403


def test_each_way_to_a_paper_leaves_a_row_in_the_audit(
    house: House, signed_in: SignedIn, visit_id: str
) -> None:
    bob, here = signed_in("doctor"), f"/staff/visits/{visit_id}"
    printed = bob.post(f"{here}/report/print")
    assert printed.headers["location"] == f"{here}/report?now=1"
    assert "data-print-now" in bob.get(printed.headers["location"]).text
    assert "data-print-now" not in bob.get(f"{here}/report").text
    for name in ("report", "doctor"):
        assert bob.get(f"{here}/{name}.pdf").status_code == 200
    with house.sessions() as session:
        acts = [one.action for one in audit.latest(session) if one.subject == visit_id]
    wanted = {"report.print": 1, "report.read": 2, "report.pdf": 1, "doctor.pdf": 1}
    assert {act: acts.count(act) for act in wanted} == wanted


def pdf_text(data: bytes) -> str:
    with pdfplumber.open(io.BytesIO(data)) as document:
        return " ".join(" ".join(page.extract_text().split()) for page in document.pages)


def test_pictures_and_marked_regions_are_shown(
    house: House, signed_in: SignedIn, visit_id: str
) -> None:
    doctor = signed_in("doctor")
    with house.sessions() as session:
        scan_id = scans.all_of_visit(session, visit_id)[0].scan_id
    drawing = doctor.get(f"/staff/visits/{visit_id}/scans/{scan_id}.svg")
    assert drawing.headers["content-type"] == "image/svg+xml"
    assert b"<path" in drawing.content
    assert b"<image" not in drawing.content
    address = f"/staff/visits/{visit_id}/scans/{scan_id}/regions"
    assert doctor.post(address, data={"structure": "liver", "act": "remove"}).status_code == 303
    assert doctor.post(address, data={"structure": "liver", "act": "remove"}).status_code == 404
    assert b"<path" not in doctor.get(drawing.url.path).content


def test_every_slice_with_marked_parts_is_shown_and_can_be_corrected(
    house: House, signed_in: SignedIn, visit_id: str
) -> None:
    look = Look("CT", "axial", "abdomen", True)
    with house.sessions() as session, session.begin():
        opened = visits.opened(session, house.master, visit_id)
        scan = scans.all_of_visit(session, visit_id)[0]
        assert opened is not None
        scan.slice_count = scan.slices_stored = 3
        for number, names in ((1, ("spleen", "stomach")), (2, ())):
            slices.put(house.blobs, opened.vault, scan, number, png_bytes())
            row = slices.ask_for_look(session, scan, number)
            assert row is not None
            marked = [StoredRegion(n, (0, 0, 1, 1), "M1,1L9,1L9,9Z", (5, 5), 0.1) for n in names]
            slices.store_look(opened, row, look, marked)
        address = f"/staff/visits/{visit_id}/scans/{scan.scan_id}"
    doctor = signed_in("doctor")
    page = doctor.get(f"/staff/visits/{visit_id}").text
    assert "1 more slice with marked parts" in page
    assert 'data-slice="1"' in page
    assert 'data-slice="2"' not in page
    assert doctor.get(f"{address}.png?slice=1").content.startswith(b"\x89PNG")
    assert doctor.get(f"{address}.svg?slice=1").content.count(b"<text") == 2
    for number in ("7", "-1", "x"):
        assert doctor.get(f"{address}.png?slice={number}").status_code in (404, 422)
    wrong = {"structure": "spleen", "act": "remove", "slice": "1"}
    assert doctor.post(f"{address}/regions", data=wrong).status_code == 303
    assert doctor.post(f"{address}/regions", data=wrong).status_code == 404
    assert doctor.get(f"{address}.svg?slice=1").content.count(b"<text") == 1


def test_a_sentence_is_signed_and_kept(house: House, signed_in: SignedIn, visit_id: str) -> None:
    doctor = signed_in("doctor")
    for words in ("We looked at your liver.", "", "Nothing to add to what we talked about."):
        doctor.post(f"/staff/visits/{visit_id}/note", data={"words": words})
    with house.sessions() as session:
        opened = visits.opened(session, house.master, visit_id)
        assert opened is not None
        kept = notes.all_of_visit(session, opened)
    assert [note.text for note in kept] == [
        "We looked at your liver.",
        "Nothing to add to what we talked about.",
    ]
    assert {note.doctor for note in kept} == {"Bob"}
    assert "We looked at your liver." in doctor.get(f"/staff/visits/{visit_id}").text


def test_a_turn_is_released_in_the_doctors_words(
    house: House, signed_in: SignedIn, visit_id: str
) -> None:
    doctor = signed_in("doctor")
    with house.sessions() as session:
        turn_id = turns.all_of_visit(session, visit_id)[0].turn_id
    address = f"/staff/visits/{visit_id}/turns/{turn_id}/release"
    doctor.post(address, data={"words": "The white part is bone."})
    with house.sessions() as session:
        opened = visits.opened(session, house.master, visit_id)
        turn = turns.find(session, visit_id, turn_id)
        assert opened is not None
        assert turn is not None
        assert turns.released_of(opened, turn) == "The white part is bone."
        assert turns.shown_of(opened, turn) == "Ask your doctor."
    other = f"/staff/visits/{visit_id}/turns/{'0' * 32}/release"
    assert doctor.post(other, data={"words": "x"}).status_code == 404


def test_what_must_not_wait_is_on_top_of_the_doctors_list_without_a_word(
    house: House, signed_in: SignedIn, visit_id: str
) -> None:
    with house.sessions() as session, session.begin():
        later = visits.open_visit(session, house.master)
        session.flush()
        turn = turns.add_turn(session, later, Asked("might", "?", "en", "soften", "i", "p"))
        turns.store_answer(
            later, turn, Answered("raw", "s", "soften", "o", "p", "a", 1, -1, "time_critical")
        )
        urgent = later.visit.visit_id
    doctor = signed_in("doctor").get("/staff/visits").text
    nurse = signed_in("nurse").get("/staff/visits").text
    assert doctor.index(urgent) < doctor.index(visit_id)
    assert nurse.index(visit_id) < nurse.index(urgent)
    assert "time_critical" not in doctor + nurse


def test_alerts_hold_no_words_and_ring_until_seen(
    house: House, signed_in: SignedIn, visit_id: str
) -> None:
    nurse = signed_in("nurse")
    with house.sessions() as session, session.begin():
        assert not alerts.is_someone_listening(session)
        alert_id = alerts.raise_alert(session, visit_id, "emergency", is_silent=False).alert_id
        alerts.raise_alert(session, visit_id, "person_at_risk", is_silent=True)
    waiting = heard(nurse)
    assert [one["is_silent"] for one in waiting] == [False, True]
    with house.sessions() as session:
        assert alerts.is_someone_listening(session)
    page = nurse.get("/staff/alerts").text
    assert page.count('data-testid="alert"') == 2
    assert page.count('data-testid="alert-seen"') == 2
    assert "white part" not in page
    assert "see them alone" in page
    nurse.post(f"/staff/alerts/{alert_id}/seen")
    assert len(heard(nurse)) == 1
    with house.sessions() as session:
        seen = alerts.latest_of_visit(session, visit_id)
        assert seen is not None
        assert seen.seen_at is not None


def test_a_call_that_nobody_hears_is_said_to_every_role(
    house: House, signed_in: SignedIn, visit_id: str
) -> None:
    librarian, nurse = signed_in("librarian"), signed_in("nurse")
    words = "page is listening"
    assert words not in librarian.get("/staff/references").text
    with house.sessions() as session, session.begin():
        alerts.raise_alert(session, visit_id, "help", is_silent=False)
    assert words in librarian.get("/staff/references").text
    heard(nurse)
    assert words not in librarian.get("/staff/references").text
