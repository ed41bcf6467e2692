"""One visit: its code on a sheet, level, pause, close, undo, erase, and scans of the clinic."""

import io

import segno
from fastapi import APIRouter, BackgroundTasks, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.delivery import sending
from app.deps import House, HouseDep, SessionDep
from app.errors import AppError
from app.intake.envelope import as_mapping
from app.intake.receive import Refusal
from app.intake.series import Arrival
from app.receiving import receive_upload, store_first, store_rest_behind
from app.staff.access import levels_for
from app.staff.auth import MemberDep, see_other, staff_page
from app.staff.forms import NUMBER_CHARS, FormDep, Typed
from app.storage import audit, envelopes, expected, visits
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

    Two patients in one upload are never taken. Another patient than the visit's stops it, until
    staff say that they checked and type the number these pictures carry.
    """
    opened = opened_or_404(house, session, visit_id)
    file = form.files.get("file")
    received = receive_upload(house, [] if file is None else [file.file], delivered=True)
    if isinstance(received, Refusal):
        return see_other(f"/staff/visits/{visit_id}?refused={received.reason}")
    mix_up = _mix_up(house, session, visit_id, _patients(house, received), form)
    if mix_up:
        received.close()
        audit.record(session, member.name, f"scan.refuse.{mix_up}", visit_id)
        return see_other(f"/staff/visits/{visit_id}?refused={mix_up}")
    stored = store_first(session, house, opened, received)
    for scan in stored:
        audit.record(session, member.name, "scan.deliver", scan.scan_id)
    # After the commit: the rest is noted in rows that must be there.
    behind.add_task(store_rest_behind, house, opened, stored, received)
    return see_other(f"/staff/visits/{visit_id}")


def _mix_up(house: House, session: Session, visit_id: str, mine: set[str], form: Typed) -> str:
    """The key of what speaks against these patients' pictures in a visit; empty for nothing."""
    if len(mine) > 1:
        return "two_patients"
    row = expected.of_visit(session, visit_id)
    awaited = None if row is None else row.patient_id_digest
    known = envelopes.patients_of_visit(session, visit_id) | ({awaited} if awaited else set())
    if not known or mine <= known:
        return ""
    typed = envelopes.patient_digest(house.master, form.text("patient_id", longest=NUMBER_CHARS))
    if typed is None or not form.text("is_right_patient"):
        return "other_patient"
    return "" if {typed} == mine else "mismatch"


def _patients(house: House, arrival: Arrival) -> set[str]:
    """The keyed hashes of the patients whose ids these series carry."""
    envelopes_in = [one.scan.envelope for one in arrival.series if one.scan.envelope is not None]
    ids = [as_mapping(envelope).get("PatientID", "") for envelope in envelopes_in]
    digests = [envelopes.patient_digest(house.master, one) for one in ids]
    return {digest for digest in digests if digest}
