"""Visits: who is here and how long, a new code on a sheet, level, pause, close and erase."""

import io
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Annotated

import segno
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.analysis.converse import TIME_CRITICAL
from app.deps import House, HouseDep, SessionDep
from app.errors import AppError
from app.i18n import LANGUAGES
from app.intake.envelope import as_mapping
from app.intake.receive import Refusal, receive
from app.staff.access import levels_for
from app.staff.auth import MemberDep, see_other, staff_page
from app.staff.forms import PAGE_SIZE, FormDep, Paging, start_of
from app.storage import alerts, audit, envelopes, scans, turns, visits
from app.storage.scans import ScanFacts
from app.storage.tables import Visit, now
from app.storage.visits import OpenedVisit

router = APIRouter()


@dataclass(frozen=True)
class VisitRow:
    """One line of the list; nothing in it says what a picture shows."""

    visit: Visit
    code: str
    minutes: int
    scans: int
    questions: int
    is_asked_for: bool
    closed_minutes: int | None = None


@router.get("/staff/visits")
def list_visits(
    request: Request,
    house: HouseDep,
    session: SessionDep,
    member: MemberDep,
    number: Annotated[int, Query(ge=1, le=10_000, alias="page")] = 1,
    done: Annotated[str, Query(max_length=12)] = "",
) -> Response:
    """The open visits, and those whose close can still be undone.

    What a raw answer holds that must not wait brings its visit to the top of a doctor's list,
    without a word about it: whoever looks over a shoulder sees nothing.
    """
    found, total = visits.page_of_open(session, start_of(number), PAGE_SIZE)
    rows = _rows(house, session, found)
    if "doctor" in member.roles:
        urgent = _urgent(session, [row.visit.visit_id for row in rows])
        rows.sort(key=lambda row: row.visit.visit_id not in urgent)
    return staff_page(
        request,
        session,
        member,
        "visits.html",
        rows=rows,
        closed=_rows(house, session, visits.just_closed(session)),
        paging=Paging(number, total),
        levels=levels_for(member.roles),
        offered=LANGUAGES,
        done=done,
    )


def _rows(house: House, session: Session, found: list[Visit]) -> list[VisitRow]:
    ids = [visit.visit_id for visit in found]
    pictures = [scan.visit_id for scan in scans.of_visits(session, ids)]
    asked = [turn.visit_id for turn in turns.of_visits(session, ids)]
    called = {alert.visit_id for alert in alerts.unseen(session)}
    rows = []
    for visit in found:
        opened = visits.opened(session, house.master, visit.visit_id)
        if opened is None:
            continue
        row = VisitRow(
            visit=visit,
            code=visits.code_of(opened),
            minutes=_minutes(visit.opened_at),
            scans=pictures.count(visit.visit_id),
            questions=asked.count(visit.visit_id),
            is_asked_for=visit.visit_id in called,
            closed_minutes=None if visit.closed_at is None else _minutes(visit.closed_at),
        )
        rows.append(row)
    return rows


