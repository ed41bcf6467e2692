from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from app.deps import House
from app.main import make_app
from app.staff.login import add_staff, announce_first_account, setup_code
from app.storage import audit, staff
from app.storage.tables import AuditEvent, Staff
from tests.app.staff.cast import CAST, PASSWORD, SignedIn, copied_house

Anybody = Callable[[], TestClient]


@pytest.fixture
def empty(prepared: House, tmp_path: Path) -> tuple[House, TestClient]:
    house = copied_house(prepared, tmp_path / "var")
    with house.sessions() as session, session.begin():
        session.query(AuditEvent).delete()
        session.query(Staff).delete()
    return house, TestClient(make_app(house), follow_redirects=False)


def test_the_first_account_needs_the_code_of_the_console(empty: tuple[House, TestClient]) -> None:
    house, client = empty
    code = setup_code(house)
    assert code in announce_first_account(house)
    assert client.get("/staff/sign-in").headers["location"] == "/staff/first"
    page = client.get("/staff/first").text
    assert code not in page
    assert all(handle in page for handle in ("staff-user", "staff-password", "staff-submit"))
    typed = {"name": "Carol", "password": "a long password"}
    wrong = client.post("/staff/first", data={**typed, "code": "AAAAA-AAAAA-AAAAA-AAAAA"})
    assert wrong.status_code == 422
    assert client.post("/staff/first", data=typed).status_code == 422
    short = client.post("/staff/first", data={"name": "C", "password": "short", "code": code})
    assert short.status_code == 422
    with house.sessions() as session:
        assert staff.count(session) == 0
    done = client.post("/staff/first", data={**typed, "code": f" {code.lower()} "})
    assert done.headers["location"] == "/staff"
    assert client.get("/staff/visits").status_code == 200
    assert "Sign in" in announce_first_account(house)


def test_the_code_is_good_for_one_account_only(empty: tuple[House, TestClient]) -> None:
    house, client = empty
    add_staff(house, "Carol", ("admin",), PASSWORD)
    typed = {"name": "Mallory", "password": "a long password", "code": setup_code(house)}
    assert client.post("/staff/first", data=typed).headers["location"] == "/staff/sign-in"
    with house.sessions() as session:
        assert [one.name for one in staff.everybody(session)] == ["Carol"]


@pytest.mark.parametrize(
    ("name", "roles", "password", "why"),
    [
        ("", ("admin",), PASSWORD, "a name"),
        ("x" * 41, ("admin",), PASSWORD, "a name"),
        ("Eve", ("root",), PASSWORD, "roles are"),
        ("Eve", (), PASSWORD, "roles are"),
        ("Eve", ("admin",), "short", "8 characters"),
        ("Bob", ("admin",), PASSWORD, "already"),
    ],
)
def test_a_bad_account_is_refused_with_a_sentence(
    house: House, name: str, roles: tuple[str, ...], password: str, why: str
) -> None:
    with pytest.raises(ValueError, match=why):
        add_staff(house, name, roles, password)


def test_the_cookie_is_strict_and_the_password_is_argon2id(house: House, anybody: Anybody) -> None:
    answer = anybody().post("/staff/sign-in", data={"name": "Bob", "password": PASSWORD})
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("anteroom-staff=")
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Path=/" in cookie
    assert "Max-Age" not in cookie
    with house.sessions() as session:
        member = staff.by_name(session, "Bob")
        assert member is not None
        assert member.password_hash.startswith("$argon2id$")


def test_over_https_the_cookie_is_tied_to_the_host(prepared: House, tmp_path: Path) -> None:
    house = copied_house(prepared, tmp_path / "var", public_url="https://scan.example")
    client = TestClient(make_app(house), follow_redirects=False)
    answer = client.post("/staff/sign-in", data={"name": "Bob", "password": PASSWORD})
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-anteroom-staff=")
    assert "Secure" in cookie
    assert "Domain" not in cookie


def test_wrong_pair_and_unknown_name_look_alike(anybody: Anybody) -> None:
    wrong = anybody().post("/staff/sign-in", data={"name": "Bob", "password": "wrong"})
    unknown = anybody().post("/staff/sign-in", data={"name": "Nobody", "password": "wrong"})
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.text == unknown.text
    assert "set-cookie" not in wrong.headers


