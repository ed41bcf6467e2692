"""Every route of the house against everybody who has no business there, and every foreign page.

Default deny: a route that is not named public below must send strangers away, so a new route that
forgets to ask fails here without anybody adding it to a list.
"""

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from sqlalchemy import MetaData
from starlette.testclient import TestClient

from app.deps import House
from app.main import make_app
from app.staff.access import ACCESS
from app.staff.auth import cookie_name
from app.storage import questions, staff, turns, visits
from app.storage.scans import Look, store_look
from app.storage.tables import Scan, new_id
from app.storage.turns import Asked
from tests.app.staff.cast import CAST, copied_house
from tests.app.staff.same_time import ALIKE, times_apart
from tests.app.staff.test_access import walk
from tests.builders import stored_scan

PUBLIC = {
    ("GET", "/"),
    ("GET", "/gallery"),
    ("GET", "/card"),
    ("GET", "/privacy"),
    ("GET", "/v/{token}"),
    ("POST", "/v/{token}"),
    ("GET", "/take/{token}"),
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/clinic/colours.css"),
    ("GET", "/clinic/logo.png"),
    ("GET", "/reference/{reference_id}.png"),
    ("GET", "/reference/{reference_id}.svg"),
    ("POST", "/start"),
    ("POST", "/language"),
    ("POST", "/finish"),
}
STRANGERS = ("nobody", "made-up token", "Dan", "Alice after finish", "erased", *CAST.values())
MALFORMED = ("not-an-id", "%00", "-1", "..%2f..%2fvisits", "' OR 1=1 --", "0" * 33)
GUESSED = "0" * 32
SENT_AWAY = (303, 401, 403, 404, 405, 422)


@dataclass
class Town:
    """A house in which Alice and Dan have visits, and clients of everybody."""

    house: House
    clients: dict[str, TestClient] = field(default_factory=dict)
    ids: dict[str, dict[str, str]] = field(default_factory=dict)
    checks: int = 0

    @property
    def routes(self) -> list[tuple[str, str]]:
        """Every route that is not for staff."""
        app = next(iter(self.clients.values())).app
        found = sorted(set(walk(list(app.routes))))  # type: ignore[attr-defined]
        return [route for route in found if not route[1].startswith("/staff")]


