"""The browser that all browser tests share: Debian's Chromium, quiet and without a sandbox."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

from app.deps import House
from tests.browser.prepared import PreparedVisit, prepare_house
from tests.builders import open_test_house
from tests.running_server import RunningServer, running_server

CHROMIUM = Path("/usr/bin/chromium")
OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


expect.set_options(timeout=20_000)
"""Two cores carry the browser, its server and a second test beside them."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip("Chromium is not installed")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=str(CHROMIUM), args=OPTIONS)
        yield opened
        opened.close()


@pytest.fixture
def findings() -> Callable[[Page], list[str]]:
    """Gives what axe finds on a page, one line each: rule, element, why; an empty list is right."""
    axe = Axe()

    def look(page: Page) -> list[str]:
        page.wait_for_load_state()
        found = axe.run(page).response["violations"]
        return [
            f"{page.url}: {rule['id']}: {node['html'][:160]} ({node['failureSummary']})"
            for rule in found
            for node in rule["nodes"]
        ]

    return look


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    return open_test_house(tmp_path_factory.mktemp("house") / "var")


@pytest.fixture(scope="module")
def visit(house: House) -> PreparedVisit:
    return prepare_house(house)


@pytest.fixture(scope="module")
def server(compact_model: Path, house: House, visit: PreparedVisit) -> Iterator[RunningServer]:
    folder = house.settings.data_dir
    with running_server(folder, answer_floor_seconds="0", workers="0") as running:
        yield running
