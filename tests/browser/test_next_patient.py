"""Twelve looks of the next patient at a tablet that was put down, and one that was let fall.

RELIABILITY bar 18: nothing of the former patient is there, wherever one looks.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from app.deps import House
from app.storage import turns, visits
from app.storage.turns import Asked
from tests.browser.prepared import PreparedVisit, prepare_house, prepare_visit
from tests.builders import open_test_house
from tests.running_server import RunningServer, running_server

pytestmark = pytest.mark.browser
CANARY = "Zanzibar marmalade"
"""What the former patient typed: it must be nowhere."""
COOKIE = "anteroom-visit"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    made = open_test_house(tmp_path_factory.mktemp("next") / "var")
    prepare_house(made)
    return made


@pytest.fixture(scope="module")
def server(compact_model: Path, house: House) -> Iterator[RunningServer]:
    folder = house.settings.data_dir
    with running_server(folder, answer_floor_seconds="0", workers="0", kiosk="1") as running:
        yield running


class Left:
    """A tablet on which somebody read and typed, and which was then put down."""

    def __init__(self, browser: Browser, server: RunningServer, visit: PreparedVisit) -> None:
        self.server, self.visit = server, visit
        self.context: BrowserContext = browser.new_context(
            base_url=server.address, viewport={"width": 820, "height": 1180}, has_touch=True
        )
        self.downloads: list[str] = []
        self.page: Page = self.context.new_page()
        self.page.on("download", lambda one: self.downloads.append(one.url))
        self.scan = f"/scan/{visit.looked}"
        self.token = ""

    def read_and_put_down(self) -> None:
        self.page.goto("/")
        self.page.locator(".fold summary").click()
        self.page.get_by_test_id("visit-code").fill(self.visit.code)
        self.page.locator(".code-row button").click()
        self.page.wait_for_url("**/scan/*")
        self.page.goto("/questions")
        self.page.locator("textarea").fill(CANARY)
        self.page.get_by_test_id("question-add").first.click()
        self.page.get_by_text(CANARY).first.wait_for()
        self.page.goto(self.scan)
        self.token = next(c["value"] for c in self.context.cookies() if c["name"] == COOKIE)  # type: ignore[misc]
        self.page.get_by_test_id("question-input").fill(CANARY)
        self.page.get_by_test_id("finish").click()
        self.page.wait_for_url("**/finish")

    def shows_something(self) -> list[str]:
        """What of the former patient is on the page at hand."""
        text = self.page.content()
        marks = (CANARY, self.visit.code, self.visit.looked)
        found = [mark for mark in marks if mark in text]
        return found + ["picture"] * self.page.get_by_test_id("scan-image").count()


@pytest.fixture
def left(browser: Browser, server: RunningServer, house: House) -> Iterator[Left]:
    made = Left(browser, server, prepare_visit(house))
    made.read_and_put_down()
    yield made
    made.context.close()


def back_button(left: Left) -> list[str]:
    left.page.go_back()
    return left.shows_something()


def stored_page(left: Left) -> list[str]:
    """Out of the back-forward store a page would come as it was, and say that it did."""
    left.page.add_init_script("addEventListener('pageshow', e => { window.kept = e.persisted; })")
    for _ in range(3):
        left.page.go_back()
    return left.shows_something() + ["kept"] * bool(left.page.evaluate("window.kept === true"))


def whole_history(left: Left) -> list[str]:
    found: list[str] = []
    for _ in range(int(left.page.evaluate("history.length"))):
        if left.page.go_back() is None:
            break
        found += left.shows_something()
    return found


def reload(left: Left) -> list[str]:
    left.page.go_back()
    left.page.reload()
    return left.shows_something()


def known_addresses(left: Left) -> list[str]:
    found = []
    for path in (left.scan, f"{left.scan}/picture.png", "/questions", "/report.pdf", "/erase"):
        left.page.goto(path)
        found += left.shows_something() + [path] * (left.page.url.endswith(path))
    return found


def print_preview(left: Left) -> list[str]:
    left.page.go_back()
    left.page.emulate_media(media="print")
    assert left.page.pdf().startswith(b"%PDF-")
    return left.shows_something()


def filled_fields(left: Left) -> list[str]:
    """No field keeps or offers what was typed: each says so, and comes up empty."""
    found = []
    for path in ("/", "/staff/sign-in"):
        left.page.goto(path)
        values = left.page.evaluate(
            "[...document.querySelectorAll('input:not([type=hidden]), textarea')].map(o => o.value)"
        )
        found += [value for value in values if value]
    left.page.goto("/")
    return found + left.page.evaluate(
        "[...document.querySelectorAll('input:not([type=hidden]), textarea')]"
        ".filter(o => o.autocomplete !== 'off').map(o => o.outerHTML)"
    )


def storage(left: Left) -> list[str]:
    return list(
        left.page.evaluate(
            "async () => [...Object.keys(localStorage), ...Object.keys(sessionStorage),"
            " ...(await indexedDB.databases()).map(one => one.name)]"
        )
    )


def caches(left: Left) -> list[str]:
    """Neither a cache of scripts nor the browser's own still has the picture."""
    address = f"{left.scan}/picture.png"
    return list(
        left.page.evaluate(
            "async path => [...(await globalThis.caches?.keys() ?? []), ...await fetch(path,"
            " {cache: 'force-cache'}).then(r => r.headers.get('content-type').includes('image')"
            " ? [path] : [])]",
            address,
        )
    )


