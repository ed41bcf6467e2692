"""The patient's whole way in a real browser, on the compact model, as far as the PDF.

With ANTEROOM_SCREENSHOTS set, the README's picture is made anew: docs/screenshot.png.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from pydicom.data import get_testdata_file

from app.references.drawings import DRAWINGS
from app.references.drawn import drawn_png
from tests.builders import png_bytes
from tests.running_server import ROOT, RunningServer, running_server

pytestmark = pytest.mark.browser
TABLET = {"width": 1024, "height": 768}
LOOK_MS = 90_000
"""Far above what a look takes, for a machine that does other things at the same time."""


@pytest.fixture(scope="module")
def server(
    compact_model: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    data = tmp_path_factory.mktemp("patient") / "var"
    data.mkdir()
    with running_server(data, answer_floor_seconds="1") as running:
        yield running


def new_context(browser: Browser, server: RunningServer, **more: object) -> BrowserContext:
    options = {"base_url": server.address, "viewport": TABLET, "has_touch": True, **more}
    context = browser.new_context(**options)  # type: ignore[arg-type]
    context.set_default_timeout(60_000)
    return context


@pytest.fixture
def page(browser: Browser, server: RunningServer) -> Iterator[Page]:
    """A tablet on which any complaint of the browser fails the test."""
    context = new_context(browser, server)
    opened = context.new_page()
    complaints: list[str] = []
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on(
        "console",
        lambda said: complaints.append(said.text) if "Security Policy" in said.text else None,
    )
    opened.on(
        "request",
        lambda asked: (
            None
            if asked.url.startswith((server.address, "blob:"))
            else complaints.append(asked.url)
        ),
    )
    yield opened
    context.close()
    assert complaints == []


@pytest.fixture
def drawn_belly(tmp_path: Path) -> Path:
    """A drawn slice through a tummy: no patient's picture stands in this project."""
    drawing = next(d for d in DRAWINGS if (d.region, d.modality) == ("abdomen", "CT"))
    path = tmp_path / "tummy.png"
    path.write_bytes(drawn_png(drawing))
    return path


def start(page: Page, language: str = "en") -> None:
    page.goto("/")
    page.get_by_test_id(f"language-{language}").tap()
    page.wait_for_load_state()
    page.get_by_test_id("start-visit").tap()
    page.get_by_test_id("consent").check()
    page.get_by_test_id("continue").tap()
    page.wait_for_url("**/upload")


def upload(page: Page, file: Path | dict[str, object]) -> None:
    page.get_by_test_id("upload-input").set_input_files(file)  # type: ignore[arg-type]
    page.get_by_test_id("upload-submit").tap()
    page.wait_for_url("**/scan/*")
    expect(page.get_by_test_id("ask-what")).to_be_visible(timeout=LOOK_MS)


def drawn() -> dict[str, object]:
    return {"name": "drawn.png", "mimeType": "image/png", "buffer": png_bytes()}


def answers(page: Page, count: int) -> None:
    expect(page.get_by_test_id("answer")).to_have_count(count, timeout=LOOK_MS)


def ask_everything(page: Page) -> None:
    for count, handle in enumerate(("ask-what", "ask-healthy", "ask-might"), start=1):
        page.get_by_test_id(handle).tap()
        page.wait_for_load_state()
        answers(page, count)
    expect(
        page.get_by_test_id("no-reference").or_(page.get_by_test_id("reference"))
    ).to_be_visible()
    page.get_by_test_id("question-input").fill("Which part is the spleen?")
    page.get_by_test_id("question-submit").tap()
    answers(page, 4)
    page.get_by_test_id("question-add").first.tap()
    expect(page.get_by_test_id("question-list").locator("ol > li")).to_have_count(1)


def pdf_of(page: Page) -> bytes:
    with page.expect_download() as waiting:
        page.get_by_test_id("report-link").tap()
    return waiting.value.path().read_bytes()


def test_a_dicom_slice_from_the_start_to_the_pdf(page: Page) -> None:
    start(page)
    path = get_testdata_file("CT_small.dcm")
    assert isinstance(path, str)
    upload(page, Path(path))
    named = page.get_by_test_id("structure").or_(page.get_by_test_id("no-structure"))
    expect(named.first).to_be_visible()
    ask_everything(page)
    assert pdf_of(page).startswith(b"%PDF-")
    page.get_by_test_id("finish").tap()
    page.wait_for_url("**/finish")
    page.go_back()
    expect(page.get_by_test_id("scan-image")).to_have_count(0)


