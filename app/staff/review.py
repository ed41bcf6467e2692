"""One visit on one screen: pictures, the patient's questions, what was shown and held back."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.deps import HouseDep, SessionDep
from app.errors import AppError
from app.staff.access import levels_for
from app.staff.arrivals import delivered_to
from app.staff.auth import MemberDep, see_other, staff_page
from app.staff.forms import FormDep
from app.staff.pictures import seen_by_staff
from app.staff.record import record_of
from app.staff.visits import minutes_to_erasure, opened_or_404
from app.storage import alerts, audit, notes, questions, scans, turns, visits
from app.storage.tables import Turn, now
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
        scans=[
            seen_by_staff(house, session, opened, s) for s in scans.all_of_visit(session, visit_id)
        ],
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
        **delivered_to(session, opened),
        **record_of(session, opened),
    )


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
