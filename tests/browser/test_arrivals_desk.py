"""What machines deliver and no visit expects: a nurse compares and attaches, an admin adds one."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from app.deps import House
from app.staff.login import add_staff
from app.storage import visits
from tests.app.delivery.test_right_patient import MINE
from tests.app.delivery.waiting_room import scans_in, statuses, until, visit_for, waiting
from tests.browser.test_staff_days import PASSWORD, new_page, photograph
from tests.builders import open_test_house
from tests.running_server import RunningServer, running_server

pytestmark = pytest.mark.browser
Findings = Callable[[Page], list[str]]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    opened = open_test_house(tmp_path_factory.mktemp("desk") / "var")
    add_staff(opened, "Nina", ("nurse",), PASSWORD)
    add_staff(opened, "Carol", ("admin",), PASSWORD)
    yield opened
    opened.engine.dispose()


@pytest.fixture(scope="module")
def server(house: House) -> Iterator[RunningServer]:
    with running_server(house.settings.data_dir, workers="0") as running:
        yield running


def test_a_delivery_nobody_expects_is_compared_attached_and_taken_back(
    house: House, server: RunningServer, browser: Browser, findings: Findings
) -> None:
    opened = visit_for(house)
    waiting(house)
    nurse = new_page(browser, server, "Nina")
    nurse.goto("/staff/arrivals")
    assert findings(nurse) == []
    nurse.get_by_test_id("arrival-open").press("Enter")
    for number in ("MRN-OTHER", MINE):
        nurse.get_by_test_id("arrival-code").fill(visits.code_of(opened))
        nurse.get_by_test_id("arrival-patient").fill(number)
        nurse.get_by_test_id("arrival-attach").press("Enter")
        if number != MINE:
            expect(nurse.get_by_test_id("mismatch")).to_contain_text("Nothing was attached")
            photograph(nurse, "arrival-mismatch")
            assert findings(nurse) == []
            assert scans_in(house, opened) == []
            assert MINE not in nurse.content()
    nurse.wait_for_url(f"**/staff/visits/{opened.visit.visit_id}")
    until(house, lambda: statuses(house) == ["attached"])  # its scans are there before that
    assert len(scans_in(house, opened)) == 1
    nurse.reload()
    nurse.on("dialog", lambda dialog: dialog.accept())
    nurse.get_by_test_id("take-back").press("Enter")
    expect(nurse.get_by_test_id("take-back")).to_have_count(0)
    assert scans_in(house, opened) == []
    nurse.goto("/staff/arrivals")
    expect(nurse.get_by_test_id("arrival-open")).to_have_count(1)  # it waits for its own visit


def test_an_admin_adds_a_machine_asks_it_and_removes_it(
    server: RunningServer, browser: Browser, findings: Findings
) -> None:
    carol = new_page(browser, server, "Carol")
    carol.goto("/staff/peers")
    said = {"name": "CT 1", "title": "CT1", "host": "127.0.0.1", "port": "1"}
    for field, value in said.items():
        carol.get_by_test_id(f"peer-{field}").fill(value)
    carol.get_by_test_id("peer-delivers").press("Space")
    carol.get_by_test_id("peer-add").press("Enter")
    row = carol.get_by_test_id("peer-row")
    expect(row).to_contain_text("CT 1")
    photograph(carol, "peers-one")
    assert findings(carol) == []
    row.get_by_role("button", name="Does CT 1 answer?").press("Enter")
    expect(carol.get_by_test_id("echo")).not_to_contain_text("The machine answers.")
    carol.on("dialog", lambda dialog: dialog.accept())
    carol.get_by_test_id("peer-row").get_by_role("button", name="Remove CT 1").press("Enter")
    expect(carol.get_by_test_id("peer-row")).to_have_count(0)
