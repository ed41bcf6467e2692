"""The patient's paper, made for the desk, and the doctor's copy, which has one page more."""

from dataclasses import replace

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.deps import House, HouseDep, SessionDep
from app.errors import AppError
from app.report.content import ReportWithheld
from app.report.render import ReportError, render_pdf
from app.staff.auth import Member, MemberDep
from app.staff.visits import opened_or_404
from app.storage import audit, turns
from app.storage.visits import OpenedVisit
from app.visit_report import report_content

router = APIRouter()


@router.get("/staff/visits/{visit_id}/report.pdf")
def report(house: HouseDep, session: SessionDep, member: MemberDep, visit_id: str) -> Response:
    """The report in the edition that the release level allows: with it, the doctor's words."""
    return _paper(house, session, member, opened_or_404(house, session, visit_id), withheld=())


@router.get("/staff/visits/{visit_id}/doctor.pdf")
def doctors_copy(
    house: HouseDep, session: SessionDep, member: MemberDep, visit_id: str
) -> Response:
    """The same with a last page for the doctor: what was held back, in the program's raw words."""
    opened = opened_or_404(house, session, visit_id)
    return _paper(house, session, member, opened, withheld=_withheld(session, opened))


def _paper(
    house: House,
    session: Session,
    member: Member,
    opened: OpenedVisit,
    *,
    withheld: tuple[ReportWithheld, ...],
) -> Response:
    visit_id = opened.visit.visit_id
    try:
        content = report_content(session, house, opened, opened.visit.language)
        pdf = render_pdf(replace(content, withheld=withheld))
    except ReportError as error:
        raise AppError(error.key, 503, f"/staff/visits/{visit_id}") from None
    audit.record(session, member.name, "doctor.pdf" if withheld else "report.pdf", visit_id)
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
