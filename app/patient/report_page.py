"""The PDF to take along, in the edition the release level allows, with the parts one wants."""

import time
from dataclasses import replace
from typing import Annotated

import structlog
from fastapi import APIRouter, Query
from fastapi.responses import Response

from app.deps import HouseDep, SessionDep
from app.errors import AppError
from app.patient.access import Watch
from app.patient.start import next_address
from app.report.content import SECTIONS, ReportContent
from app.report.render import ReportError, render_pdf
from app.storage import audit
from app.visit_report import report_content

router = APIRouter()
log = structlog.get_logger()


# Watch, not Use: the note of use would hold the database's write lock while the PDF is made.
@router.get("/report.pdf")
def report(
    house: HouseDep,
    session: SessionDep,
    tablet: Watch,
    part: Annotated[list[str] | None, Query(max_length=len(SECTIONS))] = None,
    *,
    large: bool = False,
) -> Response:
    """The report as it stands now; made anew each time, kept nowhere.

    `part`: the sections that the patient wants; all that the clinic prints when none is named.
    """
    back = next_address(session, tablet.opened)
    if house.settings.kiosk:
        raise AppError("ask_at_desk", 403, back)
    started = time.monotonic()
    try:
        content = report_content(session, house, tablet.opened, tablet.language)
        pdf = render_pdf(chosen(content, part, large=large))
    except ReportError as error:
        raise AppError(error.key, 503, back) from None
    audit.record(session, "patient", "report.pdf", tablet.visit_id)
    log.info("report_made", visit_id=tablet.visit_id, seconds=round(time.monotonic() - started, 3))
    # The same name for every report: a file name is read by whoever uses the tablet next.
    headers = {"Content-Disposition": 'attachment; filename="my-visit.pdf"'}
    return Response(pdf, media_type="application/pdf", headers=headers)


def chosen(content: ReportContent, parts: list[str] | None, *, large: bool) -> ReportContent:
    """The content with only the named parts, in the clinic's order, and in larger letters."""
    kept = tuple(name for name in content.sections if not parts or name in parts)
    style = replace(content.style, large_print=large)
    return replace(content, sections=kept or content.sections, style=style)
