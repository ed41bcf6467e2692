"""Every patient page: nothing for axe to find, targets for any finger, purpose on every one.

Two languages here; `make a11y` looks at all eight. Prints what it looked at.
"""

import os
import sys
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page

from app.deps import House
from app.i18n import LANGUAGES
from tests.browser.prepared import PreparedVisit, choose_language, enter, tour
from tests.running_server import RunningServer

pytestmark = pytest.mark.browser
LOOKED_AT = LANGUAGES if os.environ.get("ANTEROOM_ALL_LANGUAGES") else ("en", "ar")
LEAST = 48
TARGETS = """least => [...document.querySelectorAll(
  'a, button, summary, input, textarea, select, [tabindex="0"]')].filter(one => {
    if (one.type === 'hidden' || one.matches('.unseen, .shape, .skip')) return false;
    if (one.closest('[hidden]') || !one.checkVisibility()) return false;
    const named = one.id ? document.querySelector(`label[for="${one.id}"]`) : null;
    const boxes = [one, one.closest('label') ?? named].filter(Boolean)
      .map(it => it.getBoundingClientRect());
    return ['width', 'height'].some(side => Math.max(...boxes.map(box => box[side])) < least);
  }).map(one => one.outerHTML.slice(0, 120))"""


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("language", LOOKED_AT)
def test_every_page_is_for_everybody(
    browser: Browser,
    server: RunningServer,
    house: House,
    visit: PreparedVisit,
    language: str,
    theme: str,
    findings: Callable[[Page], list[str]],
) -> None:
    context = browser.new_context(
        base_url=server.address,
        viewport={"width": 820, "height": 1180},
        color_scheme=theme,  # type: ignore[arg-type]
        reduced_motion="reduce",
        has_touch=True,
    )
    page = context.new_page()
    page.set_default_timeout(30_000)
    enter(page, visit)
    choose_language(page, language)
    wrong: list[str] = []
    names = []
    for name, go in tour(visit):
        go(page)
        names.append(name)
        wrong += [f"{name}: {one}" for one in findings(page)]
        wrong += [f"{name}: too small: {one}" for one in page.evaluate(TARGETS, LEAST)]
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            wrong.append(f"{name}: wider than the screen")
        words = page.locator("body").inner_text()
        for key in ("ai_line", "companion", "intended_purpose"):
            if house.guard.fixed(key, language) not in words:
                wrong.append(f"{name}: without {key}")
        if page.locator("html").get_attribute("lang") != language and name != "put-down":
            wrong.append(f"{name}: another language")
    context.close()
    sys.stdout.write(f"\n{len(names)} pages in {language}, {theme}: {len(wrong)} findings\n")
    assert wrong == []
