"""Paper and pictures on one's own telephone: links that work once, and the way back by paper."""

import io
import re
import string
from datetime import timedelta

import pytest
from PIL import Image
from starlette.testclient import TestClient

from app.main import make_app
from app.storage import audit, links, visits
from app.storage.tables import ReportLink, now
from tests.app.patient.conftest import OpenHouse
from tests.app.patient.visitor import Visitor


@pytest.fixture
def kiosk(open_copy: OpenHouse) -> Visitor:
    """Alice on a tablet that stays in the house."""
    return Visitor.of(open_copy(kiosk="1")).looked()


def phone(visitor: Visitor) -> TestClient:
    """Another browser, without any cookie."""
    return TestClient(make_app(visitor.house), follow_redirects=False)


def link_of(visitor: Visitor, **wish: str) -> str:
    """The path behind the square: what the page itself does not say, read from the database."""
    made: list[str] = []
    genuine = links.make

    def remember(*args: object) -> str:
        made.append(genuine(*args))  # type: ignore[arg-type]
        return made[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(links, "make", remember)
        assert visitor.post("/report/link", wish) == 200
    assert visitor.sees("phone-square")
    return f"/take/{made[0]}"


def acts(visitor: Visitor) -> list[str]:
    with visitor.house.sessions() as session:
        return [event.action for event in audit.latest(session)]


def test_a_link_brings_the_paper_once_to_a_telephone_without_a_visit(kiosk: Visitor) -> None:
    path = link_of(kiosk)
    assert len(path.removeprefix("/take/")) >= 43, "256 random bits"
    visit = kiosk.opened.visit
    for known in (visit.visit_id, visits.code_of(kiosk.opened).replace(" ", "")):
        assert known not in path
    other = phone(kiosk)
    first, second = other.get(path), other.get(path)
    assert first.headers["content-type"] == "application/pdf"
    assert first.content.startswith(b"%PDF-")
    assert first.headers["cache-control"] == "no-store"
    assert "set-cookie" not in first.headers
    assert second.status_code == 404
    assert "used already" in second.text
    assert {"link.make", "link.take"} <= set(acts(kiosk))


def test_a_link_brings_only_the_parts_that_were_chosen(kiosk: Visitor) -> None:
    path = link_of(kiosk, part="questions", large="1")
    assert phone(kiosk).get(path).content.startswith(b"%PDF-")
    with kiosk.house.sessions() as session:
        row = session.query(ReportLink).one()
        sealed = bytes(row.wish)
    assert b"questions" not in sealed


def test_a_link_grows_old_and_dies_with_the_visit(kiosk: Visitor) -> None:
    old, closed = link_of(kiosk), link_of(kiosk)
    with kiosk.house.sessions() as session, session.begin():
        digest = kiosk.house.master.digest("report-link", old.removeprefix("/take/"))
        row = session.get(ReportLink, digest)
        assert row is not None
        row.made_at = now() - links.LASTS - timedelta(seconds=1)
    assert phone(kiosk).get(old).status_code == 404
    with kiosk.house.sessions() as session, session.begin():
        opened = visits.opened(session, kiosk.house.master, kiosk.opened.visit.visit_id)
        assert opened is not None
        visits.close(session, opened.visit)
    assert phone(kiosk).get(closed).status_code == 404


def test_a_link_at_a_level_that_was_lowered_shows_no_picture(kiosk: Visitor) -> None:
    path = link_of(kiosk, scan_id=kiosk.scan_path.rsplit("/", 1)[1])
    kiosk.set_level("hold")
    assert phone(kiosk).get(path).status_code == 403


@pytest.mark.parametrize("colours", [False, True])
def test_a_picture_goes_home_with_and_without_its_parts(alice: Visitor, colours: bool) -> None:
    answer = alice.client.get(f"{alice.scan_path}/my-picture.png{'?colours=1' if colours else ''}")
    with Image.open(io.BytesIO(answer.content)) as picture:
        pixels = list(picture.convert("RGB").resize((64, 64)).getdata())
    is_coloured = any(max(pixel) - min(pixel) > 40 for pixel in pixels)
    assert is_coloured == colours
    assert acts(alice)[0] == "picture.take"


def test_nobody_makes_a_link_to_a_foreign_picture(alice: Visitor) -> None:
    assert alice.post("/report/link", {"scan_id": "0" * 32}) == 404


def test_the_square_on_the_paper_opens_the_visit_until_it_ends(alice: Visitor) -> None:
    visit_id = alice.opened.visit.visit_id
    token = links.page_token(alice.house.master, visit_id)
    assert visits.code_of(alice.opened).replace(" ", "") not in token
    other = phone(alice)
    assert "set-cookie" not in other.get(f"/v/{token}").headers, "looking opens nothing"
    opened = other.post(f"/v/{token}")
    assert opened.status_code == 303
    assert re.match("/scan/", opened.headers["location"])
    assert other.get(opened.headers["location"]).status_code == 200
    forged = token[:-1] + ("A" if token[-1] != "A" else "B")
    for wrong in (forged, "x", "0" * 43, "é", "=" * 64):
        assert phone(alice).get(f"/v/{wrong}").status_code == 404, wrong
    with alice.house.sessions() as session, session.begin():
        found = visits.opened(session, alice.house.master, visit_id)
        assert found is not None
        visits.close(session, found.visit)
    for answer in (phone(alice).get(f"/v/{token}"), phone(alice).post(f"/v/{token}")):
        assert answer.status_code == 404
        assert "This visit has ended" in answer.text


def test_a_page_opens_by_its_token_as_printed_alone(alice: Visitor) -> None:
    """base64 ignores the last character's unused bits and foreign characters; we do not."""
    token = links.page_token(alice.house.master, alice.opened.visit.visit_id)
    letters = string.ascii_letters + string.digits + "-_"
    spelt = [token[:-1] + last for last in letters]
    spelt += [f"{token}=", f"!{token}", f"{token}\n", f" {token}", f"{token}A", ""]
    with alice.house.sessions() as session:
        opening = [s for s in spelt if links.find_by_page(session, alice.house.master, s)]
    assert opening == [token]


def test_guessing_links_becomes_slow(alice: Visitor) -> None:
    other = phone(alice)
    seen = [other.get(f"/take/{n:043d}").status_code for n in range(8)]
    assert seen[0] == 404
    assert 429 in seen
