"""Dan holds another visit: nothing of Alice's is his; other sites and the log get nothing."""

import re

import pytest
from fastapi.routing import APIRoute
from starlette.testclient import TestClient

from app.deps import House
from app.main import make_app
from app.patient import (
    asking,
    calling,
    gallery,
    leaving,
    list_page,
    report_page,
    scan_page,
    start,
    take_along,
    uploading,
)
from tests.app.patient.visitor import RAW, Visitor

PAGES = ("", "/answers", "/status", "/picture.png", "/my-picture.png")


@pytest.fixture
def dan(house: House, alice: Visitor) -> Visitor:
    """Dan starts after Alice, with a picture of his own."""
    alice.opened  # noqa: B018, whose visit is hers is settled before there is another
    alice.ask("question", "Which part is my blue liver?")
    alice.post("/questions", {"text": "May I eat blue cheese?"})
    return Visitor.of(house).looked()


@pytest.mark.parametrize("page", PAGES)
def test_dan_does_not_see_alices_scan(alice: Visitor, dan: Visitor, page: str) -> None:
    foreign = dan.client.get(f"{alice.scan_path}{page}")
    none = dan.client.get(f"/scan/{'0' * 32}{page}")
    assert foreign.status_code == none.status_code == 404
    same = re.compile(r"/scan/[0-9a-f]{32}")
    assert same.sub("", foreign.text) == same.sub("", none.text)


def test_dan_changes_nothing_of_alices(alice: Visitor, dan: Visitor) -> None:
    alice.get("/questions")
    question_id = re.findall(r"/questions/([0-9a-f]{32})/remove", alice.html)[0]
    alice.get(alice.scan_path)
    turn_id = re.findall(r'id="turn-([0-9a-f]{32})"', alice.html)[0]
    for path in (
        f"{alice.scan_path}/ask",
        f"/questions/{question_id}/remove",
        f"/questions/{question_id}/move",
        f"/questions/turn/{turn_id}",
    ):
        assert dan.post(path, {"kind": "what"}) == 404, path
    for path in ("/questions", dan.scan_path, "/gallery", "/"):
        dan.get(path)
    assert not [body for body in dan.bodies if "blue" in body]


def test_dan_erasing_his_visit_leaves_alices(alice: Visitor, dan: Visitor) -> None:
    dan.post("/erase")
    assert alice.get(alice.scan_path) == 200
    assert alice.sees("scan-image")


def all_posts() -> list[str]:
    parts = (
        asking,
        calling,
        gallery,
        leaving,
        list_page,
        report_page,
        scan_page,
        start,
        take_along,
        uploading,
    )
    routes = [route for part in parts for route in part.router.routes]
    assert all(isinstance(route, APIRoute) for route in routes)
    return sorted(r.path for r in routes if isinstance(r, APIRoute) and "POST" in r.methods)


@pytest.mark.parametrize("path", all_posts())
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_other_sites_change_nothing(house: House, path: str, headers: dict[str, str]) -> None:
    client = TestClient(make_app(house), follow_redirects=False)
    assert client.post(path, headers=headers).status_code == 403


def test_the_routes_that_change_something_are_known() -> None:
    assert len(all_posts()) == 21


@pytest.mark.parametrize(
    "path", ["/consent", "/upload", "/questions", "/wait", "/erase", "/help", "/report.pdf"]
)
def test_without_a_visit_every_page_leads_to_the_start(house: House, path: str) -> None:
    client = TestClient(make_app(house), follow_redirects=False)
    answer = client.get(path)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


def test_every_page_is_kept_out_of_stores_and_says_what_it_is(alice: Visitor) -> None:
    for path in ("/", "/upload", alice.scan_path, "/questions", "/gallery", "/wait", "/none"):
        answer = alice.client.get(path)
        assert answer.headers["cache-control"] == "no-store", path
        assert "You are talking to a computer program (AI)" in answer.text, path
        assert "It does not look for illness." in answer.text, path
        assert "Not intended to detect, rule out" in answer.text, path
        assert "Demonstration model" in answer.text, path
        assert " style=" not in answer.text, path
        assert not re.search(r"<script(?![^>]*src=)", answer.text), path


def test_the_log_of_a_visit_holds_no_words(
    alice: Visitor, dan: Visitor, capfd: pytest.CaptureFixture[str]
) -> None:
    alice.work()
    alice.upload(b"no picture at all, says Alice Blue", "Alice-Blue.png")
    alice.ask("question", "I cannot breathe, says Alice Blue")
    alice.post("/help")
    alice.post("/erase")
    written = "".join(capfd.readouterr())
    assert "alert_raised" in written
    for word in ("Blue", "blue", "breathe", "liver", RAW, "cheese"):
        assert word not in written
