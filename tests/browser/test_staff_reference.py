"""Staff keep a healthy picture, and the patient sees it beside their own: two browsers."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from app.references.drawings import DRAWINGS
from app.references.drawn import drawn_png
from tests.running_server import ROOT, RunningServer, running_server

pytestmark = pytest.mark.browser
PASSWORD = "a password for tests"


@pytest.fixture(scope="module")
def server(
    compact_model: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    data = tmp_path_factory.mktemp("staff") / "var"
    data.mkdir()
    add = [sys.executable, "-m", "app", "add-staff", "Lena", "--password-stdin"]
    for role in ("nurse", "doctor", "librarian", "admin"):
        add += ["--role", role]
    settings = {"ANTEROOM_DATA_DIR": str(data), "PATH": "/usr/bin:/bin"}
    subprocess.run(add, cwd=ROOT, env=settings, input=f"{PASSWORD}\n".encode(), check=True)
    with running_server(data, answer_floor_seconds="0") as running:
        yield running


def new_page(browser: Browser, server: RunningServer) -> Page:
    context = browser.new_context(
        base_url=server.address, viewport={"width": 1024, "height": 768}, has_touch=True
    )
    context.set_default_timeout(60_000)
    return context.new_page()


def sign_in(page: Page) -> None:
    page.goto("/staff")
    page.get_by_test_id("staff-user").fill("Lena")
    page.get_by_test_id("staff-password").fill(PASSWORD)
    page.get_by_test_id("staff-submit").click()
    page.wait_for_url("**/staff/visits")


def keep_reference(page: Page, picture: bytes, region: str, modality: str, plane: str) -> None:
    page.goto("/staff/references")
    file = {"name": "healthy.png", "mimeType": "image/png", "buffer": picture}
    page.get_by_test_id("reference-file").set_input_files([file])  # type: ignore[list-item]
    page.get_by_test_id("reference-body-part").select_option(region)
    page.get_by_test_id("reference-modality").select_option(modality)
    page.get_by_test_id("reference-plane").select_option(plane)
    page.get_by_test_id("reference-licence").fill("CC0")
    page.get_by_test_id("reference-submit").click()
    page.wait_for_url("**/staff/references?done=*")


def look(page: Page, picture: bytes) -> None:
    """The patient's shortest path to the page of a scan."""
    page.goto("/")
    page.get_by_test_id("start-visit").click()
    page.get_by_test_id("consent").check()
    page.get_by_test_id("continue").click()
    file = {"name": "mine.png", "mimeType": "image/png", "buffer": picture}
    page.get_by_test_id("upload-input").set_input_files([file])  # type: ignore[list-item]
    submit = page.get_by_test_id("upload-submit")
    if submit.is_visible():
        submit.click()
    expect(page.get_by_test_id("ask-healthy")).to_be_visible(timeout=90_000)


def test_a_kept_reference_stands_beside_the_patients_scan(
    server: RunningServer, browser: Browser
) -> None:
    """Whatever the model takes the picture for, an example of every kind is in the library."""
    mine = drawn_png(DRAWINGS[6], 3)
    staff, patient = new_page(browser, server), new_page(browser, server)
    sign_in(staff)
    look(patient, mine)
    assert patient.get_by_test_id("reference").count() == 0
    patient.get_by_test_id("ask-healthy").click()
    expect(patient.get_by_test_id("no-reference").first).to_be_visible()
    words = scan_words(staff)
    keep_reference(staff, drawn_png(DRAWINGS[6], 0), *words)
    row = staff.get_by_test_id("reference-row").first
    expect(row).to_have_attribute("data-status", "approved")
    patient.reload()
    patient.get_by_test_id("ask-healthy").click()
    shown = patient.get_by_test_id("reference").first
    expect(shown).to_be_visible()
    picture = shown.locator("img").first if shown.locator("img").count() else shown
    expect(picture).to_be_visible()
    picture.evaluate("one => one.decode()")  # waits for it, and fails where it cannot be shown
    assert picture.evaluate("one => one.naturalWidth > 0")


