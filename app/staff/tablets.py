"""Tablets: a name and a place for each, paired with a browser by a code or its square."""

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.deps import House, HouseDep, SessionDep
from app.errors import AppError
from app.patient.access import client_of, code_tries
from app.staff.auth import Member, MemberDep, see_other, staff_page
from app.staff.forms import FormDep
from app.storage import audit, paired_tablets
from app.storage.tables import PairedTablet
from app.storage.visits import in_groups
from app.web import tablet_cookie
from app.web.address import home_address, square
from app.web.templating import page

router = APIRouter()


@router.get("/staff/tablets")
def list_tablets(request: Request, session: SessionDep, member: MemberDep) -> Response:
    """All tablets, and the form for a new one."""
    return _show(request, session, member)


def _show(request: Request, session: Session, member: Member, *, problem: str = "") -> Response:
    return staff_page(
        request,
        session,
        member,
        "tablets.html",
        status=422 if problem else 200,
        tablets=paired_tablets.everything(session),
        problem=problem,
    )


@router.post("/staff/tablets")
def add_tablet(
    request: Request, house: HouseDep, session: SessionDep, member: MemberDep, form: FormDep
) -> Response:
    """A new tablet; the page with its pairing code is the answer, for the code is kept nowhere."""
    name, place = form.text("name", longest=40), form.text("place", longest=80)
    if not name or not place:
        return _show(request, session, member, problem="missing")
    tablet = paired_tablets.add(session, name, place)
    audit.record(session, member.name, "tablet.add", tablet.tablet_id)
    return _show_code(request, house, session, member, tablet)


@router.post("/staff/tablets/{tablet_id}/code")
def new_pairing_code(
    request: Request, house: HouseDep, session: SessionDep, member: MemberDep, tablet_id: str
) -> Response:
    """A fresh code for a tablet whose browser was lost; the old pairing holds until it is used."""
    return _show_code(request, house, session, member, _found(session, tablet_id))


def _found(session: Session, tablet_id: str) -> PairedTablet:
    tablet = paired_tablets.find(session, tablet_id)
    if tablet is None:
        raise AppError("not_found", 404, "/staff/tablets")
    return tablet


def _show_code(
    request: Request, house: House, session: Session, member: Member, tablet: PairedTablet
) -> Response:
    code = paired_tablets.give_code(house.master, tablet)
    address = f"{home_address(house, request)}staff/pair"
    return staff_page(
        request,
        session,
        member,
        "pairing.html",
        tablet=tablet,
        code=in_groups(code),
        address=address,
        square=square(f"{address}#{code}"),
        minutes=int(paired_tablets.CODE_LASTS.total_seconds() // 60),
    )


@router.post("/staff/tablets/{tablet_id}/unpair")
def unpair(session: SessionDep, member: MemberDep, tablet_id: str) -> Response:
    """Forget a tablet; its alerts say "place unknown" from now on."""
    paired_tablets.unpair(session, _found(session, tablet_id))
    audit.record(session, member.name, "tablet.unpair", tablet_id)
    return see_other("/staff/tablets")


@router.get("/staff/pair")
def pair_page(request: Request) -> Response:
    """The page that is opened on the tablet itself."""
    return page(request, "staff/pair.html", "en", problem="")


@router.post("/staff/pair")
def pair(request: Request, house: HouseDep, session: SessionDep, form: FormDep) -> Response:
    """Make this browser that tablet: its cookie outlives visits and restarts."""
    tries, client = code_tries(request), client_of(request)
    if tries.wait_seconds(client) > 0:
        return page(request, "staff/pair.html", "en", status=429, problem="wait")
    paired = paired_tablets.pair(session, house.master, form.text("code", longest=40))
    if paired is None:
        tries.failed(client)
        return page(request, "staff/pair.html", "en", status=422, problem="code")
    tablet, token = paired
    audit.record(session, "tablet", "tablet.pair", tablet.tablet_id)
    response = page(request, "staff/paired.html", "en", tablet=tablet)
    tablet_cookie.give(response, house.settings, token)
    return response
