"""Calls to staff: the live list, the stream that every open staff page hears, seen and closed."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Annotated, Any, Final

import structlog
from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response, StreamingResponse
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.deps import House, HouseDep, SessionDep
from app.staff.auth import MemberDep, cookie_name, see_other, staff_page
from app.staff.bell import Bell
from app.staff.forms import FormDep
from app.storage import alerts, audit, staff, visits
from app.storage.tables import Alert, now

router = APIRouter()
log = structlog.get_logger()
KINDS: Final = ("emergency", "self_harm", "person_at_risk", "help")
"""The kinds a page has words for; any other is shown as a call for help."""
LONGEST_STREAM_SECONDS: Final = 600
SAY_AGAIN_SECONDS: Final = 3.0
"""So often a page hears the list again though nothing changed, and a session is looked at."""
NOTICE_SECONDS: Final = 0.1


@router.get("/staff/alerts")
def show_alerts(
    request: Request, house: HouseDep, session: SessionDep, member: MemberDep
) -> Response:
    """The list; it renews itself, with a script and without."""
    waiting = [_row(house, session, alert) for alert in alerts.unseen(session)]
    closed = [alert for alert in alerts.latest(session) if alert.closed_at is not None]
    return staff_page(
        request,
        session,
        member,
        "alerts.html",
        waiting=waiting,
        seen=[_row(house, session, alert) for alert in alerts.still_open(session)],
        closed=[_row(house, session, alert) for alert in closed[:20]],
        median_seconds=alerts.median_seconds_to_seen(session),
    )


def _row(house: House, session: Session, alert: Alert) -> dict[str, Any]:  # for a template
    opened = visits.opened(session, house.master, alert.visit_id) if alert.visit_id else None
    return {
        "alert": alert,
        "kind": alert.kind if alert.kind in KINDS else "help",
        "code": "" if opened is None else visits.code_of(opened),
        "seconds": int((now() - alert.raised_at).total_seconds()),
        "seen_by": staff.name_of(session, alert.seen_by),
        "closed_by": staff.name_of(session, alert.closed_by),
        "note": alerts.note_of(opened, alert),
    }


@router.get("/staff/alerts/stream")
def stream(
    request: Request,
    house: HouseDep,
    _member: MemberDep,
    seconds: Annotated[float, Query(ge=0, le=LONGEST_STREAM_SECONDS)] = LONGEST_STREAM_SECONDS,
) -> StreamingResponse:
    """The waiting calls as server-sent events: at once, on every change, and every few seconds.

    Each event holds all that waits, so a page that was away misses nothing. The browser opens
    the next stream by itself when this one ends.
    """
    token = request.cookies.get(cookie_name(house), "")
    said = _say(_bell(request, house), house, token, time.monotonic() + seconds)
    headers = {"X-Accel-Buffering": "no"}  # a proxy that collects lines would keep a call back
    return StreamingResponse(said, media_type="text/event-stream", headers=headers)


def _bell(request: Request, house: House) -> Bell:
    state = request.app.state
    if not hasattr(state, "bell"):
        state.bell = Bell(house.sessions, state.outbox)
    bell: Bell = state.bell
    return bell


async def _say(bell: Bell, house: House, token: str, end: float) -> AsyncIterator[str]:
    said, said_at, looked = "", 0.0, bell.looks
    with bell:
        yield "retry: 1000\n\n"
        while time.monotonic() < end:
            is_due = time.monotonic() - said_at > SAY_AGAIN_SECONDS and bell.looks > looked
            if bell.looks and (bell.waiting != said or is_due):
                if is_due and not await run_in_threadpool(_still_listens, house, token):
                    return
                said, said_at, looked = bell.waiting, time.monotonic(), bell.looks
                yield f"event: calls\ndata: {said}\n\n"
            await asyncio.sleep(NOTICE_SECONDS)


def _still_listens(house: House, token: str) -> bool:
    """Whether the session behind a stream still lives; notes that it listened.

    While the database cannot be asked nobody is sent away: a nurse has to hear what waits.
    """
    try:
        with house.sessions() as session, session.begin():
            found = staff.by_token(session, house.master, token, even_idle=True)
            if found is None or not {"nurse", "doctor"} & set(found[0].roles):
                return False
            staff.listen(found[1])
    except SQLAlchemyError as error:
        log.error("listener_not_noted", error_type=type(error).__name__)
    return True


@router.post("/staff/alerts/{alert_id}/seen")
def mark_seen(session: SessionDep, member: MemberDep, alert_id: str) -> Response:
    """Confirm a call: from now on the patient reads that somebody is on the way."""
    if alerts.mark_seen(session, alert_id, member.staff_id):
        audit.record(session, member.name, "alert.seen", alert_id)
    return see_other("/staff/alerts")


@router.post("/staff/alerts/{alert_id}/close")
def close(
    house: HouseDep, session: SessionDep, member: MemberDep, alert_id: str, form: FormDep
) -> Response:
    """Close a call that was seen; the note is sealed with the visit and goes with it."""
    alert = alerts.find(session, alert_id)
    if alert is None:
        return see_other("/staff/alerts")
    opened = visits.opened(session, house.master, alert.visit_id) if alert.visit_id else None
    if alerts.close(alert, member.staff_id, opened, form.text("note", longest=500)):
        audit.record(session, member.name, "alert.close", alert_id)
    return see_other("/staff/alerts")
