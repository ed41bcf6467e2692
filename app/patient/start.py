"""The way in: start, language, consent, and the choice to rather wait for the doctor."""

from typing import Annotated, Final

import structlog
from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.deps import House, HouseDep, SessionDep
from app.patient.access import (
    LANGUAGE_COOKIE,
    READING_COOKIE,
    MaybeUse,
    Tablet,
    chosen_language,
    client_of,
    code_tries,
    cookie_name,
    find_tablet,
    set_choice,
    set_cookie,
)
from app.patient.forms import MAX_CODE_CHARS, Typed
from app.patient.reading import reading_from, reading_of
from app.patient.showing import go_to, own_address, show
from app.storage import audit, envelopes, paired_tablets, scans, training_consents, visits
from app.storage.tables import now
from app.storage.visits import OpenedVisit
from app.web import tablet_cookie

router = APIRouter()
log = structlog.get_logger()
AMOUNTS: Final = ("all", "names")


@router.get("/go-on")
def go_on(session: SessionDep, tablet: MaybeUse) -> Response:
    """Where this visit stands: the sign of the house leads here while a visit is on."""
    return go_to(next_address(session, tablet.opened))


@router.get("/")
def start_page(request: Request, house: HouseDep, session: SessionDep) -> Response:
    """What this is and is not, in a chosen language, and the way in.

    Whoever stands here may be the next person: a visit that is still on is offered to be put down.
    Only where visits open without a code, on a device of one's own, does it go on by a tap.
    """
    tablet = find_tablet(request, house, session)
    had_visit = cookie_name(house.settings) in request.cookies
    return _start(request, house, tablet, was_put_down=had_visit and tablet is None)


@router.post("/start")
def start(request: Request, house: HouseDep, session: SessionDep, code: Typed = "") -> Response:
    """Open the visit behind a code, or a new one where visitors may start without."""
    language = chosen_language(request)
    if not code.strip():
        if not house.settings.open_visits:
            return _start(request, house, None, error="code_missing")
        opened = visits.open_visit(session, house.master, language=language)
    else:
        found = _by_code(request, house, session, code)
        if isinstance(found, str):
            return _start(request, house, None, error=found)
        opened = found
        opened.visit.language = language
    former = find_tablet(request, house, session, is_use=False)
    if former is not None:  # the one before walked off without a word: nothing of theirs stays on
        visits.put_down_tablet(former.row)
    paired = tablet_cookie.token_of(request, house.settings)
    place = paired_tablets.by_token(session, house.master, paired) if paired else None
    tablet_id = None if place is None else place.tablet_id
    token = visits.start_tablet(session, house.master, opened.visit.visit_id, tablet_id)
    audit.record(session, "patient", "visit.start", opened.visit.visit_id)
    log.info("visit_started", visit_id=opened.visit.visit_id)
    response = go_to(next_address(session, opened))
    set_cookie(response, house.settings, token)
    bring_reading(request, response, house, opened)
    return response


def bring_reading(request: Request, response: Response, house: House, opened: OpenedVisit) -> None:
    """What was chosen on this tablet just now counts; else what the visit was read with before."""
    chosen = request.cookies.get(READING_COOKIE) or opened.visit.reading
    if chosen:
        opened.visit.reading = reading_from(chosen).as_text()
        set_choice(response, house.settings, READING_COOKIE, opened.visit.reading)


def _by_code(request: Request, house: House, session: Session, code: str) -> OpenedVisit | str:
    """The visit of a typed code, or the key of what to say instead."""
    tries, client = code_tries(request), client_of(request)
    if tries.wait_seconds(client) > 0:
        return "code_wait"
    opened = visits.find_by_code(session, house.master, code[:MAX_CODE_CHARS])
    if opened is None:
        tries.failed(client)
        return "code_unknown"
    return opened


