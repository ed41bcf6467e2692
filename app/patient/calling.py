"""Calling a person: the message to staff, what became of it, and "I am still here"."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog
from fastapi import APIRouter, Request, Response
from sqlalchemy.orm import Session

from app.deps import House, HouseDep, SessionDep
from app.errors import VisitNeeded
from app.outbox import outbox_of
from app.patient.access import MaybeUse, chosen_language, cookie_name, find_tablet
from app.patient.forms import Typed
from app.patient.showing import go_to, own_address, show
from app.storage import alerts, audit
from app.storage.tables import now

router = APIRouter()
log = structlog.get_logger()
HELP: Final = "help"
UNANSWERED_AFTER: Final = timedelta(seconds=30)
FORGOTTEN_AFTER: Final = timedelta(minutes=15)
"""A call that staff have answered so long ago is over."""


@dataclass(frozen=True)
class Call:
    """What became of a call: none, sent, unanswered or seen, and the approved words for it."""

    state: str
    text: str


def call_state(session: Session, house: House, visit_id: str, language: str) -> Call:
    """The newest call of a visit; "on the way" is said only after staff pressed seen."""
    alert = alerts.latest_of_visit(session, visit_id)
    if alert is None:
        return Call("none", "")
    fixed = house.guard.fixed
    if alert.seen_at is not None:
        is_over = now() - alert.seen_at > FORGOTTEN_AFTER
        return Call("none", "") if is_over else Call("seen", fixed("alert_seen", language))
    if now() - alert.raised_at > UNANSWERED_AFTER:
        number = house.clinic.clinic.emergency_number
        return Call("unanswered", fixed("alert_unanswered", language, emergency_number=number))
    sent = fixed("alert_sent", language) if alerts.is_someone_listening(session) else ""
    return Call("sent", f"{fixed('emergency', language)} {sent}".strip())


@router.post("/help")
def call_help(request: Request, house: HouseDep, back: Typed = "/") -> Response:
    """Leave a message for the nurse; the words on the screen say what to do meanwhile."""

    def store() -> str:
        with house.sessions() as session, session.begin():
            tablet = find_tablet(request, house, session)
            if tablet is None:
                raise VisitNeeded
            alert = alerts.raise_alert(
                session, tablet.visit_id, HELP, is_silent=False, tablet_id=tablet.row.tablet_id
            )
            audit.record(session, "patient", "alert.help", alert.alert_id)
            log.info("alert_raised", alert_id=alert.alert_id, reason=HELP)
        return f"/help?back={own_address(back)}"

    token = request.cookies.get(cookie_name(house.settings), "")
    address = outbox_of(request).deliver(
        token, HELP, is_silent=False, action="alert.help", store=store
    )
    if address:
        return go_to(address)
    text = house.guard.fixed("emergency", chosen_language(request))
    return show(request, "emergency.html", None, text=text, go_back=own_address(back))


@router.get("/help")
def help_page(
    request: Request, house: HouseDep, session: SessionDep, tablet: MaybeUse, back: str = "/"
) -> Response:
    """What became of the message."""
    call = call_state(session, house, tablet.visit_id, tablet.language)
    return show(request, "help.html", tablet, call=call, go_back=own_address(back))


@router.post("/still-here")
def still_here(_tablet: MaybeUse) -> Response:
    """Somebody touched the screen; the look at the session has noted the time."""
    return Response(status_code=204)