def _minutes(since: datetime) -> int:
    return int((now() - since).total_seconds() // 60)


def _urgent(session: Session, visit_ids: list[str]) -> set[str]:
    found = turns.of_visits(session, visit_ids)
    return {turn.visit_id for turn in found if TIME_CRITICAL in (turn.note or "")}


@router.post("/staff/visits")
def new_visit(house: HouseDep, session: SessionDep, member: MemberDep, form: FormDep) -> Response:
    """A visit with a fresh code; its sheet is the next page."""
    language = form.text("language") or "en"
    level = form.text("level") or "guarded"
    if language not in LANGUAGES or level not in levels_for(member.roles):
        raise AppError("forbidden", 403, "/staff/visits")
    opened = visits.open_visit(session, house.master, language=language)
    visits.change_level(opened.visit, level)
    audit.record(session, member.name, "visit.open", opened.visit.visit_id)
    return see_other(f"/staff/visits/{opened.visit.visit_id}/sheet")


def opened_or_404(house: House, session: Session, visit_id: str) -> OpenedVisit:
    """The visit; raises the same AppError for one that is erased and one that never was."""
    opened = visits.opened(session, house.master, visit_id)
    if opened is None:
        raise AppError("not_found", 404, "/staff/visits")
    return opened


@router.get("/staff/visits/{visit_id}/sheet")
def sheet(
    request: Request, house: HouseDep, session: SessionDep, member: MemberDep, visit_id: str
) -> Response:
    """The sheet to hand out: the code in large letters, the address and the same as a QR."""
    opened = opened_or_404(house, session, visit_id)
    audit.record(session, member.name, "visit.sheet", visit_id)
    return staff_page(
        request,
        session,
        member,
        "sheet.html",
        opened=opened,
        code=visits.code_of(opened),
        address=_address(house, request),
    )


def _address(house: House, request: Request) -> str:
    return (house.settings.public_url or str(request.base_url)).rstrip("/") + "/"


@router.get("/staff/visits/{visit_id}/code.svg")
def code_picture(request: Request, house: HouseDep, session: SessionDep, visit_id: str) -> Response:
    """The QR of address and code; the code stands behind a #, which no server ever logs."""
    opened = opened_or_404(house, session, visit_id)
    code = visits.code_of(opened).replace(" ", "")
    target = io.BytesIO()
    qr = segno.make(f"{_address(house, request)}#{code}", error="m", micro=False)
    qr.save(target, kind="svg", scale=8, border=3, xmldecl=False)
    return Response(target.getvalue(), media_type="image/svg+xml")


@router.post("/staff/visits/{visit_id}/level")
def change_level(
    house: HouseDep, session: SessionDep, member: MemberDep, visit_id: str, form: FormDep
) -> Response:
    """Another release level; only a doctor opens everything, and only a doctor takes that back."""
    opened = opened_or_404(house, session, visit_id)
    allowed, level = levels_for(member.roles), form.text("level")
    if level not in allowed or opened.visit.release_level not in allowed:
        raise AppError("forbidden", 403, f"/staff/visits/{visit_id}")
    visits.change_level(opened.visit, level)
    audit.record(session, member.name, f"visit.level.{level}", visit_id)
    return see_other(f"/staff/visits/{visit_id}")


@router.post("/staff/visits/{visit_id}/pause")
def pause(
    house: HouseDep, session: SessionDep, member: MemberDep, visit_id: str, form: FormDep
) -> Response:
    """Show nothing from the next request on, or go on."""
    opened = opened_or_404(house, session, visit_id)
    opened.visit.paused = form.text("paused") == "yes"
    action = "visit.pause" if opened.visit.paused else "visit.go_on"
    audit.record(session, member.name, action, visit_id)
    return see_other(f"/staff/visits/{visit_id}")


@router.post("/staff/visits/{visit_id}/close")
def close(house: HouseDep, session: SessionDep, member: MemberDep, visit_id: str) -> Response:
    """End a visit; for ten minutes the close can be undone, then everything is erased."""
    visits.close(session, opened_or_404(house, session, visit_id).visit)
    audit.record(session, member.name, "visit.close", visit_id)
    return see_other("/staff/visits?done=closed")


@router.post("/staff/visits/{visit_id}/reopen")
def reopen(house: HouseDep, session: SessionDep, member: MemberDep, visit_id: str) -> Response:
    """Undo a close within ten minutes."""
    if not visits.reopen(opened_or_404(house, session, visit_id).visit):
        return see_other("/staff/visits?done=too_late")
    audit.record(session, member.name, "visit.reopen", visit_id)
    return see_other(f"/staff/visits/{visit_id}")


@router.post("/staff/visits/{visit_id}/erase")
def erase(house: HouseDep, session: SessionDep, member: MemberDep, visit_id: str) -> Response:
    """Erase a visit now: key, rows and pictures."""
    opened_or_404(house, session, visit_id)
    visits.erase(session, house.blobs, visit_id)
    audit.record(session, member.name, "visit.erase", visit_id)
    return see_other("/staff/visits?done=erased")


@router.post("/staff/visits/{visit_id}/scans")
def deliver_scan(
    house: HouseDep, session: SessionDep, member: MemberDep, visit_id: str, form: FormDep
) -> Response:
    """Attach a scan that the clinic delivers; identifiers go sealed into the filing envelope.

    Another patient's id than the one delivered before for this visit stops it, unless staff say
    that it is right.
    """
    opened = opened_or_404(house, session, visit_id)
    received = receive(form.data("file"), delivered=True)
    if isinstance(received, Refusal):
        return see_other(f"/staff/visits/{visit_id}?refused={received.reason}")
    identifiers = {} if received.envelope is None else as_mapping(received.envelope)
    mine = envelopes.patient_digest(house.master, identifiers.get("PatientID", ""))
    known = envelopes.patients_of_visit(session, visit_id)
    if mine and known and mine not in known and not form.text("is_right_patient"):
        return see_other(f"/staff/visits/{visit_id}?refused=other_patient")
    taken = {name: value for name, value in vars(received).items() if name in _FACTS}
    scan = scans.add_scan(session, house.blobs, opened, ScanFacts(**taken), received.image_png)
    session.flush()
    if received.envelope is not None:
        envelopes.add(session, house.master, opened, scan.scan_id, identifiers)
    audit.record(session, member.name, "scan.deliver", scan.scan_id)
    return see_other(f"/staff/visits/{visit_id}")


_FACTS = frozenset(asdict(ScanFacts("", 0, 0, "")))
