"""Each role's day in a browser, without a mouse where it matters; axe finds nothing.

With ANTEROOM_SCREENSHOTS naming a folder, every page is photographed into it.
"""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from app.guardrail.suite import CASES, note_progress, start_suite
from app.staff.demo import add_demonstration
from app.staff.login import add_staff
from tests.builders import open_test_house
from tests.running_server import RunningServer, running_server

pytestmark = pytest.mark.browser
PASSWORD = "a password for tests"
PEOPLE = {"Nina": ("nurse",), "Bob": ("doctor",), "Carol": ("admin", "librarian")}
Findings = Callable[[Page], list[str]]


@pytest.fixture(scope="module")
def server(
    compact_model: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    data = tmp_path_factory.mktemp("days") / "var"
    house = open_test_house(data)
    add_demonstration(house)
    for name, roles in PEOPLE.items():
        add_staff(house, name, roles, PASSWORD)
    house.engine.dispose()
    with running_server(data, answer_floor_seconds="0") as running:
        yield running


def new_page(browser: Browser, server: RunningServer, name: str = "") -> Page:
    """A page at the size of a desk's screen; signed in when a name is given."""
    context = browser.new_context(
        base_url=server.address, viewport={"width": 1024, "height": 768}, has_touch=True
    )
    context.set_default_timeout(60_000)
    page = context.new_page()
    if name:
        page.goto("/staff")
        page.get_by_test_id("staff-user").fill(name)
        page.get_by_test_id("staff-password").fill(PASSWORD)
        page.get_by_test_id("staff-submit").click()
        page.wait_for_url(lambda address: "sign-in" not in address)
    return page


def photograph(page: Page, name: str) -> None:
    folder = os.environ.get("ANTEROOM_SCREENSHOTS")
    if folder and Path(folder).is_dir():
        page.screenshot(path=Path(folder) / f"staff-{name}.png", full_page=True)


def look_over(page: Page, address: str, findings: Findings) -> list[str]:
    """What is wrong with a page: axe's findings, and anything wider than the screen."""
    page.goto(address)
    photograph(page, address.strip("/").replace("/", "-").split("?")[0])
    wrong = findings(page)
    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        wrong.append(f"{address}: wider than the screen")
    return wrong


def visit_of(page: Page) -> str:
    """The address of the demonstration's visit, which has a picture."""
    page.goto("/staff/visits")
    address = page.locator("[data-testid=visit-row] a.code").first.get_attribute("href")
    assert address
    return address


def wait_for_look(page: Page, visit: str) -> None:
    for _ in range(90):
        page.goto(visit)
        if page.get_by_test_id("region-edit").count():
            return
        page.wait_for_timeout(1000)
    raise AssertionError("nobody looked at the picture")


def test_axe_finds_nothing_on_the_pages_of_a_nurse(
    server: RunningServer, browser: Browser, findings: Findings
) -> None:
    page = new_page(browser, server)
    wrong = look_over(page, "/staff/sign-in", findings) + look_over(page, "/staff/pair", findings)
    page = new_page(browser, server, "Nina")
    visit = visit_of(page)
    names = ("visits", "alerts", "arrivals", "tablets", "handover", "password", "visits?q=none")
    for address in (*(f"/staff/{name}" for name in names), visit, f"{visit}/sheet"):
        wrong += look_over(page, address, findings)
    assert wrong == []


def test_axe_finds_nothing_on_the_pages_of_an_admin(
    server: RunningServer, browser: Browser, findings: Findings
) -> None:
    page = new_page(browser, server, "Carol")
    wrong = []
    names = ("people", "peers", "guard", "clinic", "clinic/audit", "settings/paper", "design")
    for address in names:
        wrong += look_over(page, f"/staff/{address}", findings)
    assert wrong == []


def test_axe_finds_nothing_on_the_page_of_the_guard_before_during_and_after_a_run(
    server: RunningServer, browser: Browser, findings: Findings
) -> None:
    page, data = new_page(browser, server, "Carol"), server.data_dir
    assert start_suite(data, None, CASES / "questions.jsonl")
    page.goto("/staff/guard")
    expect(page.get_by_test_id("guard-under-way")).to_be_visible()
    wrong = look_over(page, "/staff/guard", findings)
    photograph(page, "guard-under-way")
    expect(page.get_by_test_id("guard-run")).to_be_visible(timeout=60_000)
    expect(page.get_by_test_id("guard-rate")).to_be_visible()
    note_progress(data, 100, 200)
    wrong += look_over(page, "/staff/guard", findings)
    expect(page.get_by_test_id("guard-broken")).to_be_visible()
    photograph(page, "guard-broken")
    assert wrong == []


def test_a_nurses_day_without_a_mouse(
    server: RunningServer, browser: Browser, findings: Findings
) -> None:
    nurse, tablet = new_page(browser, server, "Nina"), new_page(browser, server)
    nurse.goto("/staff/tablets")
    nurse.get_by_test_id("tablet-name").fill("Tablet 3")
    nurse.get_by_test_id("tablet-place").fill("By the window")
    nurse.get_by_test_id("tablet-add").press("Enter")
    code = nurse.get_by_test_id("pairing-code").inner_text()
    assert findings(nurse) == []
    photograph(nurse, "pairing")
    tablet.goto(f"/staff/pair#{code.replace(' ', '')}")
    expect(tablet.get_by_test_id("pairing-input")).to_have_value(code)
    tablet.get_by_test_id("pairing-input").press("Enter")
    tablet.get_by_test_id("paired-go").click()
    nurse.goto("/staff/visits")
    nurse.get_by_test_id("visit-new").press("Enter")  # the second tap prints the sheet
    visit_code = nurse.get_by_test_id("visit-code").inner_text()
    nurse.goto("/staff/alerts")
    tablet.goto("about:blank")
    tablet.goto(f"/#{visit_code.replace(' ', '')}")
    tablet.get_by_test_id("visit-code").press("Enter")
    expect(tablet.get_by_test_id("consent")).to_be_visible()
    tablet.locator("details.help summary").click()
    tablet.locator("details.help form button").click()
    call = nurse.get_by_test_id("alert")
    expect(call).to_contain_text("By the window", timeout=3_000)
    expect(tablet.locator("main")).not_to_contain_text("on the way")
    photograph(nurse, "alert-waiting")
    assert findings(nurse) == []
    nurse.reload()
    expect(call).to_have_count(1)
    nurse.get_by_test_id("alert-seen").press("Enter")
    tablet.goto("/help")
    expect(tablet.locator("main")).to_contain_text("on the way")
    nurse.get_by_test_id("alert-note").fill("Brought a glass of water")
    nurse.get_by_test_id("alert-close").press("Enter")
    expect(nurse.locator("main")).to_contain_text("Brought a glass of water")
    assert findings(nurse) == []
    nurse.goto(f"/staff/visits?q={visit_code.replace(' ', '').lower()}")
    row = nurse.get_by_test_id("visit-row")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("By the window, Tablet 3")
    expect(row.locator("td").nth(1)).to_have_text(re.compile(r"^\d min$"))  # how long they wait
    row.get_by_role("link", name="Sheet").press("Enter")  # somebody lost the paper: print it again
    expect(nurse.get_by_test_id("visit-code")).to_have_text(visit_code)
    nurse.goto("/staff/handover")
    nurse.get_by_test_id("shift-note").fill("All is quiet.")
    nurse.get_by_test_id("shift-submit").press("Enter")
    doctor = new_page(browser, server, "Bob")
    doctor.goto("/staff/handover")
    doctor.get_by_test_id("shift-take").press("Enter")
    expect(doctor.get_by_test_id("shift").first).to_contain_text("taken over by Bob")
    nurse.goto(f"/staff/visits?q={visit_code.replace(' ', '')}")
    row.locator("a.code").press("Enter")
    nurse.locator("form[action$='/close'] button").press("Enter")
    expect(nurse.locator("main")).to_contain_text("Just closed")
    nurse.locator("form[action$='/reopen'] button").first.press("Enter")
    expect(nurse.locator("form[action$='/close'] button")).to_be_visible()


def test_a_doctors_day_without_a_mouse(
    server: RunningServer, browser: Browser, findings: Findings
) -> None:
    doctor = new_page(browser, server, "Bob")
    visit = visit_of(doctor)
    wait_for_look(doctor, visit)
    photograph(doctor, "visit-doctor")
    assert findings(doctor) == []
    doctor.get_by_test_id("region-edit").press("Enter")
    doctor.get_by_test_id("region-structure").select_option("liver")
    doctor.get_by_test_id("region-start").press("Enter")
    point = doctor.locator("[data-points] circle").first
    expect(point).to_be_focused()
    before = float(point.get_attribute("cx") or 0)
    doctor.keyboard.press("Shift+ArrowRight")
    assert float(point.get_attribute("cx") or 0) > before
    doctor.keyboard.press("+")
    photograph(doctor, "regions")
    assert findings(doctor) == []
    doctor.get_by_test_id("region-keep").press("Enter")
    row = doctor.locator("[data-testid=region-row][data-structure=liver]")
    expect(row).to_contain_text("drawn by Bob")
    doctor.get_by_test_id("region-undo").press("Enter")
    expect(doctor.locator("[data-testid=region-row]", has_text="drawn by Bob")).to_have_count(0)
    doctor.goto(visit)
    doctor.get_by_role("button", name="Nothing to add").press("Enter")
    expect(doctor.locator("blockquote footer")).to_contain_text("Bob, 20")
    doctor.get_by_test_id("release-level").select_option("full")
    doctor.locator("form[action$='/level'] button").press("Enter")
    paper = doctor.request.get(f"{visit}/report.pdf")
    assert paper.headers["content-type"] == "application/pdf"
    assert paper.body().startswith(b"%PDF")


def test_an_admins_day(server: RunningServer, browser: Browser) -> None:
    admin, nurse = new_page(browser, server, "Carol"), new_page(browser, server, "Nina")
    admin.goto("/staff/people")
    card = admin.locator("li.card", has=admin.get_by_role("heading", name="Nina"))
    expect(card).to_contain_text("signed in at")
    card.get_by_role("button", name="Sign out everywhere").press("Enter")
    expect(admin.locator("main")).to_contain_text("signed out everywhere")
    nurse.goto("/staff/visits")
    expect(nurse.get_by_test_id("staff-user")).to_be_visible()
    admin.goto("/staff/clinic")
    expect(admin.locator("main")).to_contain_text("whole")
    with admin.expect_download() as export:
        admin.goto("/staff/clinic/audit")
        admin.get_by_role("link", name="Export").click()
    lines = export.value.path().read_text(encoding="utf-8").splitlines()
    assert any(",staff.sign_out_all," in line for line in lines)
    admin.goto("/staff/visits")
    expect(admin.locator("main")).to_contain_text("not for this account")
