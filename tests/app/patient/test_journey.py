"""The patient's whole way over HTTP, from the start to both ways of leaving."""

import re
from datetime import timedelta

import pytest
from starlette.testclient import TestClient

from app.deps import House
from app.main import make_app
from app.references.library import Particulars
from app.storage import alerts, audit, references, scans, visits
from app.storage.tables import TabletSession, Visit
from tests.app.patient.visitor import RAW, Visitor, engine
from tests.builders import png_bytes


def add_reference(house: House, **words: str) -> str:
    with house.sessions() as session, session.begin():
        values = {"region": "abdomen", "modality": "CT", "plane": "axial", **words}
        record = Particulars(caption="A drawn tummy", **values)  # type: ignore[arg-type]
        row = references.add(session, house.blobs, record, png_bytes(), (256, 256), "d" * 64, None)
        row.status = "approved"
        return row.reference_id


def test_the_start_page_carries_its_handles(house: House) -> None:
    visitor = Visitor.of(house)
    assert visitor.get("/") == 200
    for handle in ("language-en", "start-visit", "visit-code", "gallery"):
        assert visitor.sees(handle), handle


def test_consent_must_be_given(house: House) -> None:
    visitor = Visitor.of(house)
    visitor.post("/start")
    assert visitor.path == "/consent"
    assert visitor.post("/consent") == 422
    assert visitor.sees("error")
    assert visitor.get("/upload") == 403


def test_a_picture_that_waits_says_so_without_any_answer(house: House) -> None:
    visitor = Visitor.of(house).start()
    assert visitor.upload() == 200
    assert visitor.sees("scan-image")
    assert not visitor.sees("answer")
    visitor.get(f"{visitor.scan_path}/status")
    assert visitor.html.startswith('{"status":"received","before":0,"stored":1,"slices":1,')


def test_the_page_of_a_scan_carries_every_handle(alice: Visitor) -> None:
    for handle in (
        "scan-image",
        "overlay",
        "structure",
        "ask-what",
        "ask-healthy",
        "ask-might",
        "question-input",
        "question-submit",
        "question-list",
        "question-add",
        "report-link",
        "finish",
        "erase",
        "gallery",
    ):
        assert alice.sees(handle), handle
    (structure,) = alice.page.handles["structure"]
    assert structure["data-structure"] == "liver"
    assert "cleans your blood" in alice.html


def test_a_scan_without_named_parts_says_so(house: House) -> None:
    visitor = Visitor.of(house).start()
    visitor.upload()
    visitor.work(engine(structures=()))
    visitor.get(visitor.scan_path)
    assert visitor.sees("no-structure")
    assert not visitor.sees("structure")


def test_a_scan_that_failed_offers_another_try(house: House) -> None:
    visitor = Visitor.of(house).start()
    visitor.upload()
    with house.sessions() as session, session.begin():
        scan = scans.find(session, visitor.opened.visit.visit_id, visitor.scan_id)
        assert scan is not None
        scan.status, scan.failure = "failed", "ModelError"
    assert visitor.get(visitor.scan_path) == 200
    assert visitor.sees("error")
    assert "ModelError" not in visitor.html


def test_what_names_the_marked_parts(alice: Visitor) -> None:
    alice.ask("what")
    (answer,) = alice.text("answer")
    assert "tummy" in answer
    assert "liver" in answer


def test_healthy_shows_what_fits_and_nothing_else(house: House, alice: Visitor) -> None:
    alice.ask("healthy")
    assert alice.sees("no-reference")
    add_reference(house, region="chest")
    alice.get(alice.scan_path)
    assert alice.sees("no-reference")
    reference_id = add_reference(house)
    alice.get(alice.scan_path)
    assert not alice.sees("no-reference")
    assert len(alice.page.handles["reference"]) == 1
    assert f"/reference/{reference_id}.png" in alice.html


def test_might_is_answered_through_the_guard(alice: Visitor) -> None:
    alice.ask("might")
    assert not alice.sees("answer")
    alice.work()
    alice.let_time_pass()
    (answer,) = alice.text("answer")
    assert "how one part of the tummy area looks" in answer
    assert not [body for body in alice.bodies if "lioblastoma" in body or RAW in body]