def service_workers(left: Left) -> list[str]:
    there = "async () => (await navigator.serviceWorker?.getRegistrations() ?? []).length"
    return ["worker"] * int(left.page.evaluate(there))


def downloads(left: Left) -> list[str]:
    """A kiosk saves no file: neither by itself nor when asked for one."""
    answer = left.page.request.get("/report.pdf", max_redirects=0)
    return left.downloads + (["pdf"] if answer.status == 200 else [])


def old_cookie(left: Left) -> list[str]:
    """The token of the session that ended opens nothing: 50 times of 50."""
    found = ["cookie"] * any(one["name"] == COOKIE for one in left.context.cookies())  # type: ignore[misc]
    with httpx.Client(base_url=left.server.address, cookies={COOKIE: left.token}) as client:
        for _ in range(50):
            answer = client.get(left.scan)
            found += ["replay"] * (answer.status_code == 200)
    return found


LOOKS: list[Callable[[Left], list[str]]] = [
    back_button,
    stored_page,
    whole_history,
    reload,
    known_addresses,
    print_preview,
    filled_fields,
    storage,
    caches,
    service_workers,
    downloads,
    old_cookie,
]


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: look.__name__)
def test_the_next_patient_sees_nothing(left: Left, look: Callable[[Left], list[str]]) -> None:
    assert look(left) == []


def test_a_tab_that_dies_while_an_answer_is_made_shows_it_to_nobody_else(
    browser: Browser, server: RunningServer, house: House
) -> None:
    left = Left(browser, server, prepare_visit(house))
    left.page.goto("/")
    left.page.request.post("/start", form={"code": left.visit.code})
    with house.sessions() as session, session.begin():
        opened = visits.find_by_code(session, house.master, left.visit.code)
        assert opened is not None
        asked = Asked("question", CANARY, "en", "allow", "t", "v", left.visit.looked)
        turns.add_turn(session, opened, asked)
    left.page.goto(left.scan)
    assert left.page.locator("[data-pending]").count() == 1
    old = next(c["value"] for c in left.context.cookies() if c["name"] == COOKIE)  # type: ignore[misc]
    left.page.close()
    left.page = left.context.new_page()
    left.page.goto("/")
    assert CANARY not in left.page.content()
    left.page.get_by_test_id("start-visit").click()
    left.page.wait_for_url("**/consent")
    left.token = old
    assert old not in {c["value"] for c in left.context.cookies()}  # type: ignore[misc]
    left.context.clear_cookies()
    assert old_cookie(left) == []
    for path in ("/", left.scan, f"{left.scan}/answers"):
        left.page.goto(path)
        assert CANARY not in left.page.content(), path
    left.context.close()


def test_leaving_says_to_forget(server: RunningServer) -> None:
    answer = httpx.post(f"{server.address}/finish")
    assert answer.headers["clear-site-data"] == '"cache", "storage"'
    assert answer.headers["cache-control"] == "no-store"
