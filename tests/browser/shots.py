"""Photographs every patient page in two languages: python -m tests.browser.shots [PAGE...]

Small files under tests/browser/shots/, drawn pictures only. Looked at by people, not by a test.
"""

import io
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from tests.browser.conftest import CHROMIUM, OPTIONS
from tests.browser.prepared import (
    PreparedVisit,
    choose_language,
    enter,
    prepare_house,
    prepare_visit,
    tour,
)
from tests.builders import open_test_house
from tests.running_server import RunningServer, running_server

FOLDER = Path(__file__).with_name("shots")
MOST_BYTES = 60_000
LOOKS = {
    "en": {"viewport": {"width": 820, "height": 1180}, "color_scheme": "light"},
    "ar": {"viewport": {"width": 1366, "height": 1024}, "color_scheme": "dark"},
}


def small(png: bytes) -> bytes:
    """The picture as WebP of at most MOST_BYTES: smaller first, then coarser."""
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    picture.thumbnail((900, 900), Image.Resampling.LANCZOS)
    for quality in (80, 60, 40, 20):
        target = io.BytesIO()
        picture.save(target, "WEBP", quality=quality, method=6)
        if target.tell() <= MOST_BYTES:
            break
    return target.getvalue()


def photograph(
    browser: Browser, server: RunningServer, visit: PreparedVisit, language: str, only: set[str]
) -> None:
    """Every page of the tour in one language."""
    options = {"base_url": server.address, "reduced_motion": "reduce", **LOOKS[language]}
    context = browser.new_context(**options)  # type: ignore[arg-type]
    page = context.new_page()
    enter(page, visit)
    choose_language(page, language)
    for name, go in tour(visit):
        if only and name not in only:
            continue
        go(page)
        page.wait_for_timeout(300)
        target = FOLDER / f"{name}-{language}.webp"
        target.write_bytes(small(page.screenshot()))
        sys.stdout.write(f"{target.name} {target.stat().st_size}\n")
    context.close()


def main() -> None:
    """Make a house in a scratch folder and photograph it."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        house = open_test_house(Path(scratch) / "var")
        prepare_house(house)
        settings = {"answer_floor_seconds": "0", "workers": "0"}
        with (
            running_server(house.settings.data_dir, **settings) as server,
            sync_playwright() as playwright,
        ):
            browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=OPTIONS)
            for language in LOOKS:
                visit = prepare_visit(house, language)
                photograph(browser, server, visit, language, set(sys.argv[1:]))
            browser.close()


if __name__ == "__main__":
    main()
