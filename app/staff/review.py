"""One visit on one screen: pictures, the patient's questions, what was shown and held back."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.analysis.overlay import Shape, overlay_svg
from app.deps import House, HouseDep, SessionDep
from app.errors import AppError
from app.staff.access import levels_for
from app.staff.auth import MemberDep, see_other, staff_page
from app.staff.forms import FormDep
from app.staff.visits import minutes_to_erasure, opened_or_404
from app.storage import alerts, audit, notes, questions, scans, turns, visits
from app.storage.scans import Look, ScanFacts, StoredRegion
from app.storage.tables import Scan, Turn, now
from app.storage.visits import OpenedVisit

router = APIRouter()


@dataclass(frozen=True)
class ReviewTurn:
    """One turn as staff read it; `raw` is None for everybody but a doctor."""

    turn: Turn
    question: str
    shown: str | None
    raw: str | None
    released: str | None


@dataclass(frozen=True)
class ReviewScan:
    """One scan as staff see it."""

    scan: Scan
    facts: ScanFacts
    look: Look | None
    regions: tuple[tuple[int, str, StoredRegion], ...]


@router.get("/staff/visits/{visit_id}")
def review(
    request: Request,
    house: HouseDep,
    session: SessionDep,
    member: MemberDep,
    visit_id: str,
    refused: Annotated[str, Query(max_length=40)] = "",
) -> Response:
    """The visit; reading it is an event of the audit."""
    opened = opened_or_404(house, session, visit_id)
    is_doctor = "doctor" in member.roles
    audit.record(session, member.name, "visit.read", visit_id)
    shown = _turns(session, opened, is_doctor=is_doctor)
    return staff_page(
        request,
        session,
        member,
        "review.html",
        opened=opened,
        visit=opened.visit,
        code=visits.code_of(opened),
        scans=[_scan(house, session, opened, s) for s in scans.all_of_visit(session, visit_id)],
        turns=shown,
        listed=questions.all_of_visit(session, opened),
        notes=notes.all_of_visit(session, opened),
        calls=alerts.of_visit(session, visit_id),
        withheld=sum(turn.turn.output_verdict == "withhold" for turn in shown),
        minutes=int((now() - opened.visit.opened_at).total_seconds() // 60),
        left_minutes=minutes_to_erasure(opened.visit),
        levels=levels_for(member.roles),
        is_doctor=is_doctor,
        refused=refused,
    )


def _scan(house: House, session: Session, opened: OpenedVisit, scan: Scan) -> ReviewScan:
    regions = scans.regions_of(session, opened, scan)
    known = house.catalogue.structures
    named = (
        (number, structure_name(house, r.structure), r) for number, r in enumerate(regions, start=1)
    )
    return ReviewScan(
        scan=scan,
        facts=scans.facts_of(opened, scan),
        look=scans.look_of(opened, scan),
        regions=tuple(row for row in named if row[2].structure in known),
    )


def structure_name(house: House, structure: str) -> str:
    """The plain English name of a structure."""
    known = house.catalogue.structures.get(structure)
    return structure if known is None else known.text("en").name


def _turns(session: Session, opened: OpenedVisit, *, is_doctor: bool) -> list[ReviewTurn]:
    return [
        ReviewTurn(
            turn=turn,
            question=turns.question_of(opened, turn),
            shown=turns.shown_of(opened, turn),
            raw=turns.raw_of(opened, turn) if is_doctor else None,
            released=turns.released_of(opened, turn),
        )
        for turn in turns.all_of_visit(session, opened.visit.visit_id)
    ]


def found_scan(session: Session, visit_id: str, scan_id: str) -> Scan:
    """The scan of this visit; raises the same AppError for a foreign one and none."""
    scan = scans.find(session, visit_id, scan_id)
    if scan is None:
        raise AppError("not_found", 404, "/staff/visits")
    return scan


@router.get("/staff/visits/{visit_id}/scans/{scan_id}.png")
def scan_picture(house: HouseDep, session: SessionDep, visit_id: str, scan_id: str) -> Response:
    """The picture of a scan."""
    opened = opened_or_404(house, session, visit_id)
    data = scans.picture_of(house.blobs, opened, found_scan(session, visit_id, scan_id))
    return Response(data, media_type="image/png")


@router.get("/staff/visits/{visit_id}/scans/{scan_id}.svg")
def scan_overlay(house: HouseDep, session: SessionDep, visit_id: str, scan_id: str) -> Response:
    """The marked regions of a scan alone, to lie over its picture."""
    opened = opened_or_404(house, session, visit_id)
    scan = found_scan(session, visit_id, scan_id)
    facts = scans.facts_of(opened, scan)
    shapes = [
        _shape(house, number, region)
        for number, region in enumerate(scans.regions_of(session, opened, scan), start=1)
        if region.structure in house.catalogue.structures
    ]
    svg = overlay_svg(facts.width, facts.height, shapes, None)
    return Response(svg, media_type="image/svg+xml")


def _shape(house: House, number: int, region: StoredRegion) -> Shape:
    look = house.catalogue.structure(region.structure)
    return Shape(look.key, number, look.colour, look.pattern, region.path, region.anchor)


@router.post("/staff/visits/{visit_id}/note")
def write_note(
    house: HouseDep, session: SessionDep, member: MemberDep, visit_id: str, form: FormDep
) -> Response:
    """The doctor's sentence for the report after the consultation; "nothing to add" in one tap."""
    opened = opened_or_404(house, session, visit_id)
    words = form.text("words", longest=2000)
    if not words:
        return see_other(f"/staff/visits/{visit_id}")
    notes.write(session, opened, member.staff_id, words)
    audit.record(session, member.name, "note.write", visit_id)
    return see_other(f"/staff/visits/{visit_id}")


@router.post("/staff/visits/{visit_id}/turns/{turn_id}/release")
def release_turn(
    house: HouseDep,
    session: SessionDep,
    member: MemberDep,
    visit_id: str,
    turn_id: str,
    form: FormDep,
) -> Response:
    """Give the patient an answer in the doctor's own wording, seen at level full."""
    opened = opened_or_404(house, session, visit_id)
    turn = turns.find(session, visit_id, turn_id)
    if turn is None:
        raise AppError("not_found", 404, f"/staff/visits/{visit_id}")
    turns.release(opened, turn, form.text("words", longest=2000))
    audit.record(session, member.name, "turn.release", turn_id)
    return see_other(f"/staff/visits/{visit_id}")
