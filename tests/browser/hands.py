"""How somebody works the pages: with a finger, with keys, or by what a screen reader reads."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from playwright.sync_api import Locator, Page

MOST_TABS = 250
SEEN = """one => {
  const box = one.getBoundingClientRect();
  const style = getComputedStyle(one.closest('.colours, .drop') ?? one);
  const bar = document.querySelector('.ways')?.getBoundingClientRect().top ?? innerHeight;
  const ring = style.outlineStyle !== 'none' || style.boxShadow !== 'none';
  return {ring: ring || one.matches('.shape'),
          inside: box.bottom > 0 && box.top < (one.closest('.ways') ? innerHeight : bar)};
}"""


@contextmanager
def led_on(page: Page) -> Iterator[None]:
    """Press within; afterwards the page that this leads to stands whole.

    A press returns as soon as the next page begins, which holds no element yet.
    """
    with page.expect_event("load"):
        yield


class Hand(Protocol):
    """Presses and types; a place is a test handle or a CSS selector."""

    page: Page

    def press(self, place: str) -> None:
        """As a tap does."""

    def type(self, place: str, text: str) -> None:
        """Fill a field."""


def spot(page: Page, place: str) -> Locator:
    """The first visible element of a place."""
    found = page.locator(place) if set(place) & set(".#[ ") else page.get_by_test_id(place)
    return found.locator("visible=true").first


class Finger:
    """Taps."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def press(self, place: str) -> None:
        spot(self.page, place).tap()
        self.page.wait_for_load_state()

    def type(self, place: str, text: str) -> None:
        spot(self.page, place).tap()
        self.page.keyboard.type(text)


class Keys:
    """Tab, Enter and Space; the focus must be seen wherever it stops to press."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def press(self, place: str) -> None:
        one = self._reach(place)
        is_choice = one.evaluate("one => one.matches('input[type=checkbox], input[type=radio]')")
        # The focused element's own press waits for the page it leads to; the keyboard's does not.
        one.press("Space" if is_choice else "Enter")
        self.page.wait_for_load_state()

    def type(self, place: str, text: str) -> None:
        self._reach(place)
        self.page.keyboard.type(text)

    def _reach(self, place: str) -> Locator:
        one = spot(self.page, place)
        one.wait_for()
        for _ in range(MOST_TABS):
            self.page.keyboard.press("Tab")
            if one.evaluate("one => one === document.activeElement"):
                seen = one.evaluate(SEEN)
                assert seen == {"ring": True, "inside": True}, (place, seen)
                return one
        raise AssertionError(f"{place} cannot be reached with the keyboard")


class Listener:
    """Works by the accessibility tree alone: a role and a name, nothing of the page's own marks."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.wire = page.context.new_cdp_session(page)

    def hears(self) -> list[tuple[str, str, dict[str, Any]]]:
        """Role, name and node of everything that is read, in the order of reading."""
        self.page.wait_for_load_state()
        nodes = self.wire.send("Accessibility.getFullAXTree")["nodes"]
        return [
            (node["role"]["value"], node.get("name", {}).get("value", ""), node)
            for node in nodes
            if not node["ignored"] and "role" in node
        ]

    def find(self, role: str, name: str) -> dict[str, Any]:
        """The first node with this role whose name holds these words."""
        heard = []
        for _ in range(50):
            heard = self.hears()
            for found, words, node in heard:
                if found == role and name in words:
                    return node
            self.page.wait_for_timeout(100)
        raise AssertionError((role, name, [one[:2] for one in heard if one[0] == role]))

    def press(self, role: str, name: str) -> None:
        self._call(self.find(role, name), "function() { this.focus(); this.click(); }")
        self.page.wait_for_load_state()

    def type(self, role: str, name: str, text: str) -> None:
        self._call(self.find(role, name), "function() { this.focus(); }")
        self.page.keyboard.type(text)

    def _call(self, node: dict[str, Any], function: str) -> None:
        number = node["backendDOMNodeId"]
        thing = self.wire.send("DOM.resolveNode", {"backendNodeId": number})["object"]
        self.wire.send(
            "Runtime.callFunctionOn",
            {"objectId": thing["objectId"], "functionDeclaration": function},
        )
