"""A house with one visit in every state a patient's page knows, and a tour of all those pages.

Drawn pictures only; no model runs: what it would have said stands in the database already.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from playwright.sync_api import Page
from sqlalchemy.orm import Session

from app.analysis.outline import anchor_point, outline_paths
from app.deps import House
from app.patient.said import said
from app.patient.seen import see
from app.references.drawings import DRAWINGS
from app.references.drawn import drawn_png
from app.staff.demo import add_demonstration
from app.storage import questions, references, scans, slices, turns, visits
from app.storage.scans import Look, ScanFacts, StoredRegion
from app.storage.tables import Scan, now
from app.storage.turns import Asked
from app.storage.visits import OpenedVisit
from tests.browser.hands import led_on

SIDE = 320
KEPT = {
    "ImageOrientationPatient": "1\\0\\0\\0\\1\\0",
    "PixelSpacing": "1.2\\1.2",
    "Columns": "320",
}
REFERENCE_MM = 320.0
"""A healthy example somewhat smaller than the own picture of 384 mm."""


@dataclass(frozen=True)
class PreparedVisit:
    """The code that opens it, and its scans by what they show."""

    code: str
    looked: str
    crowded: str
    series: str
    waiting: str
    failed: str


@cache
def belly(variant: int = 0) -> bytes:
    """A drawn slice through a tummy as PNG."""
    drawing = next(d for d in DRAWINGS if (d.region, d.modality) == ("abdomen", "CT"))
    return drawn_png(drawing, variant)


def prepare_visit(house: House, language: str = "en") -> PreparedVisit:
    """A visit with consent, pictures in every state, answers and a question list, committed."""
    with house.sessions() as session, session.begin():
        opened = visits.open_visit(session, house.master, language=language)
        opened.visit.consented_at = now()
        waiting, failed = (_add(session, house, opened) for _ in range(2))
        failed.status = "failed"
        crowded = _looked(session, house, opened, count=40)
        series = _looked(session, house, opened, count=3)
        _make_series(house, opened, series)
        looked = _looked(session, house, opened, count=5)
        _talk(session, house, opened, looked, language)
        return PreparedVisit(
            visits.code_of(opened),
            *(one.scan_id for one in (looked, crowded, series, waiting, failed)),
        )


def _add(session: Session, house: House, opened: OpenedVisit, **facts: object) -> Scan:
    png = belly()
    digest = hashlib.sha256(png).hexdigest()
    known = ScanFacts(
        image_digest=digest, width=SIDE, height=SIDE, source="picture", kept=KEPT, **facts
    )  # type: ignore[arg-type]
    scan = scans.add_scan(session, house.blobs, opened, known, png)
    session.flush()
    return scan


def _looked(session: Session, house: House, opened: OpenedVisit, count: int) -> Scan:
    scan = _add(session, house, opened)
    keys = [key for key, one in house.catalogue.structures.items() if "abdomen" in one.regions]
    keys += [key for key in house.catalogue.structures if key not in keys]
    look = Look("CT", "axial", "abdomen", is_scan=True, unsure=("gallbladder",))
    regions = [_region(key, at, count) for at, key in enumerate(keys[:count])]
    scans.store_look(session, opened, scan, look, regions)
    scan.status = "looked"
    session.flush()
    return scan


@cache
def _region(key: str, at: int, count: int) -> StoredRegion:
    """A drawn shape in its own cell of a grid over the picture."""
    across = int(np.ceil(np.sqrt(count)))
    cell = SIDE * 0.7 / across
    x, y = (SIDE * 0.15 + cell * (part + 0.5) for part in (at % across, at // across))
    rows, columns = np.mgrid[:SIDE, :SIDE]
    angle = np.arctan2(rows - y, columns - x)
    radius = cell * (0.4 + 0.06 * np.sin(angle * (3 + at % 4)))
    mask = np.hypot(rows - y, columns - x) < radius
    box = tuple(
        round(float(v), 4) for v in ((y - cell / 2) / SIDE, (x - cell / 2) / SIDE, 0.9, 0.9)
    )
    return StoredRegion(
        key, box, outline_paths(mask), anchor_point(mask), round(float(mask.mean()), 4)
    )  # type: ignore[arg-type]


def _make_series(house: House, opened: OpenedVisit, scan: Scan) -> None:
    for number in range(5):
        slices.put(house.blobs, opened.vault, scan, number, belly(number))
    scan.slice_count = scan.slices_stored = 5


def _talk(session: Session, house: House, opened: OpenedVisit, scan: Scan, language: str) -> None:
    version = house.guard.policy_version
    fixed = house.guard.fixed("neutral", language)
    seen = see(session, opened, scan, house.catalogue, language)
    shown = {
        "what": said(
            "what", language, look=seen.look, names=[one.name for one in seen.parts], general=""
        ),
        "healthy": said("healthy", language, count=3),
        "might": fixed,
    }
    for kind, answer in shown.items():
        question = said("asked", language, kind=kind, part="")
        asked = Asked(kind, question, language, "allow", "t", version, scan.scan_id, shown=answer)
        turns.add_turn(session, opened, asked)
    for words in house.guard.suggested_questions(language, None)[:2]:  # type: ignore[arg-type]
        questions.add(session, opened, words, "suggested")


def prepare_house(house: House) -> PreparedVisit:
    """The demonstration's healthy pictures, and a prepared visit."""
    add_demonstration(house)
    with house.sessions() as session, session.begin():
        for row in references.approved_of(session, "abdomen", "CT")[::2]:
            row.width_mm = REFERENCE_MM
    return prepare_visit(house)


