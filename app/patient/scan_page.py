"""The page of a scan: waiting, then picture, parts, answers and questions; and its pictures."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import JSONResponse, Response
from sqlalchemy.orm import Session

from app.analysis.overlay import PATTERN_STROKES
from app.analysis.slice_picture import first_of, slice_png
from app.deps import House, HouseDep, SessionDep
from app.errors import AppError
from app.patient.access import Tablet, Use, Watch
from app.patient.calling import call_state
from app.patient.comparing import scale_of
from app.patient.conversation import on_page
from app.patient.finding import find_part
from app.patient.forms import Typed
from app.patient.list_page import suggestions
from app.patient.release import allowed
from app.patient.seen import SeenScan, healthy_examples, see
from app.patient.showing import go_to, show
from app.storage import audit, envelopes, notes, questions, scans, slices, visits, work
from app.storage.blobs import BlobMissing
from app.storage.tables import Scan
from app.storage.visits import OpenedVisit
from model.pixels import CT_PRESETS

router = APIRouter()
MAX_DIGITS = 6
"""Of a slice number in an address."""


def own_scan(session: SessionDep, tablet: Use, scan_id: str) -> Scan:
    """A scan of this visit; a foreign one and none look alike."""
    return _own(session, tablet, scan_id)


def watched_scan(session: SessionDep, tablet: Watch, scan_id: str) -> Scan:
    """The same for what a page asks for by itself."""
    return _own(session, tablet, scan_id)


def _own(session: Session, tablet: Tablet, scan_id: str) -> Scan:
    scan = scans.find(session, tablet.visit_id, scan_id)
    if scan is None or scan_id in envelopes.held_from_patient(session, tablet.visit_id):
        raise AppError("not_found", 404)
    return scan


OwnScan = Annotated[Scan, Depends(own_scan, scope="function")]
WatchedScan = Annotated[Scan, Depends(watched_scan, scope="function")]


@router.get("/scan/{scan_id}")
def scan_page(
    request: Request, house: HouseDep, session: SessionDep, tablet: Use, scan: OwnScan
) -> Response:
    """The scan as far as it has come and as far as the clinic has opened it."""
    values = page_values(request, house, session, tablet, scan)
    if scan.status == "choosing" and values["can"].look:
        return go_to(f"/scan/{scan.scan_id}/choose")
    if scan.status != "looked" and values["can"].look:
        values["before"] = work.scans_before(session, scan)
        return show(request, "waiting.html", tablet, **values)
    return show(request, "scan.html", tablet, **values)


def page_values(
    request: Request, house: House, session: Session, tablet: Tablet, scan: Scan
) -> dict[str, Any]:  # Any: the values of a template
    """Everything the page of a scan shows."""
    opened, can = tablet.opened, allowed(tablet.opened.visit)
    number = chosen_slice(request, opened, scan)
    seen = see(session, opened, scan, house.catalogue, tablet.language, number=number)
    turns = on_page(session, opened, can, house.settings.answer_floor_seconds)
    wants_examples = any(turn.kind == "healthy" and turn.text for turn in turns)
    examples = (
        healthy_examples(session, seen, house.clinic.clinic.match_weights)
        if wants_examples and can.look
        else []
    )
    all_scans = scans.for_patient(session, tablet.visit_id)
    listed = questions.all_of_visit(session, opened)
    return {
        "can": can,
        "scan": seen,
        "found": None,
        "typed": "",
        "preset": chosen_preset(request, seen),
        "strokes": PATTERN_STROKES,
        "words_language": _language_of_parts(house, seen, tablet.language),
        "others": [one.scan_id for one in all_scans],
        "counts": {one.scan_id: one.slice_count for one in all_scans},
        "turns": turns,
        "is_pending": any(turn.text is None and not turn.is_saved for turn in turns),
        "examples": examples,
        "wants_examples": wants_examples,
        "scale": scale_of(seen, examples),
        "listed": listed,
        "suggested": suggestions(house, tablet.language, listed),
        "code": visits.code_of(opened),
        "wants_all": opened.visit.amount != "names",
        "call": call_state(session, house, tablet.visit_id, tablet.language),
        "notes": notes.all_of_visit(session, opened) if can.doctors_words else [],
        "problem": "",
    }


def chosen_slice(request: Request, opened: OpenedVisit, scan: Scan) -> int:
    """The slice named in the address."""
    return slice_named(request.query_params.get("slice", ""), opened, scan)


def slice_named(typed: str, opened: OpenedVisit, scan: Scan) -> int:
    """The slice with this number, the nearest one that can be shown, or the first one."""
    first = first_of(opened, scan)
    known = slices.reachable(scan, first)
    if not (typed.isascii() and typed.isdigit() and len(typed) <= MAX_DIGITS):
        return first
    return min(max(int(typed), known.start), known.stop - 1)


def chosen_preset(request: Request, seen: SeenScan) -> str:
    """The window named in the address, if this scan offers it."""
    typed = request.query_params.get("window", "")
    return typed if typed in seen.presets else ""


def _language_of_parts(house: House, seen: SeenScan, language: str) -> str:
    """The language the catalogue's words really come in: English until all are translated."""
    texts = [house.catalogue.structure(part.key).texts for part in seen.parts]
    return language if all(language in known for known in texts) else "en"


