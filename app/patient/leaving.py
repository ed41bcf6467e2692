"""Two different ways to leave: put down the tablet, or erase everything."""

import structlog
from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.deps import HouseDep, SessionDep
from app.patient.access import MaybeUse, find_tablet, forget_cookies
from app.patient.forms import Typed
from app.patient.showing import show
from app.patient.start import next_address
from app.storage import audit, visits

router = APIRouter()
log = structlog.get_logger()
REASONS = ("done", "idle")


@router.post("/finish")
def finish(
    request: Request, house: HouseDep, session: SessionDep, reason: Typed = "done"
) -> Response:
    """End this tablet session and leave nothing on the tablet; the visit lives on.

    It works without a live session too: whoever presses the button shall see that all is clear.
    """
    tablet = find_tablet(request, house, session, is_use=False)
    if tablet is not None:
        visits.put_down_tablet(tablet.row)
        audit.record(session, "patient", "tablet.finish", tablet.visit_id)
        why = reason if reason in REASONS else "done"
        log.info("tablet_put_down", visit_id=tablet.visit_id, reason=why)
    response = show(request, "finished.html", None, was_idle=reason == "idle")
    forget_cookies(response, house.settings)
    return response


@router.get("/erase")
def erase_page(request: Request, session: SessionDep, tablet: MaybeUse) -> Response:
    """Ask once more: this cannot be undone."""
    go_back = next_address(session, tablet.opened)
    return show(request, "erase.html", tablet, go_back=go_back)


@router.post("/erase")
def erase(request: Request, house: HouseDep, session: SessionDep, tablet: MaybeUse) -> Response:
    """Erase the visit with pictures, questions and answers, and say so."""
    visit_id = tablet.visit_id
    visits.erase(session, house.blobs, visit_id)
    audit.record(session, "patient", "visit.erase", visit_id)
    log.info("visit_erased", visit_id=visit_id, reason="patient")
    response = show(request, "erased.html", None)
    forget_cookies(response, house.settings)
    return response
