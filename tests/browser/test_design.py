"""The page of the design: reached from every staff page, and nothing for axe to find on it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from app.deps import House
from app.staff.login import add_staff
from tests.builders import open_test_house
from tests.running_server import RunningServer, running_server

pytestmark = pytest.mark.browser
PASSWORD = "a password for tests"


@pytest.fixture(scope="module")
def server(
    compact_model: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    house: House = open_test_house(tmp_path_factory.mktemp("design") / "var")
    add_staff(house, "Nina", ("nurse",), PASSWORD)
    with running_server(house.settings.data_dir, workers="0") as running:
        yield running


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_design_is_one_page_for_everybody_who_works_here(
    browser: Browser, server: RunningServer, theme: str, findings: Callable[[Page], list[str]]
) -> None:
    context = browser.new_context(
        base_url=server.address,
        viewport={"width": 1366, "height": 1024},
        color_scheme=theme,  # type: ignore[arg-type]
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto("/staff")
    page.get_by_test_id("staff-user").fill("Nina")
    page.get_by_test_id("staff-password").fill(PASSWORD)
    page.get_by_test_id("staff-submit").click()
    page.wait_for_url(lambda address: "sign-in" not in address)
    page.get_by_test_id("design-link").click()
    page.wait_for_url("**/staff/design")
    assert findings(page) == []
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
    for named in ("Type", "Buttons", "Notices", "Cards and fields", "Waiting"):
        assert page.get_by_role("heading", name=named, exact=True).count() == 3, named
    for named in ("Colours", "Icons", "Structures"):
        assert page.get_by_role("heading", name=named, exact=True).count() == 1, named
    context.close()
