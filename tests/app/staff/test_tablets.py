"""Tablets with a name and a place, and shifts handed over."""

import re
from collections.abc import Callable
from datetime import timedelta

from starlette.testclient import TestClient

from app.deps import House
from app.storage import alerts, handovers, paired_tablets, visits
from app.storage.tables import Handover, PairedTablet, TabletSession, now
from tests.app.staff.cast import SignedIn

Anybody = Callable[[], TestClient]
PLACE = "Waiting room, by the window"


def pairing_code(nurse: TestClient, name: str = "Tablet 3") -> str:
    page = nurse.post("/staff/tablets", data={"name": name, "place": PLACE}).text
    found = re.search(r'data-testid="pairing-code">([A-Z0-9]{4} [A-Z0-9]{4})<', page)
    assert found is not None
    assert "<svg" in page
    assert "style=" not in page
    return found[1]


def test_a_paired_tablet_says_where_its_call_comes_from(
    house: House, signed_in: SignedIn, anybody: Anybody
) -> None:
    nurse, tablet = signed_in("nurse"), anybody()
    paired = tablet.post("/staff/pair", data={"code": f" {pairing_code(nurse).lower()} "})
    assert PLACE in paired.text
    cookie = paired.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Max-Age=34560000" in cookie
    assert tablet.post("/start").status_code == 303
    tablet.post("/help")
    with house.sessions() as session:
        call = alerts.unseen(session)[0]
        assert (call.tablet, call.place) == ("Tablet 3", PLACE)
    assert PLACE in nurse.get("/staff/alerts").text
    assert f"{PLACE}, Tablet 3" in nurse.get("/staff/visits").text
    tablet.post("/finish")
    assert tablet.cookies.get("anteroom-tablet")
    assert PLACE not in nurse.get("/staff/visits").text


def test_an_unpaired_tablet_is_one_like_any_other(
    house: House, signed_in: SignedIn, anybody: Anybody
) -> None:
    nurse, tablet = signed_in("nurse"), anybody()
    tablet.post("/staff/pair", data={"code": pairing_code(nurse)})
    with house.sessions() as session:
        tablet_id = paired_tablets.everything(session)[0].tablet_id
    nurse.post(f"/staff/tablets/{tablet_id}/unpair")
    tablet.post("/start")
    tablet.post("/help")
    assert "place unknown" in nurse.get("/staff/alerts").text
    with house.sessions() as session:
        assert session.query(TabletSession).one().tablet_id is None


def test_a_pairing_code_works_once_and_for_ten_minutes(
    house: House, signed_in: SignedIn, anybody: Anybody
) -> None:
    nurse = signed_in("nurse")
    code = pairing_code(nurse)
    assert anybody().post("/staff/pair", data={"code": code}).status_code == 200
    assert anybody().post("/staff/pair", data={"code": code}).status_code == 422
    late = pairing_code(nurse, "Tablet 4")
    with house.sessions() as session, session.begin():
        row = session.query(PairedTablet).filter_by(name="Tablet 4").one()
        row.code_until_at = now() - timedelta(seconds=1)
    assert anybody().post("/staff/pair", data={"code": late}).status_code == 422
    answers = [anybody().post("/staff/pair", data={"code": "AAAAAAAA"}) for _ in range(12)]
    assert answers[-1].status_code == 429


def test_a_tablet_needs_a_name_and_a_place(house: House, signed_in: SignedIn) -> None:
    assert signed_in("nurse").post("/staff/tablets", data={"name": "x"}).status_code == 422
    with house.sessions() as session:
        assert paired_tablets.everything(session) == []


def test_a_shift_is_taken_over_by_somebody_else(house: House, signed_in: SignedIn) -> None:
    nurse, doctor = signed_in("nurse"), signed_in("doctor")
    with house.sessions() as session, session.begin():
        code = visits.code_of(visits.open_visit(session, house.master))
    nurse.post("/staff/handover", data={"note": "The knee by the door waits for a wheelchair."})
    page = doctor.get("/staff/handover").text
    assert "wheelchair" in page
    assert code in page
    assert "Nina handed over" in doctor.get("/staff/visits").text
    with house.sessions() as session:
        shift = handovers.latest(session, house.master)[0]
        sealed = session.get(Handover, shift.handover_id)
        assert sealed is not None
        assert b"wheelchair" not in sealed.note
    nurse.post(f"/staff/handover/{shift.handover_id}/take")
    with house.sessions() as session:
        assert handovers.latest(session, house.master)[0].acknowledged_at is None
    doctor.post(f"/staff/handover/{shift.handover_id}/take")
    with house.sessions() as session, session.begin():
        taken = handovers.latest(session, house.master)[0]
        assert taken.acknowledged_by == "Bob"
        handovers.erase_older_than(session, now() + timedelta(seconds=1))
        assert handovers.latest(session, house.master) == []
    assert "handed over" not in doctor.get("/staff/visits").text
