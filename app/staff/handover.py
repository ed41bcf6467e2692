"""The end of a shift: a note and the open visits, handed to the next person, who confirms."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.deps import HouseDep, SessionDep
from app.staff.auth import MemberDep, see_other, staff_page
from app.staff.forms import FormDep
from app.storage import audit, handovers, visit_list, visits

router = APIRouter()
MOST_VISITS = 200


@router.get("/staff/handover")
def show_handover(
    request: Request, house: HouseDep, session: SessionDep, member: MemberDep
) -> Response:
    """The form, and the last shifts with what became of their visits."""
    found, total = visit_list.page_of_open(session, 0, MOST_VISITS)
    opened = visit_list.opened_all(session, house.master, found)
    codes = {one.visit.visit_id: visits.code_of(one) for one in opened}
    return staff_page(
        request,
        session,
        member,
        "handover.html",
        shifts=handovers.latest(session, house.master),
        codes=codes,
        total=total,
    )


@router.post("/staff/handover")
def hand_over(house: HouseDep, session: SessionDep, member: MemberDep, form: FormDep) -> Response:
    """Write the note down with the visits that are open now."""
    found, _ = visit_list.page_of_open(session, 0, MOST_VISITS)
    ids = [visit.visit_id for visit in found]
    written = handovers.write(session, house.master, member.staff_id, form.text("note"), ids)
    audit.record(session, member.name, "shift.hand_over", written)
    return see_other("/staff/handover")


@router.post("/staff/handover/{handover_id}/take")
def take_over(session: SessionDep, member: MemberDep, handover_id: str) -> Response:
    """The next person has read it; nobody confirms what they wrote themselves."""
    if handovers.acknowledge(session, handover_id, member.staff_id):
        audit.record(session, member.name, "shift.take_over", handover_id)
    return see_other("/staff/handover")