@router.post("/scan/{scan_id}/find")
def find(
    request: Request,
    house: HouseDep,
    session: SessionDep,
    tablet: Use,
    scan: OwnScan,
    part: Typed = "",
) -> Response:
    """Show where a part is that somebody named; by POST, so that no address keeps the words."""
    _check_open(tablet, scan)
    values = page_values(request, house, session, tablet, scan)
    seen: SeenScan = values["scan"]
    found = find_part(part, seen.parts, seen.unsure, house.catalogue, tablet.language)
    return show(request, "scan.html", tablet, **{**values, "found": found, "typed": part})


@router.get("/scan/{scan_id}/answers")
def answers(
    request: Request, house: HouseDep, session: SessionDep, tablet: Watch, scan: WatchedScan
) -> Response:
    """The part of the page that changes while an answer is made."""
    return show(
        request, "answers.html", tablet, **page_values(request, house, session, tablet, scan)
    )


@router.get("/scan/{scan_id}/status")
def status(session: SessionDep, tablet: Watch, scan: WatchedScan) -> JSONResponse:
    """How far the look has come and how many stand before it."""
    if not allowed(tablet.opened.visit).look:
        return JSONResponse({"status": "held", "before": 0})
    known = slices.reachable(scan, first_of(tablet.opened, scan))
    return JSONResponse(
        {
            "status": scan.status,
            "before": work.scans_before(session, scan),
            "stored": scan.slices_stored,
            "slices": scan.slice_count,
            "storing": scan.storing,
            "from": known.start,
            "to": known.stop - 1,
        }
    )


@router.get("/scan/{scan_id}/picture.png")
def picture(house: HouseDep, tablet: Watch, scan: WatchedScan) -> Response:
    """The picture itself."""
    _check_open(tablet, scan)
    data = scans.picture_of(house.blobs, tablet.opened, scan)
    return Response(data, media_type="image/png")


@router.get("/scan/{scan_id}/slices/{number}.png")
def slice_picture(
    house: HouseDep, tablet: Watch, scan: WatchedScan, number: int, window: str = ""
) -> Response:
    """One slice of the series through a window; 404 for one that is not there."""
    _check_open(tablet, scan)
    if window not in CT_PRESETS:
        window = ""
    try:
        data = slice_png(house.blobs, tablet.opened, scan, number, window)
    except BlobMissing:
        raise AppError("not_found", 404, f"/scan/{scan.scan_id}") from None
    return Response(data, media_type="image/png")


@router.get("/scan/{scan_id}/slice")
def slice_parts(
    request: Request, house: HouseDep, session: SessionDep, tablet: Use, scan: OwnScan
) -> Response:
    """The parts of the page that change with the slice."""
    _check_open(tablet, scan)
    values = page_values(request, house, session, tablet, scan)
    return show(request, "slice.html", tablet, **values)


@router.post("/scan/{scan_id}/look")
def look_at_slice(
    session: SessionDep, tablet: Use, scan: OwnScan, slice_number: Annotated[int, Form()]
) -> Response:
    """Ask for the names of the parts in one more slice: a row of work like any other."""
    _check_open(tablet, scan)
    first = first_of(tablet.opened, scan)
    if slice_number != first and slice_number in slices.reachable(scan, first):
        row = slices.ask_for_look(session, scan, slice_number)
        if row is None:
            raise AppError("too_many", 429, f"/scan/{scan.scan_id}?slice={slice_number}")
        audit.record(session, "patient", "scan.look", scan.scan_id)
    return go_to(f"/scan/{scan.scan_id}?slice={slice_number}")


def _check_open(tablet: Tablet, scan: Scan) -> None:
    if not allowed(tablet.opened.visit).look:
        raise AppError("not_open_yet", 403, f"/scan/{scan.scan_id}")
