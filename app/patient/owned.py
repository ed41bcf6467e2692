"""Is this your picture? Asked, where the clinic wants it, before a delivered scan is shown."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated

from babel.dates import format_date
from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.deps import SessionDep
from app.patient.access import Use
from app.patient.showing import go_to, show
from app.patient.start import next_address
from app.storage import alerts, audit, envelopes, scans
from app.storage.visits import OpenedVisit

router = APIRouter()
_SIDES = {"L": "left", "R": "right"}


@dataclass(frozen=True)
class Delivered:
    """What a patient is told of a delivered scan before it is shown."""

    scan_id: str
    modality: str
    region: str
    side: str
    day: str


@router.get("/yours")
def ask(request: Request, session: SessionDep, tablet: Use) -> Response:
    """The question, about one delivery at a time."""
    waiting = envelopes.to_ask(session, tablet.visit_id)
    if not waiting:
        return go_to(next_address(session, tablet.opened))
    described = describe(session, tablet.opened, waiting[0], tablet.language)
    return show(request, "yours.html", tablet, one=described)


@router.post("/yours")
def answer(
    session: SessionDep,
    tablet: Use,
    scan_id: Annotated[str, Form()] = "",
    mine: Annotated[str, Form()] = "",
) -> Response:
    """Yes shows it; anything else hides it and calls staff."""
    if scan_id in envelopes.to_ask(session, tablet.visit_id):
        is_mine = mine == "yes"
        envelopes.say_owned(session, scan_id, "yes" if is_mine else "no")
        audit.record(session, "patient", "scan.own" if is_mine else "scan.disown", scan_id)
        if not is_mine:
            place = tablet.row.tablet_id
            alerts.raise_alert(session, tablet.visit_id, "help", is_silent=False, tablet_id=place)
    return go_to(next_address(session, tablet.opened))


def describe(session: Session, opened: OpenedVisit, scan_id: str, language: str) -> Delivered:
    """Kind, part, side and day of a delivered scan; the day comes from its envelope."""
    scan = scans.find(session, opened.visit.visit_id, scan_id)
    assert scan is not None  # its envelope refers to it
    facts = scans.facts_of(opened, scan)
    said = envelopes.identifiers_of(session, opened, scan_id).get("StudyDate", "")
    letter = facts.kept.get("ImageLaterality") or facts.kept.get("Laterality") or ""
    day = _day(said)
    return Delivered(
        scan_id=scan_id,
        modality=facts.modality or "",
        region=facts.region or "",
        side=_SIDES.get(letter, ""),
        day="" if day is None else format_date(day, format="long", locale=language),
    )


def _day(written: str) -> date | None:
    try:
        return datetime.strptime(written, "%Y%m%d").date()
    except ValueError:
        return None
