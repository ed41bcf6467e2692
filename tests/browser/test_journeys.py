"""The whole way, from the start to erasing everything, for everybody who may hold the tablet.

By touch on a small and on a large screen, in Arabic, with keys alone, without JavaScript, and by
the accessibility tree; each time with the model that ships.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.hands import Finger, Hand, Keys, Listener
from tests.browser.prepared import belly, enter, prepare_house
from tests.browser.scanning import read_square
from tests.builders import open_test_house
from tests.running_server import RunningServer, running_server

pytestmark = pytest.mark.browser
LOOK_MS = 90_000
"""Far above what a look takes, for a machine that does other things at the same time."""
OWN_WORDS = "May I eat before the next picture?"
FOREIGN = """() => [...document.querySelectorAll('main *')]
  .filter(one => one.checkVisibility() && !one.closest('[lang]:not(html):not([lang=ar])')
    && !one.closest('.language-row, [dir=ltr], .listed, .asked, figcaption'))
  .flatMap(one => [...one.childNodes]).filter(one => one.nodeType === Node.TEXT_NODE)
  .map(one => one.textContent.trim()).filter(text => /[a-z]{3,}(\\s+[a-z]{2,}){2,}/i.test(text))"""
WAYS = {
    "touch": {"viewport": {"width": 820, "height": 1180}},
    "arabic": {"viewport": {"width": 1180, "height": 820}},
    "narrow": {"viewport": {"width": 320, "height": 640}},
    "wide": {"viewport": {"width": 1366, "height": 1024}},
    "keyboard": {"viewport": {"width": 1024, "height": 768}, "has_touch": False},
    "no-script": {"viewport": {"width": 820, "height": 1180}, "java_script_enabled": False},
}


@pytest.fixture(scope="module")
def server(
    compact_model: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("journeys") / "var"
    prepare_house(open_test_house(folder))  # healthy examples to compare with
    with running_server(folder, answer_floor_seconds="0", idle_seconds="600") as running:
        yield running


def open_context(browser: Browser, server: RunningServer, **options: object) -> BrowserContext:
    merged = {"base_url": server.address, "has_touch": True, **options}
    context = browser.new_context(**merged)  # type: ignore[arg-type]
    context.set_default_timeout(60_000)
    return context


def watch(page: Page, server: RunningServer) -> list[str]:
    """Everything a browser complains of, and every request that leaves the house."""
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.on(
        "request",
        lambda one: (
            None if one.url.startswith((server.address, "blob:")) else complaints.append(one.url)
        ),
    )
    return complaints


def check_page(hand: Hand, language: str) -> None:
    """What must hold on every page of the way."""
    page = hand.page
    expect(page.locator("html")).to_have_attribute("lang", language)
    expect(page.locator("h1")).to_have_count(1)
    size = page.viewport_size or {"width": 0}
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], page.url
    if language == "ar":
        assert page.locator("html").get_attribute("dir") == "rtl"
        assert page.evaluate(FOREIGN) == [], page.url


def arrive(hand: Hand, language: str) -> None:
    page = hand.page
    page.goto("/")
    hand.press(f"language-{language}")
    check_page(hand, language)
    hand.press("start-visit")
    page.wait_for_url("**/consent")
    check_page(hand, language)
    hand.press("continue")
    expect(page.get_by_test_id("error")).to_be_visible()  # without the tick it says so
    hand.press('[data-testid="error"] a')
    hand.press("consent")
    hand.press("continue")
    page.wait_for_url("**/upload")
    check_page(hand, language)
    file = {"name": "tummy.png", "mimeType": "image/png", "buffer": belly()}
    page.get_by_test_id("upload-input").set_input_files(file)  # type: ignore[arg-type]
    hand.press("upload-submit")
    page.wait_for_url("**/scan/*")
    expect(page.get_by_test_id("ask-what")).to_be_visible(timeout=LOOK_MS)
    check_page(hand, language)


def answered(page: Page, count: int) -> None:
    expect(page.get_by_test_id("answer")).to_have_count(count, timeout=LOOK_MS)


def learn(hand: Hand, language: str) -> None:
    page = hand.page
    structures = page.get_by_test_id("structure")
    expect(structures.first).to_be_visible()
    hand.press('[data-testid="structure"]:nth-child(2) summary')
    expect(structures.nth(1).locator("details > p")).to_be_visible()
    for count, handle in enumerate(("ask-what", "ask-healthy", "ask-might"), start=1):
        hand.press(handle)
        answered(page, count)
    expect(page.get_by_test_id("reference").first).to_be_visible()
    hand.press("chip")
    answered(page, 4)
    check_page(hand, language)


def collect(hand: Hand, language: str) -> None:
    page = hand.page
    if not page.get_by_test_id("question-add").first.is_visible():
        hand.press("#list summary")
    hand.press("question-add")
    hand.press('#list a[href="/questions"]')
    check_page(hand, language)
    hand.type("#text", OWN_WORDS)
    hand.press("question-add")
    lines = page.get_by_test_id("question-list").locator("ol > li")
    expect(lines).to_have_count(2)
    hand.press(".listed li:nth-child(2) button[value=up]")
    expect(lines.first).to_contain_text(OWN_WORDS)
    hand.press(".listed li:nth-child(2) form:last-child button")
    expect(lines).to_have_count(1)


def leave_and_come_back(hand: Hand, language: str) -> None:
    page = hand.page
    page.goto("/go-on")
    code = page.locator(".code-shown").inner_text()
    paper = page.request.get(str(page.get_by_test_id("report-link").get_attribute("href")))
    assert paper.body().startswith(b"%PDF-")
    hand.press("finish")
    page.wait_for_url("**/finish")
    assert [one["name"] for one in page.context.cookies()] == []  # type: ignore[misc]
    page.goto("/")
    hand.press(f"language-{language}")
    hand.press(".fold summary")
    hand.type("visit-code", code)
    hand.press(".code-row button")
    page.wait_for_url("**/scan/*")
    answered(page, 4)
    check_page(hand, language)
    hand.press("erase")
    page.wait_for_url("**/erase")
    check_page(hand, language)
    hand.press("erase")
    expect(page.get_by_test_id("erased")).to_be_visible()
    check_page(hand, language)


@pytest.mark.parametrize("way", WAYS)
def test_the_whole_way(browser: Browser, server: RunningServer, way: str) -> None:
    context = open_context(browser, server, **WAYS[way])
    page = context.new_page()
    complaints = watch(page, server)
    hand: Hand = Keys(page) if way == "keyboard" else Finger(page)
    language = "ar" if way == "arabic" else "en"
    arrive(hand, language)
    learn(hand, language)
    collect(hand, language)
    leave_and_come_back(hand, language)
    context.close()
    assert [one for one in complaints if "422" not in one] == []


def test_a_whole_way_by_what_a_screen_reader_reads(browser: Browser, server: RunningServer) -> None:
    """Role and name alone lead from the start to erasing; what changes by itself is announced."""
    context = open_context(browser, server, has_touch=False)
    page = context.new_page()
    ear = Listener(page)
    page.goto("/")
    landmarks = [role for role, _, _ in ear.hears()]
    assert {"banner", "main", "contentinfo"} <= set(landmarks)
    ear.press("button", "Start")
    page.wait_for_url("**/consent")
    ear.press("button", "Continue")
    expect(page.get_by_test_id("error")).to_be_visible()
    assert ear.find("alert", "")
    ear.press("checkbox", "I have read this and I agree")
    ear.press("button", "Continue")
    page.wait_for_url("**/upload")
    file = {"name": "tummy.png", "mimeType": "image/png", "buffer": belly()}
    page.get_by_test_id("upload-input").set_input_files(file)  # type: ignore[arg-type]
    ear.press("button", "Look at my pictures")
    page.wait_for_url("**/scan/*")
    expect(page.get_by_test_id("ask-what")).to_be_visible(timeout=LOOK_MS)
    heard = ear.hears()
    headings = [name for role, name, _ in heard if role == "heading"]
    assert headings[0].startswith("This picture shows")
    assert any(role == "image" and name.startswith("Your picture.") for role, name, _ in heard)
    parts = [name for role, name, _ in heard if role == "link" and name[:3] in ("1: ", "2: ")]
    assert len(parts) == 2, "each shape in the picture has a number and a name"
    ear.press("link", parts[1])
    expect(page.locator("[data-told]")).to_contain_text(parts[1].removeprefix("2: "))
    for count, question in enumerate(
        ("What am I looking", "How does a healthy", "What condition"), 1
    ):
        ear.press("button", question)
        answered(page, count)
    assert page.locator("#answers [aria-live=polite]").count() == 1
    ear.type("textbox", "Your question", "Which part is the liver?")
    ear.press("button", "Ask")
    answered(page, 4)
    ear.press("link", "Change my list")
    ear.type("textbox", "A question in your own words", OWN_WORDS)
    ear.press("button", "Put it on my list")
    expect(page.locator(".listed li")).to_have_count(1)
    assert ear.find("button", f"Remove: {OWN_WORDS}")
    ear.press("link", "Back")
    ear.press("link", "Erase everything")
    ear.press("button", "Yes, erase everything")
    assert ear.find("heading", "Everything is erased")
    context.close()


def test_a_kiosk_sends_the_paper_to_ones_own_telephone(browser: Browser, tmp_path: Path) -> None:
    """Nothing is saved on the tablet: a square is scanned, and works once."""
    visit = prepare_house(open_test_house(tmp_path / "var"))
    with running_server(tmp_path / "var", workers="0", kiosk="1") as server:
        context = open_context(browser, server, viewport={"width": 1366, "height": 1024})
        page = context.new_page()
        saved: list[str] = []
        page.on("download", lambda one: saved.append(one.url))
        enter(page, visit)
        page.goto(f"/scan/{visit.looked}")
        page.get_by_test_id("report-link").tap()
        expect(page.get_by_test_id("phone-square")).to_be_visible()
        address = read_square(page.locator(".qr").screenshot())
        phone = browser.new_context()
        first, second = phone.request.get(address), phone.request.get(address)
        assert first.body().startswith(b"%PDF-")
        assert second.status == 404
        assert page.request.get("/report.pdf", max_redirects=0).status == 403
        assert saved == []
        phone.close()
        context.close()
