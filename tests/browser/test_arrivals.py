"""What a patient brings, in a real browser: the zip of a CD, a montage; and what is kept."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from pydicom.uid import generate_uid

from app.deps import House, open_house
from app.settings import load_settings
from app.worker import work_once
from tests.app.intake.made_series import drawn_series, zip_of
from tests.app.patient.test_photos import montage
from tests.app.patient.visitor import engine
from tests.running_server import RunningServer, running_server

pytestmark = pytest.mark.browser
SLICES = 7
NAMED = {"PatientName": "Invented^Ida", "PatientID": "4711", "StudyInstanceUID": generate_uid()}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("arrivals"), workers="0") as running:
        yield running


@pytest.fixture
def house(server: RunningServer) -> House:
    """The same data, for a worker whose model answers from a script."""
    return open_house(load_settings({"ANTEROOM_DATA_DIR": str(server.data_dir)}))


def work(house: House) -> None:
    while work_once(house, engine(), "worker-of-test"):
        pass


def at_the_upload(browser: Browser, server: RunningServer, *, scripts: bool = True) -> Page:
    context = browser.new_context(base_url=server.address, java_script_enabled=scripts)
    context.set_default_timeout(60_000)
    page = context.new_page()
    page.goto("/")
    page.get_by_test_id("start-visit").click()
    page.get_by_test_id("consent").check()
    page.get_by_test_id("continue").click()
    return page


def send(page: Page, name: str, kind: str, data: bytes) -> None:
    file = {"name": name, "mimeType": kind, "buffer": data}
    page.get_by_test_id("upload-input").set_input_files([file])  # type: ignore[list-item]
    page.get_by_test_id("upload-submit").click()


def burnt_cd(folder: Path) -> bytes:
    """The zip of a CD whose DICOMDIR was written by dcmmkdir."""
    for number, data in enumerate(drawn_series(SLICES, **NAMED)):
        (folder / f"IM{number:06}").write_bytes(data)
    names = sorted(path.name for path in folder.iterdir())
    subprocess.run(["dcmmkdir", "-q", "--invent", *names], cwd=folder, check=True)
    assert (folder / "DICOMDIR").is_file()
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    return zip_of(files | {"VIEWER.EXE": b"MZ" + bytes(64), "README.TXT": b"Open VIEWER.EXE"})


@pytest.mark.skipif(shutil.which("dcmmkdir") is None, reason="dcmtk is not installed")
def test_the_zip_of_a_cd_becomes_slices_to_look_through(
    browser: Browser, server: RunningServer, house: House, tmp_path: Path
) -> None:
    page = at_the_upload(browser, server)
    send(page, "cd.zip", "application/zip", burnt_cd(tmp_path))
    page.wait_for_url("**/scan/*")
    work(house)
    page.goto(page.url)
    expect(page.get_by_test_id("slice-place")).to_contain_text(f"of {SLICES}")
    page.goto(f"{page.url.split('?')[0]}?slice=2")
    expect(page.get_by_test_id("slice-place")).to_contain_text("Picture 3")
    assert page.evaluate("document.querySelector('[data-testid=scan-image]').naturalWidth") == 128
    page.context.close()


def test_a_panel_is_chosen_without_scripts(
    browser: Browser, server: RunningServer, house: House
) -> None:
    page = at_the_upload(browser, server, scripts=False)
    send(page, "photo.png", "image/png", montage())
    page.wait_for_url("**/choose")
    expect(page.get_by_test_id("panel")).to_have_count(2)
    page.get_by_test_id("panel").nth(1).click()
    work(house)
    page.goto(page.url)
    expect(page.get_by_test_id("choose-again")).to_be_visible()
    page.context.close()


def test_the_pages_of_choosing_and_of_privacy_are_open_to_all(
    browser: Browser, server: RunningServer, findings: Callable[[Page], list[str]]
) -> None:
    page = at_the_upload(browser, server)
    page.get_by_test_id("privacy").click()
    page.wait_for_url("**/privacy")
    assert findings(page) == []
    page.goto("/upload")
    send(page, "photo.png", "image/png", montage())
    page.wait_for_url("**/choose")
    assert findings(page) == []
    page.context.close()
