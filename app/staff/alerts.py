"""Calls to staff: the live list, the same as JSON for every open staff page, and "seen"."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from sqlalchemy.orm import Session

from app.deps import House, HouseDep, SessionDep
from app.staff.auth import MemberDep, see_other, staff_page
from app.storage import alerts, audit, staff, visits
from app.storage.tables import Alert, now

router = APIRouter()
KINDS = ("emergency", "self_harm", "person_at_risk", "help")
"""The kinds a page has words for; any other is shown as a call for help."""


@router.get("/staff/alerts")
def show_alerts(
    request: Request, house: HouseDep, session: SessionDep, member: MemberDep
) -> Response:
    """The list; it refreshes itself, with a script and without."""
    waiting = [_row(house, session, alert) for alert in alerts.unseen(session)]
    seen = [alert for alert in alerts.latest(session) if alert.seen_at is not None]
    return staff_page(
        request,
        session,
        member,
        "alerts.html",
        waiting=waiting,
        seen=[_row(house, session, alert) for alert in seen[:20]],
        median_seconds=alerts.median_seconds_to_seen(session),
    )


@router.get("/staff/alerts.json")
def alerts_as_json(session: SessionDep, _member: MemberDep) -> JSONResponse:
    """The ids of waiting calls, oldest first, and which of them ring."""
    waiting = alerts.unseen(session)
    listed = [{"id": alert.alert_id, "is_silent": alert.is_silent} for alert in waiting]
    return JSONResponse({"waiting": listed})


def _row(house: House, session: Session, alert: Alert) -> dict[str, Any]:  # for a template
    opened = visits.opened(session, house.master, alert.visit_id) if alert.visit_id else None
    return {
        "alert": alert,
        "kind": alert.kind if alert.kind in KINDS else "help",
        "code": "" if opened is None else visits.code_of(opened),
        "seconds": int((now() - alert.raised_at).total_seconds()),
        "seen_by": staff.name_of(session, alert.seen_by),
    }


@router.post("/staff/alerts/{alert_id}/seen")
def mark_seen(session: SessionDep, member: MemberDep, alert_id: str) -> Response:
    """Confirm a call: from now on the patient reads that somebody is on the way."""
    if alerts.mark_seen(session, alert_id, member.staff_id):
        audit.record(session, member.name, "alert.seen", alert_id)
    return see_other("/staff/alerts")