def scan_words(staff: Page) -> tuple[str, str, str]:
    """Region, kind and plane that the model gave the newest visit's picture, off its page."""
    staff.goto("/staff/visits")
    staff.locator("[data-testid=visit-row] a.code").last.click()
    words = staff.locator("[data-region]").first
    region, modality = words.get_attribute("data-region"), words.get_attribute("data-modality")
    plane = words.get_attribute("data-plane")
    assert region
    assert modality
    assert plane
    return region, modality, plane


def test_a_call_reaches_an_open_staff_page_within_three_seconds(
    server: RunningServer, browser: Browser
) -> None:
    staff, patient = new_page(browser, server), new_page(browser, server)
    sign_in(staff)
    staff.goto("/staff/alerts")
    expect(staff.get_by_test_id("alert")).to_have_count(0)
    patient.goto("/")
    patient.get_by_test_id("start-visit").click()
    patient.locator("details.help summary").click()
    patient.locator("details.help form button").click()
    expect(staff.get_by_test_id("alert")).to_have_count(1, timeout=6_000)
    staff.get_by_test_id("alert-seen").click()
    expect(staff.get_by_test_id("alert")).to_have_count(0)
    patient.goto("/help")
    expect(patient.locator("main")).to_contain_text("on the way")


def test_staff_pages_work_with_the_keyboard_and_say_nothing_in_the_console(
    server: RunningServer, browser: Browser
) -> None:
    page = new_page(browser, server)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto("/staff/sign-in")
    expect(page.get_by_test_id("staff-user")).to_be_focused()
    page.keyboard.type("Lena")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/staff/visits")
    page.get_by_test_id("visit-new").press("Enter")
    page.wait_for_url("**/sheet")
    expect(page.get_by_test_id("visit-code")).to_be_visible()
    for address in ("visits", "alerts", "references", "adapters", "people", "clinic"):
        page.goto(f"/staff/{address}")
        expect(page.locator("h1")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), address
    assert said == []


def test_a_scanned_sheet_fills_in_the_code_and_leaves_no_trace_of_it(
    server: RunningServer, browser: Browser
) -> None:
    staff, patient = new_page(browser, server), new_page(browser, server)
    sign_in(staff)
    staff.get_by_test_id("visit-new").click()
    code = staff.get_by_test_id("visit-code").inner_text()
    patient.goto(f"/#{code.replace(' ', '')}")
    field = patient.get_by_test_id("visit-code")
    expect(field).to_have_value(code)
    assert patient.evaluate("location.href").endswith("/")
    field.press("Enter")
    expect(patient.get_by_test_id("consent")).to_be_visible()


def test_what_the_doctor_releases_and_takes_back_reaches_the_tablet(
    server: RunningServer, browser: Browser
) -> None:
    staff, patient = new_page(browser, server), new_page(browser, server)
    look(patient, drawn_png(DRAWINGS[6], 4))
    sign_in(staff)
    staff.locator("[data-testid=visit-row] a.code").last.click()
    staff.get_by_test_id("doctor-note").fill("We looked at this together.")
    staff.get_by_test_id("doctor-note-submit").click()
    patient.reload()
    expect(patient.locator("body")).not_to_contain_text("We looked at this together.")
    staff.get_by_test_id("release-level").select_option("full")
    staff.locator("form[action$='/level'] button").click()
    patient.reload()
    expect(patient.locator("body")).to_contain_text("We looked at this together.")
    staff.get_by_test_id("release-level").select_option("hold")
    staff.locator("form[action$='/level'] button").click()
    patient.reload()
    expect(patient.locator("body")).not_to_contain_text("We looked at this together.")
    expect(patient.get_by_test_id("scan-image")).to_have_count(0)
