"""Every staff page with Tab alone: all is reached in order and seen, nothing holds the focus."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from app.deps import House
from app.staff.login import add_staff
from tests.browser.prepared import PreparedVisit
from tests.browser.test_staff_days import PASSWORD, new_page
from tests.running_server import RunningServer, running_server

pytestmark = pytest.mark.browser
ROLES = ("nurse", "doctor", "librarian", "admin")
PAGES = (
    "visits",
    "alerts",
    "arrivals",
    "tablets",
    "handover",
    "password",
    "references",
    "references/import",
    "references/coverage",
    "people",
    "peers",
    "guard",
    "adapters",
    "clinic",
    "clinic/audit",
    "settings",
    "settings/paper",
    "design",
)
REACHABLE = """() => {
  const all = [...document.querySelectorAll('a[href], button, input, select, textarea, summary')];
  const groups = new Set();
  return all.filter(one => {
    if (one.disabled || one.tabIndex < 0 || one.type === 'hidden') return false;
    if (!one.checkVisibility({visibilityProperty: true})) return false;
    if (one.type !== 'radio') return true;
    if (groups.has(one.name)) return false;
    groups.add(one.name);
    return true;
  }).map((one, at) => { one.dataset.walk = String(at); return one.outerHTML.slice(0, 90); });
}"""
FOCUSED = """() => {
  const one = document.activeElement;
  if (!one || one === document.body) return null;
  const style = getComputedStyle(one);
  const box = one.getBoundingClientRect();
  return {
    at: one.dataset.walk ?? (one.type === 'radio'
      ? document.querySelector(`[name="${one.name}"][data-walk]`)?.dataset.walk : null),
    ring: style.outlineStyle !== 'none' || style.boxShadow !== 'none',
    inside: box.bottom > 0 && box.top < innerHeight,
    what: one.outerHTML.slice(0, 90),
  };
}"""


@pytest.fixture(scope="module")
def desk(compact_model: Path, house: House, visit: PreparedVisit) -> Iterator[RunningServer]:
    """A clinic with a visit in every state, and somebody who holds every role."""
    add_staff(house, "Carol", ROLES, PASSWORD)
    with running_server(house.settings.data_dir, workers="0") as running:
        yield running


def walk(page: Page) -> list[str]:
    """Tab from the top to the end; what was missed, jumped over, unseen or held the focus."""
    names = page.evaluate(REACHABLE)
    wrong, stops = [], []
    for _ in range(3 * len(names) + 5):  # a field for a day or a time has three stops
        page.keyboard.press("Tab")
        found = page.evaluate(FOCUSED)
        if found is None:
            continue  # behind the last one stands the browser itself
        if len(stops) > 1 and found["at"] == stops[0]:
            break
        if found["at"] is not None and found["at"] not in stops[-1:]:
            stops.append(found["at"])
        if not (found["ring"] and found["inside"]):
            wrong.append(f"not seen: {found['what']}")
    else:
        wrong.append("the focus does not come to the end")
    wrong += [f"not reached: {name}" for at, name in enumerate(names) if str(at) not in stops]
    order = [int(at) for at in stops]
    first = order.index(min(order))  # a page that begins in a field begins there
    if order[first:] + order[:first] != sorted(order):
        wrong.append(f"another order: {order}")
    return wrong


def test_every_staff_page_is_walked_through_with_tab(browser: Browser, desk: RunningServer) -> None:
    page = new_page(browser, desk, "Carol")
    page.goto("/staff/visits")
    first = page.locator("[data-testid=visit-row] a.code").first.get_attribute("href")
    wrong = []
    for address in (*(f"/staff/{one}" for one in PAGES), first, f"{first}/sheet"):
        answer = page.goto(str(address))
        assert answer is not None
        assert answer.ok, address
        wrong += [f"{address}: {one}" for one in walk(page)]
    page.context.close()
    assert wrong == []


def test_the_first_stop_jumps_over_the_menu(browser: Browser, desk: RunningServer) -> None:
    page = new_page(browser, desk, "Carol")
    page.goto("/staff/visits")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    expect(page.locator(".skip")).to_be_in_viewport()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('main').contains(document.activeElement)")
    page.context.close()
