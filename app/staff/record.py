"""Back to the record, from the page of a visit: what was sent where, and sending it again."""

from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.delivery import sending
from app.deps import HouseDep, SessionDep
from app.staff.auth import MemberDep, see_other
from app.staff.visits import opened_or_404
from app.storage import envelopes, outbound, peers
from app.storage.visits import OpenedVisit

router = APIRouter()


@router.post("/staff/visits/{visit_id}/record")
def send_again(house: HouseDep, session: SessionDep, member: MemberDep, visit_id: str) -> Response:
    """Send the report and the marked parts as they stand now; refused before the release."""
    opened = opened_or_404(house, session, visit_id)
    if not sending.queue_all(session, opened.visit, member.name):
        return see_other(f"/staff/visits/{visit_id}?refused=not_released")
    return see_other(f"/staff/visits/{visit_id}")


def record_of(session: Session, opened: OpenedVisit) -> dict[str, Any]:  # of a template
    """What the page of a visit says of the record."""
    known = peers.everyone(session)
    takes = any(one.takes_reports or one.takes_segmentations for one in known)
    visit_id = opened.visit.visit_id
    return {
        "outbound": outbound.of_visit(session, visit_id),
        "peer_names": {one.peer_id: one.name for one in known},
        "can_file": takes and bool(envelopes.scans_with_envelope(session, visit_id)),
        "is_released": sending.is_released(opened.visit),
    }
