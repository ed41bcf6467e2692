"""The patient's paper for the desk, on screen and as PDF, and the doctor's copy."""

from dataclasses import replace

from fastapi import APIRouter, Request
from fastapi.responses import Response
from markupsafe import Markup
from sqlalchemy.orm import Session

from app.deps import House, HouseDep, SessionDep
from app.errors import AppError
from app.report.content import ReportContent, ReportWithheld
from app.report.render import ReportError, render_article, render_pdf
from app.staff.auth import MemberDep, see_other, staff_page
from app.staff.visits import opened_or_404
from app.storage import audit, turns, visits
from app.storage.visits import OpenedVisit
from app.visit_report import report_content
from app.web.address import home_address
from app.web.report_assets import asset_response

router = APIRouter()


@router.get("/staff/visits/{visit_id}/report")
def report_on_screen(
    request: Request,
    house: HouseDep,
    session: SessionDep,
    member: MemberDep,
    visit_id: str,
    *,
    now: bool = False,
) -> Response:
    """The report in the edition that the release level allows; `now`: the printer is asked."""
    opened = opened_or_404(house, session, visit_id)
    content, here = _content(request, house, session, opened), f"/staff/visits/{visit_id}"
    assets = f"{here}/report/asset/"
    try:
        article = Markup(render_article(content, assets))
    except ReportError as error:
        raise AppError(error.key, 503, here) from None
    audit.record(session, member.name, "report.read", visit_id)
    return staff_page(
        request,
        session,
        member,
        "report.html",
        article=article,
        assets=assets,
        go_back=here,
        code=visits.code_of(opened),
        now=now,
    )


@router.post("/staff/visits/{visit_id}/report/print")
def print_at_the_desk(
    house: HouseDep, session: SessionDep, member: MemberDep, visit_id: str
) -> Response:
    """Write down that the paper is printed here, then show it with the printer's dialog."""
    opened_or_404(house, session, visit_id)
    audit.record(session, member.name, "report.print", visit_id)
    return see_other(f"/staff/visits/{visit_id}/report?now=1")


@router.get("/staff/visits/{visit_id}/report/asset/{name}")
def report_asset(
    request: Request, house: HouseDep, session: SessionDep, visit_id: str, name: str
) -> Response:
    """A picture or a style sheet of the report on screen."""
    opened = opened_or_404(house, session, visit_id)
    assets = f"/staff/visits/{visit_id}/report/asset/"
    return asset_response(_content(request, house, session, opened), assets, name)


@router.get("/staff/visits/{visit_id}/report.pdf")
def report(
    request: Request, house: HouseDep, session: SessionDep, member: MemberDep, visit_id: str
) -> Response:
    """The same as PDF."""
    opened = opened_or_404(house, session, visit_id)
    content = _content(request, house, session, opened)
    return _paper(house, session, content, (member.name, "report.pdf", visit_id))


@router.get("/staff/visits/{visit_id}/doctor.pdf")
def doctors_copy(
    request: Request, house: HouseDep, session: SessionDep, member: MemberDep, visit_id: str
) -> Response:
    """The same with a last page for the doctor: what was held back, in the program's raw words."""
    opened = opened_or_404(house, session, visit_id)
    content = _content(request, house, session, opened)
    content = replace(content, withheld=_withheld(session, opened))
    return _paper(house, session, content, (member.name, "doctor.pdf", visit_id))


def _content(
    request: Request, house: House, session: Session, opened: OpenedVisit
) -> ReportContent:
    home = home_address(house, request)
    return report_content(session, house, opened, opened.visit.language, home=home)


def _paper(
    house: House, session: Session, content: ReportContent, done: tuple[str, str, str]
) -> Response:
    """The PDF, once it is made and written down; `done`: who, what, of which visit."""
    session.commit()  # nobody waits for the database while the paper is made
    try:
        pdf = render_pdf(content)
    except ReportError as error:
        raise AppError(error.key, 503, f"/staff/visits/{done[-1]}") from None
    with house.sessions() as again, again.begin():
        audit.record(again, *done)
    headers = {"Content-Disposition": 'inline; filename="visit.pdf"'}
    return Response(pdf, media_type="application/pdf", headers=headers)


def _withheld(session: Session, opened: OpenedVisit) -> tuple[ReportWithheld, ...]:
    """The turns whose raw words are not what was shown."""
    found = []
    for turn in turns.all_of_visit(session, opened.visit.visit_id):
        raw = turns.raw_of(opened, turn)
        if raw and raw != turns.shown_of(opened, turn):
            rule = turn.output_rule or turn.input_rule
            found.append(ReportWithheld(turns.question_of(opened, turn), raw, rule))
    return tuple(found)
