"""Ending one session: on the own page, from another place, and never somebody else's."""

import re

from tests.app.staff.cast import SignedIn


def test_another_place_is_signed_out_and_this_one_stays(signed_in: SignedIn) -> None:
    desk, ward = signed_in("nurse"), signed_in("nurse")
    page = desk.get("/staff/password").text
    rows = re.findall(r'data-testid="staff-session">(.*?)</li>', page, re.S)
    assert len(rows) == 2
    (other,) = [row for row in rows if ">here<" not in row]
    (address,) = re.findall(r'action="(/staff/sessions/[^"]+/end)"', other)
    assert desk.post(address).status_code == 303
    assert ward.get("/staff/visits").headers["location"] == "/staff/sign-in"
    assert desk.get("/staff/visits").status_code == 200


def test_nobody_ends_the_session_of_somebody_else(signed_in: SignedIn) -> None:
    nurse, doctor = signed_in("nurse"), signed_in("doctor")
    page = nurse.get("/staff/password").text
    (address,) = re.findall(r'action="(/staff/sessions/[^"]+/end)"', page)
    foreign, none = doctor.post(address), doctor.post(f"/staff/sessions/{'0' * 32}/end")
    assert (foreign.status_code, none.status_code) == (404, 404)
    assert nurse.get("/staff/visits").status_code == 200
