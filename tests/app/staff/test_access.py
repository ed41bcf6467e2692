"""The access table against the routes: nothing is open by accident."""

import re
from collections.abc import Iterator

import pytest
from fastapi import APIRouter, Depends, FastAPI
from fastapi.routing import APIRoute
from starlette.testclient import TestClient

from app.deps import House
from app.errors import AppError
from app.main import make_app
from app.staff.access import ACCESS, levels_for
from app.staff.auth import admit, cookie_name
from app.staff.pages import router
from app.storage import staff, visits
from app.storage.staff import ROLES
from app.storage.tables import new_id
from tests.app.staff.cast import CAST, copied_house


def walk(routes: list[object]) -> Iterator[tuple[str, str]]:
    for route in routes:
        if isinstance(route, APIRoute):
            yield from ((method, route.path) for method in sorted(route.methods))
        else:
            yield from walk(list(getattr(getattr(route, "original_router", route), "routes", [])))


ROUTES = sorted(set(walk(list(router.routes))))
SAMPLES = ("0" * 32, "not-an-id", "%00", "-1")
WHO = ("nobody", "made-up token", "removed", *ROLES)


def filled(path: str, sample: str) -> str:
    address = re.sub(r"\{[a-z_]+\}", sample, path)
    return f"{address}?seconds=0" if address == "/staff/alerts/stream" else address


def test_every_route_has_an_entry_and_every_entry_a_route() -> None:
    assert len(ROUTES) > 40
    assert set(ROUTES) == set(ACCESS)


def test_the_matrix_below_holds_more_than_a_thousand_checks() -> None:
    checks = sum(len(WHO) * (len(SAMPLES) if "{" in path else 1) for _, path in ROUTES)
    assert checks >= 1_000, checks


@pytest.fixture(scope="module")
def crowd(prepared: House, tmp_path_factory: pytest.TempPathFactory) -> dict[str, TestClient]:
    """A client for each of WHO, in one house."""
    house = copied_house(prepared, tmp_path_factory.mktemp("access") / "var")
    app = make_app(house)
    clients = {who: TestClient(app, follow_redirects=False) for who in WHO}
    clients["made-up token"].cookies.set(cookie_name(house), "x" * 43)
    clients["house"] = TestClient(app)
    return clients


@pytest.fixture
def client_of(crowd: dict[str, TestClient]) -> dict[str, TestClient]:
    """The crowd with a live session for each role, made in the database: hashing is slow."""
    house: House = crowd["house"].app.state.house  # type: ignore[attr-defined]
    with house.sessions() as session, session.begin():
        for role in ROLES:
            member = staff.by_name(session, CAST[role])
            assert member is not None
            token = staff.start_session(session, house.master, member.staff_id)
            crowd[role].cookies.clear()
            crowd[role].cookies.set(cookie_name(house), token)
        rita = staff.add(session, f"Rita {new_id()}", "no hash", ROLES)
        session.flush()
        token = staff.start_session(session, house.master, rita.staff_id)
        crowd["removed"].cookies.set(cookie_name(house), token)
        staff.remove(session, rita)
    return crowd


@pytest.fixture
def visit_ids(client_of: dict[str, TestClient]) -> tuple[str, str]:
    """A visit that is open and one that was erased."""
    house: House = client_of["house"].app.state.house  # type: ignore[attr-defined]
    with house.sessions() as session, session.begin():
        kept, gone = (visits.open_visit(session, house.master) for _ in range(2))
        visits.erase(session, house.blobs, gone.visit.visit_id)
        return kept.visit.visit_id, gone.visit.visit_id


@pytest.mark.parametrize(("method", "path"), ROUTES, ids=str)
def test_only_the_roles_of_the_table_come_in(
    method: str, path: str, client_of: dict[str, TestClient], visit_ids: tuple[str, str]
) -> None:
    entry = ACCESS[(method, path)]
    samples = (*SAMPLES, *visit_ids) if "{" in path else ("",)
    addresses = [filled(path, one) for one in samples]
    for who in WHO:
        for address in addresses:
            form = {"level": "hold"} if method == "POST" else None  # the only one all may set
            answer = client_of[who].request(method, address, data=form)
            goes_to_sign_in = answer.headers.get("location") == "/staff/sign-in"
            if entry.is_public:
                assert answer.status_code in (200, 303, 401, 422, 429), (who, address)
            elif who not in ROLES:
                assert (answer.status_code, goes_to_sign_in) == (303, True), (who, address)
            elif who in entry.roles:
                assert answer.status_code not in (403, 500), (who, address)
                assert not goes_to_sign_in or path == "/staff/sign-out", (who, address)
            else:
                assert answer.status_code == 403, (who, address)


def test_a_route_without_an_entry_is_open_to_nobody(house: House) -> None:
    forgotten = APIRouter(dependencies=[Depends(admit)])
    forgotten.add_api_route("/staff/forgotten", lambda: "secret")
    app = FastAPI()
    app.state.house = house
    app.include_router(forgotten)
    with pytest.raises(AppError, match="forbidden"):
        TestClient(app).get("/staff/forgotten")


def test_levels_follow_the_roles() -> None:
    assert levels_for(frozenset({"nurse"})) == ("hold", "anatomy", "guarded")
    assert levels_for(frozenset({"nurse", "doctor"})) == ("hold", "anatomy", "guarded", "full")
    assert levels_for(frozenset({"admin", "librarian"})) == ()


@pytest.mark.parametrize(("method", "path"), [r for r in ROUTES if r[0] == "POST"], ids=str)
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
    ids=str,
)
def test_no_other_site_can_change_anything(
    method: str, path: str, headers: dict[str, str], client_of: dict[str, TestClient]
) -> None:
    answer = client_of["doctor"].post(filled(path, "0" * 32), headers=headers)
    assert answer.status_code == 403
    assert answer.text == "cross-origin request refused"


@pytest.mark.parametrize(("method", "path"), [r for r in ROUTES if r[0] == "POST"], ids=str)
def test_nothing_changes_by_looking(
    method: str, path: str, client_of: dict[str, TestClient]
) -> None:
    if ("GET", path) in ACCESS or path == "/staff/references/{reference_id}":
        return
    answer = client_of["admin"].get(filled(path, "0" * 32))
    assert answer.status_code in (403, 404, 405)