@pytest.fixture(scope="module")
def town(prepared: House, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    house = copied_house(prepared, tmp_path_factory.mktemp("town") / "var")
    town, app = Town(house), make_app(house)
    town.clients = {who: TestClient(app, follow_redirects=False) for who in ("Alice", *STRANGERS)}
    for who in ("Alice", "Dan", "Alice after finish", "erased"):
        _open(town, who)
    town.clients["Alice after finish"].post("/finish")  # its cookie is put back below
    with house.sessions() as session, session.begin():
        visits.erase(session, house.blobs, town.ids["erased"]["visit_id"])
        for name in CAST.values():
            member = staff.by_name(session, name)
            assert member is not None
            token = staff.start_session(session, house.master, member.staff_id)
            town.clients[name].cookies.set(cookie_name(house), token)
    ended = town.ids["Alice after finish"].pop("cookie")
    town.clients["Alice after finish"].cookies.set("anteroom-visit", ended)
    town.clients["made-up token"].cookies.set("anteroom-visit", "x" * 43)
    yield town
    house.engine.dispose()


def _open(town: Town, who: str) -> None:
    """A visit with a picture, a question, a line of the list, and a tablet on it."""
    house, client = town.house, town.clients[who]
    with house.sessions() as session, session.begin():
        opened = visits.open_visit(session, house.master)
    scan_id = stored_scan(house, opened).scan_id
    with house.sessions() as session, session.begin():
        scan = session.get(Scan, scan_id)
        assert scan is not None
        store_look(session, opened, scan, Look("CT", "axial", "abdomen", True), [])
        asked = Asked("question", f"a question of {who}", "en", "allow", "i", "p", scan_id)
        turn_id = turns.add_turn(session, opened, asked).turn_id
        line_id = questions.add(session, opened, f"a line of {who}", "own")
    client.post("/start", data={"code": visits.code_of(opened)})
    client.post("/consent", data={"consent": "yes"})
    town.ids[who] = {
        "visit_id": opened.visit.visit_id,
        "scan_id": scan_id,
        "turn_id": turn_id,
        "question_id": line_id,
        "cookie": client.cookies["anteroom-visit"],
    }


def filled(path: str, ids: dict[str, str]) -> str:
    """An address with these ids; one that is not named is taken as it stands."""
    return re.sub(r"\{(\w+)\}", lambda found: ids.get(found[1], "0"), path)


def everywhere(one: str) -> dict[str, str]:
    return dict.fromkeys(("scan_id", "turn_id", "question_id", "reference_id"), one)


def ask(town: Town, who: str, method: str, address: str) -> tuple[int, str, str]:
    """Status, address to go to, and body without the id that was asked for."""
    town.checks += 1
    answer = town.clients[who].request(method, address)
    body = re.sub(r"[0-9a-f]{32}", "ID", answer.text)
    return answer.status_code, answer.headers.get("location", ""), body


def test_the_public_routes_are_there(town: Town) -> None:
    assert set(town.routes) >= PUBLIC


def test_strangers_are_sent_away_from_every_other_route(town: Town) -> None:
    kept = [route for route in town.routes if route not in PUBLIC]
    alices = town.ids["Alice"]
    for method, path in kept:
        for who in STRANGERS:
            if who == "Dan" and "{" not in path:
                continue  # what has no id in it is his own
            for ids in (alices, everywhere(GUESSED), *map(everywhere, MALFORMED)):
                status, where, body = ask(town, who, method, filled(path, ids))
                assert status in SENT_AWAY, (who, method, path, status)
                assert status != 303 or where == "/", (who, method, path, where)
                assert "of Alice" not in body, (who, method, path)
                if "{" not in path:
                    break


def test_foreign_erased_and_guessed_ids_look_alike(town: Town) -> None:
    for method, path in town.routes:
        if "{" not in path or (method, path) in PUBLIC:
            continue
        foreign, erased, guessed = (
            ask(town, "Dan", method, filled(path, ids))
            for ids in (town.ids["Alice"], town.ids["erased"], everywhere(GUESSED))
        )
        assert foreign == erased == guessed, (method, path)
        assert foreign[0] in (401, 404, 422), (method, path, foreign[0])


def test_foreign_erased_and_guessed_ids_take_the_same_time(
    town: Town, record_property: Callable[[str, object], None]
) -> None:
    """No clock tells an id that is another patient's from one that never was."""
    own = [p for m, p in town.routes if m == "GET" and "{" in p and (m, p) not in PUBLIC]
    staffs = [p for m, p in ACCESS if m == "GET" and "{visit_id}" in p]
    alices, erased = town.ids["Alice"], town.ids["erased"]
    guessed = {**alices, **everywhere(GUESSED), "visit_id": GUESSED}
    apart = {}
    for who, kind, ids, paths in (
        ("Dan", "foreign", alices, own),
        ("Dan", "erased", erased, own),
        (CAST["doctor"], "erased", {**alices, "visit_id": erased["visit_id"]}, staffs),
    ):
        for path in paths:
            both = filled(path, ids), filled(path, guessed)
            apart[who, kind, path] = times_apart(town.clients[who], both)
    record_property("times apart, most", round(max(apart.values()), 2))
    assert {key: ratio for key, ratio in apart.items() if ratio > ALIKE} == {}


def test_a_longer_look_for_one_of_two_ids_would_be_noticed(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    dan, alices = town.clients["Dan"], town.ids["Alice"]["scan_id"]
    plain = dan.get

    def slower(address: str) -> object:
        if alices in address:
            plain(address)
        return plain(address)

    monkeypatch.setattr(dan, "get", slower)
    assert times_apart(dan, (f"/scan/{alices}", f"/scan/{GUESSED}")) > ALIKE


def test_staff_ids_that_were_erased_guessed_or_malformed_look_alike(town: Town) -> None:
    erased = town.ids["erased"]["visit_id"]
    for method, path in ACCESS:
        if "{visit_id}" not in path or path.endswith("/reopen"):
            continue
        answers = [
            ask(town, CAST["doctor"], method, filled(path, {**town.ids["Alice"], "visit_id": one}))
            for one in (erased, GUESSED)
        ]
        assert answers[0] == answers[1], (method, path)
        assert answers[0][0] == 404, (method, path, answers[0][0])


def state_of(house: House) -> str:
    """A digest over every row of every table but those that note who was seen when."""
    known = MetaData()
    known.reflect(house.engine)
    digest = hashlib.sha256()
    with house.engine.connect() as connection:
        for table in known.sorted_tables:
            if table.name in ("staff_sessions", "tablet_sessions"):
                continue
            for row in sorted(repr(tuple(row)) for row in connection.execute(table.select())):
                digest.update(row.encode())
    return digest.hexdigest()


FORGED: tuple[dict[str, str], ...] = (
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": ""},
    {"Origin": "http://testserver.evil.example"},
    {"Origin": "https://evil.example", "Content-Type": "text/plain"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://testserver"},
)


def test_no_other_site_changes_anything_anywhere(town: Town) -> None:
    before = state_of(town.house)
    routes = [*town.routes, *ACCESS]
    for method, path in routes:
        if method == "GET":
            continue
        who = CAST["doctor"] if path.startswith("/staff") else "Alice"
        for headers in FORGED:
            town.checks += 1
            address = filled(path, town.ids["Alice"])
            answer = town.clients[who].request(method, address, headers=headers)
            assert answer.status_code == 403, (method, path, headers)
            assert answer.text == "cross-origin request refused"
    assert state_of(town.house) == before


def test_a_method_in_disguise_changes_nothing(town: Town) -> None:
    before = state_of(town.house)
    gets = {path for method, path in (*town.routes, *ACCESS) if method == "GET"}
    for method, path in (*town.routes, *ACCESS):
        if method == "GET" or path in gets:
            continue
        who = CAST["admin"] if path.startswith("/staff") else "Alice"
        for name in ("X-HTTP-Method-Override", "X-Method-Override"):
            town.checks += 1
            address = filled(path, town.ids["Alice"]) + "?_method=POST"
            answer = town.clients[who].get(address, headers={name: "POST"})
            assert answer.status_code in (403, 404, 405), (path, answer.status_code)
    assert state_of(town.house) == before


def test_names_in_addresses_are_128_random_bits_and_say_nothing() -> None:
    """Of so many names each bit is set about half the time, and none comes twice."""
    count = 4_096
    names = [new_id() for _ in range(count)]
    assert len(set(names)) == count
    assert all(re.fullmatch("[0-9a-f]{32}", name) for name in names)
    bits = [sum(int(name, 16) >> place & 1 for name in names) for place in range(128)]
    assert all(abs(found - count / 2) < 6 * (count / 4) ** 0.5 for found in bits)


def test_more_than_a_thousand_checks_were_made(town: Town) -> None:
    assert town.checks > 1_000, town.checks
