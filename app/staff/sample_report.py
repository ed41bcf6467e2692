"""A report of nobody, to see how the paper looks with a clinic's name, logo and sections."""

from datetime import UTC, datetime

from babel.dates import format_date

from app.clinicfolder.contents import Clinic
from app.deps import House
from app.guardrail.check import Scan
from app.patient.said import said
from app.references.drawings import DRAWINGS
from app.references.drawn import SIDE as DRAWN_SIDE
from app.references.drawn import drawn_png
from app.report.content import (
    Edition,
    ReportContent,
    ReportReference,
    ReportScan,
    ReportTurn,
    ReportVersions,
)
from app.visit_report import paper_style


def sample_report(
    house: House, clinic: Clinic, *, language: str = "en", edition: Edition = "before"
) -> ReportContent:
    """Drawn pictures and the fixed texts; everything a clinic can decide is as it decided."""
    guard, drawing = house.guard, DRAWINGS[0]
    scan = Scan(modality=drawing.modality, region=drawing.region, plane=drawing.plane)
    shown = guard.check_answer("", "", language, scan).text
    return ReportContent(
        edition=edition,
        language=language,
        clinic_name=clinic.name,
        date=str(format_date(datetime.now(UTC), format="long", locale=language)),
        demonstration=True,
        ai_line=guard.fixed("ai_line", language),
        companion_line=guard.fixed("companion", language),
        intended_purpose=guard.fixed("intended_purpose", language),
        versions=ReportVersions("", None, guard.policy_version, house.catalogue.version, ""),
        scans=(_picture(drawn_png(drawing)),),
        references=(
            ReportReference(
                drawn_png(drawing, 1),
                ("region", "modality", "plane"),
                "Anteroom",
                "CC0",
                is_drawn=True,
            ),
        ),
        turns=(ReportTurn(said("asked", language, kind="what", part=""), shown),),
        questions=guard.suggested_questions(language, scan),
        whom_to_call=clinic.contacts,
        sections=clinic.report_sections,
        doctor_sentence=shown if edition == "after" else None,
        style=paper_style(clinic, house.clinic.now.logo, house.clinic.now.template),
    )


def _picture(png: bytes) -> ReportScan:
    drawing = DRAWINGS[0]
    size = DRAWN_SIDE
    return ReportScan(png, size, size, drawing.modality, drawing.plane, drawing.region)
