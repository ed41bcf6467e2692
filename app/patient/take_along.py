"""Paper and pictures for the patient's own telephone: links that work once, and the way back."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.deps import House, HouseDep, SessionDep
from app.errors import AppError
from app.patient.access import Use, client_of, code_tries, set_cookie
from app.patient.my_picture import png_to_keep
from app.patient.report_page import chosen, pdf_response, printed
from app.patient.showing import go_to, show
from app.patient.start import bring_reading, next_address
from app.report.content import SECTIONS
from app.storage import audit, links, scans, visits
from app.storage.visits import OpenedVisit
from app.visit_report import report_content
from app.web.address import home_address, square

router = APIRouter()
LONGEST_TOKEN = 64


@router.post("/report/link")
def make_link(
    request: Request,
    house: HouseDep,
    session: SessionDep,
    tablet: Use,
    part: Annotated[list[str] | None, Form(max_length=len(SECTIONS))] = None,
    *,
    large: Annotated[bool, Form()] = False,
    scan_id: Annotated[str, Form(max_length=32)] = "",
    colours: Annotated[bool, Form()] = False,
) -> Response:
    """A square to scan with one's own telephone; it brings the paper, or one picture, once."""
    wish: links.Wish = {"parts": part, "large": large, "language": tablet.language}
    if scan_id:
        if scans.find(session, tablet.visit_id, scan_id) is None:
            raise AppError("not_found", 404)
        wish = {"scan_id": scan_id, "colours": colours}
    token = links.make(session, house.master, tablet.opened, wish)
    audit.record(session, "patient", "link.make", tablet.visit_id)
    address = f"{home_address(house, request)}take/{token}"
    return show(
        request,
        "phone.html",
        tablet,
        square=square(address),
        minutes=int(links.LASTS.total_seconds() // 60),
        form={"parts": part, "large": large, "scan_id": scan_id, "colours": colours},
        is_picture=bool(scan_id),
        go_back=next_address(session, tablet.opened),
    )


@router.get("/take/{token}")
def take(request: Request, house: HouseDep, session: SessionDep, token: str) -> Response:
    """What a link brings, to a telephone that holds no visit; each link works once."""
    _not_too_often(request)
    taken = links.take(session, house.master, token)
    if taken is None:
        code_tries(request).failed(client_of(request))
        raise AppError("link_used", 404)
    opened, wish = taken
    visit_id = opened.visit.visit_id
    audit.record(session, "patient", "link.take", visit_id)
    if "scan_id" in wish:
        return _picture(house, session, opened, wish)
    home = home_address(house, request)
    content = report_content(session, house, opened, wish["language"], home=home)
    content = chosen(content, wish["parts"], large=wish["large"])
    session.commit()  # used up before the paper is made: two telephones do not both get it
    try:
        return pdf_response(printed(content, "/", visit_id))
    except AppError:
        with house.sessions() as again, again.begin():
            links.give_back(again, house.master, token)
        raise


def _picture(house: House, session: Session, opened: OpenedVisit, wish: links.Wish) -> Response:
    scan = scans.find(session, opened.visit.visit_id, wish["scan_id"])
    if scan is None:
        raise AppError("link_used", 404)
    return png_to_keep(house, session, opened, scan, colours=wish["colours"])


@router.get("/v/{token}")
def page_of_paper(request: Request, house: HouseDep, session: SessionDep, token: str) -> Response:
    """Where the square on the paper leads: one tap opens the visit, as long as it is open."""
    _found(request, house, session, token)
    return show(request, "come_back.html", None, token=token)


@router.post("/v/{token}")
def come_back(request: Request, house: HouseDep, session: SessionDep, token: str) -> Response:
    """Open the visit in this browser, as its code would."""
    opened = _found(request, house, session, token)
    cookie = visits.start_tablet(session, house.master, opened.visit.visit_id)
    audit.record(session, "patient", "visit.start", opened.visit.visit_id)
    response = go_to(next_address(session, opened))
    set_cookie(response, house.settings, cookie)
    bring_reading(request, response, house, opened)
    return response


def _found(request: Request, house: House, session: Session, token: str) -> OpenedVisit:
    _not_too_often(request)
    opened = links.find_by_page(session, house.master, token[:LONGEST_TOKEN])
    if opened is None:
        code_tries(request).failed(client_of(request))
        raise AppError("visit_over", 404)
    return opened


def _not_too_often(request: Request) -> None:
    if code_tries(request).wait_seconds(client_of(request)) > 0:
        raise AppError("try_later", 429)