def test_named_parts_from_the_start_to_the_pdf(page: Page, drawn_belly: Path) -> None:
    start(page)
    upload(page, drawn_belly)
    structures = page.get_by_test_id("structure")
    expect(structures.first).to_be_visible()
    keys = {one.get_attribute("data-structure") for one in structures.all()}
    assert keys & {"liver", "spleen", "left kidney", "right kidney"}
    if os.environ.get("ANTEROOM_SCREENSHOTS"):
        target = ROOT / "docs" / "screenshot.png"
        target.parent.mkdir(exist_ok=True)
        page.wait_for_timeout(500)  # until the list has stopped unfolding
        page.screenshot(path=target)
    # A shape in the picture and its line in the list light up together.
    shape = page.locator(".shape").last
    shape.dispatch_event("click")
    number = shape.get_attribute("data-part")
    line = page.locator(f'.parts [data-part="{number}"]')
    expect(line.locator("p")).to_be_visible()
    expect(line).to_have_class("is-lit")
    page.get_by_role("button", name="Larger").tap()
    assert "scale(1.5)" in str(page.locator("[data-canvas]").get_attribute("style"))
    ask_everything(page)
    assert pdf_of(page).startswith(b"%PDF-")
    page.get_by_test_id("erase").tap()
    page.wait_for_url("**/erase")
    page.get_by_test_id("erase").tap()
    expect(page.get_by_test_id("erased")).to_be_visible()


def test_the_way_works_without_script(browser: Browser, server: RunningServer) -> None:
    context = new_context(browser, server, java_script_enabled=False)
    page = context.new_page()
    start(page)
    upload(page, drawn())
    page.get_by_test_id("ask-what").tap()
    answers(page, 1)
    page.locator(".help > summary").tap()
    expect(page.locator(".help form button")).to_be_visible()
    context.close()


def test_the_way_works_with_the_keyboard_alone(page: Page) -> None:
    page.goto("/")
    press_until(page, "start-visit")
    page.wait_for_url("**/consent")
    press_until(page, "consent", "Space")
    press_until(page, "continue")
    page.wait_for_url("**/upload")
    page.get_by_test_id("upload-input").set_input_files(drawn())  # type: ignore[arg-type]
    press_until(page, "upload-submit")
    expect(page.get_by_test_id("ask-what")).to_be_visible(timeout=LOOK_MS)
    press_until(page, "ask-what")
    page.wait_for_load_state()
    answers(page, 1)


def press_until(page: Page, handle: str, key: str = "Enter") -> None:
    for _ in range(60):
        page.keyboard.press("Tab")
        focused = page.evaluate("document.activeElement.dataset.testid ?? ''")
        if focused == handle:
            page.keyboard.press(key)
            return
    raise AssertionError(f"{handle} cannot be reached with the keyboard")


@pytest.mark.parametrize("width", [320, 768, 1366])
def test_no_page_is_wider_than_the_screen(
    browser: Browser, server: RunningServer, width: int
) -> None:
    context = new_context(browser, server, viewport={"width": width, "height": 900})
    page = context.new_page()
    start(page, "de")
    upload(page, drawn())
    scan = page.url
    for path in ("/", "/upload", scan, "/questions", "/gallery", "/wait", "/erase", "/nothing"):
        page.goto(path)
        wide = page.evaluate(
            "[...document.querySelectorAll('body *')]"
            f".filter(one => one.checkVisibility() && one.getBoundingClientRect().right > {width})"
            ".map(one => one.outerHTML.slice(0, 120))"
        )
        assert page.evaluate("document.documentElement.scrollWidth") <= width, (path, wide)
        small = page.evaluate(
            "[...document.querySelectorAll('a.button, button, summary, .ask, .choice')]"
            ".filter(one => one.checkVisibility() && one.getBoundingClientRect().height < 48)"
            ".map(one => one.outerHTML.slice(0, 80))"
        )
        assert small == [], path
    context.close()


def test_an_idle_tablet_asks_and_is_then_put_down(
    browser: Browser, compact_model: Path, tmp_path: Path
) -> None:
    (tmp_path / "var").mkdir()
    with running_server(tmp_path / "var", idle_seconds="30") as quick:
        context = new_context(browser, quick)
        page = context.new_page()
        start(page)
        dialog = page.locator("#idle")
        expect(dialog).to_be_visible(timeout=30_000)
        dialog.get_by_role("button", name="I am still here").tap()
        expect(dialog).not_to_be_visible()
        expect(dialog).to_be_visible(timeout=30_000)
        page.wait_for_url("**/finish", timeout=40_000)
        assert page.context.cookies() == []
        context.close()