def _start(
    request: Request,
    house: House,
    tablet: Tablet | None,
    *,
    error: str = "",
    was_put_down: bool = False,
) -> Response:
    status = {"": 200, "code_wait": 429}.get(error, 422)
    values = {
        "open_visits": house.settings.open_visits,
        "is_on": tablet is not None,
        "may_go_on": house.settings.open_visits and not house.settings.kiosk,
        "error": error,
        "was_put_down": was_put_down,
    }
    return show(request, "start.html", tablet, status=status, **values)


def next_address(session: Session, opened: OpenedVisit) -> str:
    """Where this visit goes on: consent, the first picture, or the newest one."""
    if opened.visit.consented_at is None:
        return "/consent"
    if envelopes.to_ask(session, opened.visit.visit_id):
        return "/yours"
    newest = scans.newest(scans.for_patient(session, opened.visit.visit_id))
    return "/upload" if newest is None else f"/scan/{newest.scan_id}"


@router.post("/language")
def choose_language(
    request: Request,
    house: HouseDep,
    session: SessionDep,
    language: Typed,
    back: Typed = "/",
) -> Response:
    """Switch the language of this browser and of its visit, at any moment."""
    chosen = language if language in house.clinic.languages else "en"
    tablet = find_tablet(request, house, session)
    if tablet is not None:
        tablet.opened.visit.language = chosen
    response = go_to(own_address(back))
    set_choice(response, house.settings, LANGUAGE_COOKIE, chosen)
    return response


@router.post("/reading")
def choose_reading(
    request: Request,
    house: HouseDep,
    session: SessionDep,
    size: Typed = "",
    switch: Typed = "",
    back: Typed = "/",
) -> Response:
    """Larger letters, more pictures, or a line for whoever helps; at any moment."""
    response = go_to(own_address(back))
    chosen = reading_of(request).changed(size, switch).as_text()
    tablet = find_tablet(request, house, session)
    if tablet is not None:
        tablet.opened.visit.reading = chosen
    set_choice(response, house.settings, READING_COOKIE, chosen)
    return response


@router.get("/consent")
def consent_page(request: Request, session: SessionDep, tablet: MaybeUse) -> Response:
    """What happens here, who reads what, and the question for a yes."""
    may_teach = training_consents.is_given(session, tablet.visit_id)
    return show(request, "consent.html", tablet, error="", may_teach=may_teach)


@router.post("/consent")
def consent(
    request: Request,
    session: SessionDep,
    tablet: MaybeUse,
    agreed: Annotated[str, Form(alias="consent")] = "",
    amount: Typed = "all",
    teach: Typed = "",
) -> Response:
    """Keep the yes and how much the patient wishes to know; training is asked apart."""
    may_teach = teach == "yes"
    if agreed != "yes":
        values = {"error": "consent_missing", "may_teach": may_teach}
        return show(request, "consent.html", tablet, status=422, **values)
    visit = tablet.opened.visit
    visit.amount = amount if amount in AMOUNTS else "all"
    if visit.consented_at is None:
        visit.consented_at = now()
        audit.record(session, "patient", "visit.consent", visit.visit_id)
    if training_consents.say(session, visit.visit_id, is_yes=may_teach):
        word = "yes" if may_teach else "no"
        audit.record(session, "patient", f"training.{word}", visit.visit_id)
    return go_to(next_address(session, tablet.opened))


@router.post("/amount")
def change_amount(tablet: MaybeUse, amount: Typed, back: Typed = "/") -> Response:
    """Change one's mind about how much to know; the doctor reads it beside the visit."""
    tablet.opened.visit.amount = amount if amount in AMOUNTS else "all"
    return go_to(own_address(back, "/"))


@router.get("/wait")
def wait_page(request: Request, session: SessionDep, tablet: MaybeUse) -> Response:
    """To rather wait for the doctor is fine; nothing more is shown until asked for."""
    return show(request, "wait.html", tablet, go_on=next_address(session, tablet.opened))
