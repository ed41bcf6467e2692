"""A long upload in a real browser: how far it is, the Stop button, and that nothing is left."""

import os
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.app.intake.made_series import drawn_series, zip_of
from tests.browser.test_arrivals import at_the_upload
from tests.running_server import RunningServer, children_of, running_server

pytestmark = pytest.mark.browser
SLICES = 1500
"""Enough that reading their headers takes some seconds."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("stopping"), workers="0") as running:
        yield running


def decoding(server: RunningServer) -> list[int]:
    """The disposable processes that open an upload for this server."""
    return [pid for pid in children_of(server.process.pid) if b"decode_upload" in command(pid)]


def held_while_reading(server: RunningServer, page: Page) -> int:
    """The process that opens the upload, halted in the middle so that it cannot be done first."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if page.request.get("/upload/progress").json()["files"] >= 2:
            (child,) = decoding(server)
            os.kill(child, signal.SIGSTOP)
            return child
    raise AssertionError("no file was read")


def command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def test_stop_ends_the_opening_at_once_and_keeps_nothing(
    browser: Browser, server: RunningServer, tmp_path: Path
) -> None:
    folder = tmp_path / "long.zip"
    names = {f"IM{at:04}": data for at, data in enumerate(drawn_series(SLICES, size=64))}
    folder.write_bytes(zip_of(names))
    page = at_the_upload(browser, server)
    page.get_by_test_id("upload-input").set_input_files(folder)
    expect(page.locator("[data-chosen]")).to_contain_text("long.zip")
    page.get_by_test_id("upload-submit").click()
    expect(page.get_by_test_id("upload-submit")).to_be_disabled()
    child = held_while_reading(server, page)
    expect(page.locator("[data-read]")).to_have_text(re.compile(r"\d"))
    expect(page.locator("[data-opening]")).to_be_visible()
    page.locator("[data-cancel]").click()
    expect(page.locator("[data-progress]")).to_be_hidden()
    expect(page.get_by_test_id("upload-submit")).to_be_enabled()
    end = time.monotonic() + 10
    while b"decode_upload" in command(child):
        assert time.monotonic() < end, "the decoding process outlives Stop"
        time.sleep(0.05)
    page.wait_for_timeout(1000)
    assert decoding(server) == []
    assert not list((server.data_dir / "blobs").rglob("*.png"))
    assert page.url.endswith("/upload")
    page.context.close()


def test_a_file_chosen_before_the_script_arrives_is_named(
    browser: Browser, server: RunningServer
) -> None:
    page = at_the_upload(browser, server)
    held: list[Route] = []
    page.route("**/upload*.js*", lambda route: held.append(route))
    with page.expect_request("**/upload*.js*"):
        page.goto("/upload", wait_until="commit")
    page.get_by_test_id("upload-input").set_input_files(
        {"name": "early.png", "mimeType": "image/png", "buffer": b"x"}
    )
    assert page.locator("[data-chosen]").inner_text() != "Chosen: early.png"
    held[0].continue_()
    expect(page.locator("[data-chosen]")).to_have_text("Chosen: early.png")
    page.context.close()
