"""One visit: its code on a sheet, level, pause, close, undo, erase, and scans of the clinic."""

import io

import segno
from fastapi import APIRouter, BackgroundTasks, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.delivery import right_patient, sending
from app.deps import House, HouseDep, SessionDep
from app.errors import AppError
from app.intake.receive import Refusal
from app.intake.series import Arrival
from app.receiving import receive_upload, store_first, store_rest_behind
from app.staff.access import levels_for
from app.staff.auth import MemberDep, see_other, staff_page
from app.staff.forms import FormDep, Typed, numbers_in
from app.storage import audit, visits
from app.storage.tables import Visit, now
from app.storage.visits import OpenedVisit
from app.web.address import home_address

router = APIRouter()


def opened_or_404(house: House, session: Session, visit_id: str) -> OpenedVisit:
    """The visit; raises the same AppError for one that is erased and one that never was."""
    opened = visits.opened(session, house.master, visit_id)
    if opened is None:
        raise AppError("not_found", 404, "/staff/visits")
    return opened


def minutes_to_erasure(visit: Visit) -> int:
    """How long a closed visit can still be opened again, in whole minutes; at least 1."""
    if visit.closed_at is None:
        return 0
    left = visit.closed_at + visits.UNDO_CLOSE - now()
    return max(1, -(-int(left.total_seconds()) // 60))


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
        address=home_address(house, request),
    )


@router.get("/staff/visits/{visit_id}/code.svg")
def code_picture(request: Request, house: HouseDep, session: SessionDep, visit_id: str) -> Response:
    """The QR of address and code; the code stands behind a #, which no server ever logs."""
    opened = opened_or_404(house, session, visit_id)
    code = visits.code_of(opened).replace(" ", "")
    target = io.BytesIO()
    qr = segno.make(f"{home_address(house, request)}#{code}", error="m", micro=False)
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
    sending.queue_all(session, opened.visit, member.name)
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
    house: HouseDep,
    session: SessionDep,
    member: MemberDep,
    visit_id: str,
    form: FormDep,
    behind: BackgroundTasks,
) -> Response:
    """Attach what the clinic delivers; identifiers go sealed into the filing envelope.

    Two patients in one upload are never taken. Another patient or examination than the visit's
    stops it, until staff say that they checked and type the number these pictures carry.
    """
    opened = opened_or_404(house, session, visit_id)
    file = form.files.get("file")
    received = receive_upload(house, [] if file is None else [file.file], delivered=True)
    if isinstance(received, Refusal):
        return see_other(f"/staff/visits/{visit_id}?refused={received.reason}")
    doubt = _doubt(house, session, visit_id, received, form)
    if doubt:
        received.close()
        audit.record(session, member.name, f"scan.refuse.{doubt}", visit_id)
        return see_other(f"/staff/visits/{visit_id}?refused={doubt}")
    stored = store_first(session, house, opened, received)
    for scan in stored:
        audit.record(session, member.name, "scan.deliver", scan.scan_id)
    # After the commit: the rest is noted in rows that must be there.
    behind.add_task(store_rest_behind, house, opened, stored, received)
    return see_other(f"/staff/visits/{visit_id}")


def _doubt(house: House, session: Session, visit_id: str, received: Arrival, form: Typed) -> str:
    """The first doubt that these pictures are of the visit's patient; empty for none."""
    typed = numbers_in(form)
    if typed is None:
        return "bad_date"
    is_sure = bool(form.text("is_checked"))
    doubts = (
        right_patient.doubt(house, session, one, visit_id, typed, is_sure=is_sure)
        for one in right_patient.examinations_in(house.master, received)
    )
    return next(filter(None, doubts), "")