@pytest.mark.parametrize("question", ["Do I have cancer?", "What condition is this?"])
def test_a_question_about_an_illness_goes_the_way_of_the_button(
    alice: Visitor, question: str
) -> None:
    alice.ask("question", question)
    assert not alice.sees("answer")
    alice.work()
    alice.let_time_pass()
    (answer,) = alice.text("answer")
    assert "how one part of the tummy area looks" in answer


def test_an_empty_question_is_asked_for_again(alice: Visitor) -> None:
    assert alice.ask("question", "   ") == 422
    assert alice.sees("error")


def test_the_question_list_is_kept_in_the_order_given(alice: Visitor) -> None:
    for text in ("First?", "Second?", "First?"):
        alice.post("/questions", {"text": text})
    assert alice.html.index("First?") < alice.html.index("Second?")
    second = re.findall(r"/questions/([0-9a-f]{32})/remove", alice.html)[1]
    alice.post(f"/questions/{second}/move", {"direction": "up"})
    assert alice.html.index("Second?") < alice.html.index("First?")
    alice.post(f"/questions/{second}/remove")
    assert "Second?" not in alice.html
    assert alice.html.count('<p dir="auto">First?</p>') == 1


def test_the_gallery_needs_no_visit(house: House) -> None:
    reference_id = add_reference(house)
    stranger = Visitor.of(house)
    assert stranger.get("/gallery") == 200
    assert stranger.sees("reference")
    assert stranger.client.get(f"/reference/{reference_id}.png").status_code == 200
    assert stranger.get("/reference/none.png") == 404


def test_the_copy_of_the_own_picture_is_the_picture(alice: Visitor) -> None:
    shown = alice.client.get(f"{alice.scan_path}/picture.png")
    copy = alice.client.get(f"{alice.scan_path}/my-picture.png")
    assert copy.content == shown.content
    assert copy.headers["content-disposition"].startswith("attachment")


def test_put_down_ends_the_tablet_and_the_code_opens_the_visit_again(
    house: House, alice: Visitor
) -> None:
    scan_path, code = alice.scan_path, visits.code_of(alice.opened)
    token = dict(alice.client.cookies)
    answer = alice.client.post("/finish")
    assert answer.headers["clear-site-data"] == '"cache", "storage"'
    assert code not in answer.text
    replay = TestClient(make_app(house), cookies=token)
    assert "scan-image" not in replay.get(scan_path).text
    again = Visitor.of(house)
    again.post("/start", {"code": code.lower().replace(" ", "-")})
    assert again.path == scan_path
    assert again.sees("scan-image")


def test_erase_leaves_nothing(house: House, alice: Visitor) -> None:
    alice.ask("what")
    scan_path, code = alice.scan_path, visits.code_of(alice.opened)
    assert alice.get("/erase") == 200
    assert alice.sees("erase")
    assert alice.post("/erase") == 200
    assert alice.sees("erased")
    alice.get(scan_path)
    assert alice.path == "/"
    assert alice.post("/start", {"code": code}) == 422
    with house.sessions() as session:
        assert session.query(Visit).count() == 0
        assert session.query(TabletSession).count() == 0
        assert audit.first_broken(session) is None
    assert house.blobs.folders("visits") == []


def test_an_idle_tablet_is_put_down_by_the_server(house: House, alice: Visitor) -> None:
    with house.sessions() as session, session.begin():
        for row in session.query(TabletSession):
            row.last_seen_at -= timedelta(seconds=house.settings.idle_seconds + 31)
    alice.get(alice.scan_path)
    assert alice.path == "/"
    assert "Your code opens your visit again" in alice.html


def test_calling_the_nurse_rings_once_and_promises_nobody(house: House, alice: Visitor) -> None:
    for _ in range(2):
        assert alice.post("/help", {"back": "/upload"}) == 200
    assert "on the way" not in alice.html
    with house.sessions() as session, session.begin():
        (alert,) = alerts.unseen(session)
        assert alert.kind == "help"