def enter(page: Page, visit: PreparedVisit) -> None:
    """Open the visit with its code, as after a break."""
    page.context.clear_cookies()
    page.request.post("/start", form={"code": visit.code})


def choose_language(page: Page, language: str) -> None:
    """Switch as the menu does."""
    page.request.post("/language", form={"language": language, "back": "/"})


def tour(visit: PreparedVisit) -> Iterator[tuple[str, Callable[[Page], object]]]:
    """Every patient page by name, and how it is reached with the visit open; leaving comes last."""
    addresses = {
        "start": "/",
        "consent": "/consent",
        "upload": "/upload",
        "scan": f"/scan/{visit.looked}",
        "crowded": f"/scan/{visit.crowded}",
        "series": f"/scan/{visit.series}?slice=2",
        "slice": f"/scan/{visit.series}?slice=4",
        "waiting": f"/scan/{visit.waiting}",
        "failed": f"/scan/{visit.failed}",
        "questions": "/questions",
        "gallery": "/gallery?region=head",
        "card": "/card",
        "privacy": "/privacy",
        "report": "/report",
        "wait": "/wait",
        "help": "/help",
        "erase": "/erase",
        "missing": "/nothing",
    }
    for name, address in addresses.items():
        yield name, lambda page, address=address: page.goto(address)  # type: ignore[misc]
    yield "found", _find(visit)
    yield "phone", lambda page: _press(page, f"/scan/{visit.looked}", "report-phone")
    yield "refused-consent", _refuse("/consent", "continue")
    yield "refused-question", _refuse(f"/scan/{visit.looked}", "question-submit")
    yield "refused-line", _refuse("/questions", "question-add")
    yield "refused-file", lambda page: _post(page, "/upload")
    yield "put-down", _put_down


def _find(visit: PreparedVisit) -> Callable[[Page], object]:
    def find(page: Page) -> None:
        page.goto(f"/scan/{visit.looked}")
        page.get_by_test_id("find-input").fill("teapot")
        with led_on(page):
            page.get_by_test_id("find-submit").click()
        page.get_by_test_id("found").wait_for()

    return find


def _put_down(page: Page) -> None:
    page.goto("/wait")
    with led_on(page):
        page.locator("main form button").click()


def _press(page: Page, address: str, handle: str) -> None:
    page.goto(address)
    page.locator(".leave .fold summary").click()
    with led_on(page):
        page.get_by_test_id(handle).click()
    page.get_by_test_id("phone-square").wait_for()


def _refuse(address: str, handle: str) -> Callable[[Page], object]:
    def refuse(page: Page) -> None:
        page.goto(address)
        with led_on(page):
            page.get_by_test_id(handle).first.click()
        page.get_by_test_id("error").wait_for()

    return refuse


def _post(page: Page, address: str) -> None:
    page.goto(address)
    page.get_by_test_id("upload-input").evaluate("one => one.removeAttribute('required')")
    page.get_by_test_id("upload-submit").click()  # a script puts the answer into this page
    page.get_by_test_id("error").wait_for()
