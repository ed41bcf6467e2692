"""The pages as people set their tablet: large letters, zoom, few colours, contrast, less motion."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.prepared import PreparedVisit, enter, tour
from tests.running_server import RunningServer

pytestmark = pytest.mark.browser
CUT = """() => [...document.querySelectorAll('main *, header *')].filter(one => {
    const elsewhere = '.unseen, .stage, .frame, .menu-body, svg';
    if (!one.checkVisibility() || one.closest(elsewhere)) return false;
    if (getComputedStyle(one).clipPath !== 'none') return false; // for screen readers alone
    const box = one.getBoundingClientRect();
    const own = [...one.childNodes].some(it => it.nodeType === Node.TEXT_NODE && it.data.trim());
    const cut = one.scrollWidth > one.clientWidth + 1
      && getComputedStyle(one).overflowX !== 'visible';
    return own && (box.right > innerWidth + 1 || box.left < -1 || cut);
  }).map(one => one.outerHTML.slice(0, 100))"""
MOVES = """() => [...document.querySelectorAll('*')].filter(one =>
  ['', '::before', '::after'].some(part => {
    const style = getComputedStyle(one, part);
    return style.animationName !== 'none' || parseFloat(style.transitionDuration) > 0;
  })).map(one => one.outerHTML.slice(0, 80))"""
Open = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser, server: RunningServer, visit: PreparedVisit) -> Iterator[Open]:
    """A page of the visit in a browser of its own, with these options."""
    made = []

    def open_it(**options: object) -> Page:
        context = browser.new_context(base_url=server.address, **options)  # type: ignore[arg-type]
        made.append(context)
        page = context.new_page()
        enter(page, visit)
        return page

    yield open_it
    for context in made:
        context.close()


@pytest.mark.parametrize("size", ["1", "3"])
@pytest.mark.parametrize("screen", [(820, 1180), (1366, 1024)])
def test_twice_as_large_nothing_is_cut_or_runs_off_the_page(
    open_page: Open, visit: PreparedVisit, screen: tuple[int, int], size: str
) -> None:
    """Zoom of 200 %: half the room, each of its pixels as four; and the largest letters too."""
    viewport = {"width": screen[0] // 2, "height": screen[1] // 2}
    page = open_page(viewport=viewport, device_scale_factor=2)
    page.request.post("/reading", form={"size": size, "back": "/"})
    wrong = []
    for name, go in tour(visit):
        go(page)
        wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
        wrong += [f"{name}: wider than the screen"] * wide
        wrong += [f"{name}: cut: {one}" for one in page.evaluate(CUT)]
    assert wrong == []


def test_in_forced_colours_parts_keep_theirs_and_buttons_their_edge(
    open_page: Open, visit: PreparedVisit
) -> None:
    page = open_page(forced_colors="active")
    page.goto(f"/scan/{visit.looked}")
    lines = page.locator(".overlay .shape-line")
    drawn = lines.evaluate_all("all => all.map(one => getComputedStyle(one).stroke)")
    assert len(set(drawn)) == 5, "five parts, five colours"
    edges = page.locator("main .button, main .ask, main .chip").evaluate_all(
        "all => all.filter(o => o.checkVisibility())"
        ".map(o => parseFloat(getComputedStyle(o).borderTopWidth))"
    )
    assert min(edges) >= 1
    page.goto("/consent")
    chosen = page.locator(".choice:has(:checked)").first
    assert chosen.evaluate("one => getComputedStyle(one).outlineStyle") == "solid"


def test_with_more_contrast_soft_words_and_lines_are_as_dark_as_the_rest(open_page: Open) -> None:
    page = open_page(contrast="more", color_scheme="light")
    page.goto("/consent")
    ink = page.evaluate("getComputedStyle(document.body).color")
    assert page.locator(".hint").first.evaluate("one => getComputedStyle(one).color") == ink
    line = "one => getComputedStyle(one).borderTopColor"
    assert page.locator(".choice:not(:has(:checked))").first.evaluate(line) == ink


def test_nothing_moves_where_less_motion_is_wanted(open_page: Open, visit: PreparedVisit) -> None:
    calm = open_page(reduced_motion="reduce")
    for path in (f"/scan/{visit.looked}", f"/scan/{visit.waiting}", "/consent", "/"):
        calm.goto(path)
        assert calm.evaluate(MOVES) == [], path
    lively = open_page(reduced_motion="no-preference")
    lively.goto(f"/scan/{visit.waiting}")
    assert lively.evaluate(MOVES) != []


def test_picture_mode_shows_fewer_words_and_larger_drawings(
    open_page: Open, visit: PreparedVisit
) -> None:
    page = open_page(viewport={"width": 820, "height": 1180})
    counted = {}
    for mode in ("words", "pictures"):
        page.goto(f"/scan/{visit.looked}")
        words = len(page.locator("main").inner_text().split())
        drawing = page.locator(".ask .icon").first.bounding_box()
        swatch = page.locator(".parts .swatch").first.bounding_box()
        assert drawing is not None
        assert swatch is not None
        counted[mode] = (words, drawing["width"], swatch["width"])
        page.request.post("/reading", form={"switch": "pictures", "back": "/"})
    (usual, small, chip), (fewer, large, tile) = counted["words"], counted["pictures"]
    assert fewer < usual * 0.75
    assert large > small * 1.5
    assert tile > chip * 1.3
    for handle in ("ask-what", "ask-healthy", "ask-might", "question-input", "finish", "erase"):
        assert page.get_by_test_id(handle).first.count() == 1
