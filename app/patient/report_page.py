"""The report on screen and as a PDF to take along, with the parts and letters one wants."""

import time
from dataclasses import replace
from typing import Annotated

import structlog
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from markupsafe import Markup
from sqlalchemy.orm import Session

from app.deps import House, HouseDep, SessionDep
from app.errors import AppError
from app.patient.access import Tablet, Use, Watch
from app.patient.showing import show
from app.patient.start import next_address
from app.report.content import SECTIONS, ReportContent
from app.report.render import ReportError, render_article, render_pdf
from app.storage import audit
from app.visit_report import report_content
from app.web.address import home_address
from app.web.report_assets import asset_response

router = APIRouter()
log = structlog.get_logger()
ASSETS = "/report/asset/"
Parts = Annotated[list[str] | None, Query(max_length=len(SECTIONS))]


@router.get("/report.pdf")
def report(
    request: Request,
    house: HouseDep,
    session: SessionDep,
    tablet: Use,
    part: Parts = None,
    *,
    large: bool = False,
) -> Response:
    """The report as it stands now; made anew each time, kept nowhere.

    `part`: the sections that the patient wants; all that the clinic prints when none is named.
    """
    back = next_address(session, tablet.opened)
    if house.settings.kiosk:
        raise AppError("ask_at_desk", 403, back)
    content = chosen(_content(request, house, session, tablet), part, large=large)
    session.commit()  # nobody waits for the database while the paper is made
    pdf = printed(content, back, tablet.visit_id)
    _note(house, "report.pdf", tablet.visit_id)
    return pdf_response(pdf)


@router.get("/report")
def report_on_screen(
    request: Request,
    house: HouseDep,
    session: SessionDep,
    tablet: Use,
    part: Parts = None,
    *,
    large: bool = False,
) -> Response:
    """The same words and pictures as a page, to read here or to print from the browser."""
    back = next_address(session, tablet.opened)
    content = chosen(_content(request, house, session, tablet), part, large=large)
    session.commit()
    try:
        article = Markup(render_article(content, ASSETS))
    except ReportError as error:
        raise AppError(error.key, 503, back) from None
    _note(house, "report.read", tablet.visit_id)
    return show(
        request,
        "report.html",
        tablet,
        article=article,
        go_back=back,
        assets=ASSETS,
        large=large,
        wish=request.url.query,
    )


@router.get("/report/asset/{name}")
def report_asset(
    request: Request,
    house: HouseDep,
    session: SessionDep,
    tablet: Watch,
    name: str,
    *,
    large: bool = False,
) -> Response:
    """A picture or a style sheet of the report on screen."""
    content = chosen(_content(request, house, session, tablet), None, large=large)
    return asset_response(content, ASSETS, name)


def _content(request: Request, house: House, session: Session, tablet: Tablet) -> ReportContent:
    home = home_address(house, request)
    return report_content(session, house, tablet.opened, tablet.language, home=home)


def _note(house: House, act: str, visit_id: str) -> None:
    with house.sessions() as session, session.begin():
        audit.record(session, "patient", act, visit_id)


def chosen(content: ReportContent, parts: list[str] | None, *, large: bool) -> ReportContent:
    """The content with only the named parts, in the clinic's order, and in larger letters."""
    kept = tuple(name for name in content.sections if not parts or name in parts)
    style = replace(content.style, large_print=large or content.style.large_print)
    return replace(content, sections=kept or content.sections, style=style)


def printed(content: ReportContent, back: str, visit_id: str) -> bytes:
    """The PDF; raises AppError with the way back where it cannot be made."""
    started = time.monotonic()
    try:
        pdf = render_pdf(content)
    except ReportError as error:
        raise AppError(error.key, 503, back) from None
    log.info("report_made", visit_id=visit_id, seconds=round(time.monotonic() - started, 3))
    return pdf


def pdf_response(pdf: bytes) -> Response:
    """A PDF to save, under the same name for everybody: whoever is next may read a file's name."""
    headers = {"Content-Disposition": 'attachment; filename="my-visit.pdf"'}
    return Response(pdf, media_type="application/pdf", headers=headers)
