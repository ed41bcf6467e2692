"""The start page of a tablet that somebody left without a word, and forms that were refused."""

import re

import pytest

from app.deps import House
from app.storage import visits
from tests.app.patient.conftest import OpenHouse
from tests.app.patient.visitor import Visitor


def test_the_start_offers_to_put_down_a_visit_that_is_still_on(alice: Visitor) -> None:
    alice.get("/")
    assert alice.sees("still-on")
    assert alice.scan_id not in alice.html
    alice.post("/finish")
    alice.get("/")
    assert not alice.sees("still-on")
    assert "still open" not in alice.html


@pytest.mark.parametrize("settings", [{"kiosk": "1"}, {"open_visits": "0"}])
def test_no_next_person_goes_on_with_a_visit_by_a_tap(
    open_copy: OpenHouse, settings: dict[str, str]
) -> None:
    house = open_copy(**settings)
    dan = Visitor.of(house)
    with house.sessions() as session, session.begin():
        code = visits.code_of(visits.open_visit(session, house.master))
    dan.post("/start", {"code": code})
    dan.get("/")
    assert dan.sees("still-on")
    assert "/go-on" not in dan.html.split("<main")[1]


def test_on_a_device_of_ones_own_the_visit_goes_on(alice: Visitor) -> None:
    alice.get("/")
    assert 'href="/go-on"' in alice.html.split("<main")[1]
    alice.get("/go-on")
    assert alice.path == alice.scan_path
    assert 'class="brand" href="/go-on"' in alice.html


def test_without_a_visit_there_is_nothing_to_go_on_with(house: House) -> None:
    stranger = Visitor.of(house)
    stranger.get("/go-on")
    assert stranger.path == "/"
    assert 'class="brand" href="/"' in stranger.html


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/consent", "agree"),
        ("/questions", "text"),
        ("/start", "code"),
        ("/upload", "picture"),
        ("ask", "question"),
    ],
)
def test_a_refused_form_says_so_on_top_and_beside_the_field(
    alice: Visitor, path: str, field: str
) -> None:
    address = f"{alice.scan_path}/ask" if path == "ask" else path
    data = {"code": "WRONG"} if path == "/start" else {"kind": "question"}
    assert alice.post(address, data) == 422
    assert "<title>Error:" in alice.html
    top = alice.html.split('data-testid="error"')[1]
    assert f'href="#{field}"' in top.split("</div></div>")[0]
    assert f'id="{field}-error"' in alice.html
    (typed,) = re.findall(rf'<(?:input|textarea)[^>]* id="{field}"[^>]*>', alice.html)
    assert 'aria-invalid="true"' in typed
    assert f'aria-describedby="{field}-error"' in typed
