"""The viewer with forty structures: quick, still, and for every way to point at something."""

import statistics
import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.prepared import REFERENCE_MM, PreparedVisit, enter
from tests.running_server import RunningServer

pytestmark = pytest.mark.browser
TO_PAINT = """number => new Promise(done => {
  const shape = document.querySelectorAll('.shape')[number];
  const from = performance.now();
  shape.dispatchEvent(new MouseEvent('click', {bubbles: true, cancelable: true}));
  requestAnimationFrame(() => setTimeout(() => done(performance.now() - from), 0));
})"""
FIRST_PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
SHIFTS = """() => new Promise(done => {
  let sum = 0;
  new PerformanceObserver(list => { for (const one of list.getEntries()) sum += one.value; })
    .observe({type: 'layout-shift', buffered: true});
  setTimeout(() => done(sum), 300);
})"""


@pytest.fixture
def page(browser: Browser, server: RunningServer, visit: PreparedVisit) -> Iterator[Page]:
    context = browser.new_context(
        base_url=server.address,
        viewport={"width": 820, "height": 1180},
        has_touch=True,
        bypass_csp=True,  # measuring needs scripts of its own
    )
    opened = context.new_page()
    enter(opened, visit)
    yield opened
    context.close()


def test_a_tap_is_seen_within_a_tenth_of_a_second(page: Page, visit: PreparedVisit) -> None:
    page.goto(f"/scan/{visit.crowded}")
    expect(page.locator(".shape")).to_have_count(40)
    spent = sorted(page.evaluate(TO_PAINT, at % 40) for at in range(60))
    middle, late = statistics.median(spent), spent[int(len(spent) * 0.95)]
    sys.stdout.write(f"\ntap to paint, 40 structures: p50 {middle:.0f}, p95 {late:.0f} ms, n=60\n")
    assert middle < 100


def test_nothing_moves_while_pages_load_or_parts_light_up(page: Page, visit: PreparedVisit) -> None:
    for path in (f"/scan/{visit.crowded}", "/", "/consent", "/upload", "/questions", "/gallery"):
        page.goto(path, wait_until="load")
        for at in range(min(4, page.locator(".shape").count())):
            page.locator(".shape").nth(at).hover(force=True)
        shifted = page.evaluate(SHIFTS)
        sys.stdout.write(f"\nlayout shift {path[:6]}: {shifted:.4f}\n")
        assert shifted == pytest.approx(0, abs=0.001), path


def test_the_first_paint_of_the_start_comes_within_a_second(
    browser: Browser, server: RunningServer
) -> None:
    """Cold each time: a browser that has nothing of the house yet."""
    times = []
    for _ in range(5):
        context = browser.new_context(base_url=server.address, bypass_csp=True)
        page = context.new_page()
        page.goto("/")
        page.wait_for_function(FIRST_PAINT)
        times.append(page.evaluate(FIRST_PAINT))
        context.close()
    sys.stdout.write(f"\nfirst paint of the start: p50 {statistics.median(times):.0f} ms, n=5\n")
    assert statistics.median(times) < 1000


def test_picture_and_list_keep_in_step_by_tap_and_by_key(page: Page, visit: PreparedVisit) -> None:
    page.goto(f"/scan/{visit.looked}")
    told = page.locator("[data-told]")
    page.locator(".shape").nth(2).focus()
    page.keyboard.press("Enter")
    line = page.get_by_test_id("structure").nth(2)
    name = line.locator(".part-name").text_content() or "?"
    expect(line).to_have_class("is-lit")
    expect(line.locator("details")).to_have_attribute("open", "")
    expect(told).to_contain_text(name)
    page.get_by_test_id("structure").nth(3).locator("summary").click()
    expect(page.get_by_test_id("structure").nth(3).locator("details")).to_have_attribute("open", "")
    expect(page.locator(".shape").nth(3)).to_have_class("shape is-lit")
    expect(page.locator(".shape").nth(2)).to_have_class("shape")


def test_a_part_is_shown_by_its_name(page: Page, visit: PreparedVisit) -> None:
    page.goto(f"/scan/{visit.looked}")
    name = page.locator(".parts .part-name").nth(4).inner_text()
    page.get_by_test_id("find-input").fill(name.upper())
    page.get_by_test_id("find-submit").click()
    expect(page.locator(".shape").nth(4)).to_have_class("shape is-lit")
    page.get_by_test_id("find-input").fill("gallbladder")
    page.get_by_test_id("find-submit").click()
    expect(page.get_by_test_id("found")).to_contain_text("I am not sure where this is.")


def test_everything_a_finger_drags_has_a_button_and_a_key(page: Page, visit: PreparedVisit) -> None:
    page.goto(f"/scan/{visit.looked}")
    canvas = page.locator("[data-canvas]")
    expect(page.locator("[data-pan]")).to_be_hidden()
    page.get_by_role("button", name="Larger", exact=True).tap()
    expect(canvas).to_have_attribute("style", "transform: translate(0px, 0px) scale(1.5);")
    page.get_by_role("button", name="Move to the left").tap()
    assert "translate(0px" not in str(canvas.get_attribute("style"))
    page.get_by_role("button", name="Larger", exact=True).focus()
    page.keyboard.press("0")
    expect(canvas).to_have_attribute("style", "transform: translate(0px, 0px) scale(1);")
    expect(page.locator("[data-pan]")).to_be_hidden()


def test_the_slider_lays_a_healthy_picture_over_the_own_one(
    page: Page, visit: PreparedVisit
) -> None:
    page.goto(f"/scan/{visit.looked}")
    page.locator("[data-wipe-open]").tap()
    slide = page.get_by_test_id("wipe")
    slide.focus()
    page.keyboard.press("ArrowRight")
    frame = page.locator("[data-wipe-frame]")
    expect(frame).to_have_attribute("style", "--seen: 51%;")
    over = page.locator("[data-wipe-over] image")
    before = over.get_attribute("href")
    page.locator("[data-wipe-with]").nth(1).tap()
    assert over.get_attribute("href") != before


def test_pictures_whose_size_is_known_stand_at_the_same_scale(
    page: Page, visit: PreparedVisit
) -> None:
    page.goto(f"/scan/{visit.looked}")
    own = page.locator(".examples li").first.locator("svg.shot > image").bounding_box()
    other = page.get_by_test_id("reference").filter(has=page.get_by_test_id("to-scale")).first
    healthy = other.locator("svg.shot > image").first.bounding_box()
    assert own is not None
    assert healthy is not None
    own_mm = 1.2 * 320
    assert own["width"] / own_mm == pytest.approx(healthy["width"] / REFERENCE_MM, rel=0.01)
    assert page.get_by_text("Do not compare sizes.").count() >= 1, "where no size is known"


def test_no_voice_no_button(page: Page, visit: PreparedVisit) -> None:
    """Chromium without voices of its own must not offer to read aloud."""
    page.goto(f"/scan/{visit.looked}")
    local = page.evaluate("speechSynthesis.getVoices().filter(v => v.localService).length")
    page.locator(".menu > summary").first.click()
    assert page.locator("[data-aloud]").is_visible() == bool(local)