def test_after_ten_wrong_tries_the_right_password_waits_too(house: House, anybody: Anybody) -> None:
    client = anybody()
    for _ in range(10):
        client.post("/staff/sign-in", data={"name": "Bob", "password": "wrong"})
    right = {"name": "Bob", "password": PASSWORD}
    assert client.post("/staff/sign-in", data=right).status_code == 401
    with house.sessions() as session, session.begin():
        member = staff.by_name(session, "Bob")
        assert member is not None
        assert member.failed_tries == 10
        member.locked_until_at = None
    assert client.post("/staff/sign-in", data=right).status_code == 303
    with house.sessions() as session:
        member = staff.by_name(session, "Bob")
        assert member is not None
        assert member.failed_tries == 0


def test_a_token_from_before_signing_in_is_never_taken_over(anybody: Anybody) -> None:
    planted = {"Cookie": "anteroom-staff=chosen-by-an-attacker"}
    typed = {"name": "Bob", "password": PASSWORD}
    answer = anybody().post("/staff/sign-in", data=typed, headers=planted)
    assert "chosen-by-an-attacker" not in answer.headers["set-cookie"]
    later = anybody().get("/staff/visits", headers=planted)
    assert later.headers["location"] == "/staff/sign-in"


def test_signing_out_ends_the_session_on_the_server(signed_in: SignedIn, anybody: Anybody) -> None:
    client = signed_in("doctor")
    token = client.cookies["anteroom-staff"]
    answer = client.post("/staff/sign-out")
    assert answer.headers["location"] == "/staff/sign-in"
    replay = anybody()
    replay.cookies.set("anteroom-staff", token)
    assert replay.get("/staff/visits").headers["location"] == "/staff/sign-in"
    assert replay.get("/staff/alerts/stream").status_code == 303


def test_a_new_password_ends_every_other_session(signed_in: SignedIn, anybody: Anybody) -> None:
    here, there = signed_in("doctor"), signed_in("doctor")
    new = "another long password"
    assert here.post("/staff/password", data={"old": "wrong", "new": new}).status_code == 422
    assert here.post("/staff/password", data={"old": PASSWORD, "new": "short"}).status_code == 422
    assert here.post("/staff/password", data={"old": PASSWORD, "new": new}).status_code == 200
    assert here.get("/staff/visits").status_code == 200
    assert there.get("/staff/visits").headers["location"] == "/staff/sign-in"
    old = anybody().post("/staff/sign-in", data={"name": "Bob", "password": PASSWORD})
    assert old.status_code == 401


def test_a_removed_member_is_out_with_the_next_request(house: House, signed_in: SignedIn) -> None:
    nurse, admin = signed_in("nurse"), signed_in("admin")
    with house.sessions() as session:
        member = staff.by_name(session, CAST["nurse"])
    assert member is not None
    admin.post(f"/staff/people/{member.staff_id}/remove")
    assert nurse.get("/staff/visits").headers["location"] == "/staff/sign-in"


def test_accounts_are_made_and_changed_by_an_admin(house: House, signed_in: SignedIn) -> None:
    admin = signed_in("admin")
    new = {"name": "Erin", "password": "a long password", "role": ["nurse", "librarian"]}
    assert admin.post("/staff/people", data=new).status_code == 303
    assert admin.post("/staff/people", data=new).status_code == 422
    assert (
        admin.post("/staff/people", data={**new, "name": "F", "password": "x"}).status_code == 422
    )
    with house.sessions() as session:
        erin = staff.by_name(session, "Erin")
        carol = staff.by_name(session, "Carol")
    assert erin is not None
    assert carol is not None
    assert erin.roles == ["nurse", "librarian"]
    admin.post(f"/staff/people/{erin.staff_id}/roles", data={"role": ["doctor"]})
    assert admin.post(f"/staff/people/{carol.staff_id}/remove").status_code == 422
    with house.sessions() as session:
        again = staff.find(session, erin.staff_id)
        assert again is not None
        assert again.roles == ["doctor"]


def test_signing_in_and_failing_are_events_of_the_audit(house: House, anybody: Anybody) -> None:
    anybody().post("/staff/sign-in", data={"name": "Bob", "password": "wrong"})
    anybody().post("/staff/sign-in", data={"name": "Bob", "password": PASSWORD})
    with house.sessions() as session:
        actions = [event.action for event in audit.latest(session, 2)]
        assert actions == ["staff.sign_in", "staff.sign_in_failed"]
        assert audit.first_broken(session) is None
