"""The patient's paper, made for the desk or the doctor: the same as on the tablet, no other."""

from fastapi import APIRouter
from fastapi.responses import Response

from app.deps import HouseDep, SessionDep
from app.errors import AppError
from app.patient.access import Tablet
from app.patient.report_page import report_content
from app.report.render import ReportError, render_pdf
from app.staff.auth import MemberDep
from app.staff.visits import opened_or_404
from app.storage import audit
from app.storage.tables import TabletSession

router = APIRouter()


@router.get("/staff/visits/{visit_id}/report.pdf")
def report(house: HouseDep, session: SessionDep, member: MemberDep, visit_id: str) -> Response:
    """The report in the edition that the release level allows: with it, the doctor's words."""
    opened = opened_or_404(house, session, visit_id)
    as_patient = Tablet(opened, TabletSession(visit_id=visit_id), opened.visit.language)
    try:
        pdf = render_pdf(report_content(session, house, as_patient))
    except ReportError as error:
        raise AppError(error.key, 503, f"/staff/visits/{visit_id}") from None
    audit.record(session, member.name, "report.pdf", visit_id)
    headers = {"Content-Disposition": 'inline; filename="visit.pdf"'}
    return Response(pdf, media_type="application/pdf", headers=headers)
