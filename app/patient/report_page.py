"""The PDF to take along: gathers what was shown, in the edition the release level allows."""

import time
from dataclasses import replace
from datetime import datetime
from typing import Annotated

import structlog
from babel.dates import format_date
from fastapi import APIRouter, Query
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.analysis.slice_picture import slice_png
from app.deps import House, HouseDep, SessionDep
from app.errors import AppError
from app.patient.access import Watch
from app.patient.conversation import on_page
from app.patient.release import allowed
from app.patient.seen import SeenScan, healthy_examples, see
from app.patient.start import next_address
from app.report.content import (
    SECTIONS,
    ReportContent,
    ReportReference,
    ReportScan,
    ReportStyle,
    ReportTurn,
    ReportVersions,
)
from app.report.render import ReportError, render_pdf
from app.storage import audit, notes, questions, references, scans, slices
from app.storage.tables import Scan
from app.storage.visits import OpenedVisit

router = APIRouter()
log = structlog.get_logger()
MAX_EXAMPLES_PRINTED = 2
_MATCHES = {
    "same_region": "region",
    "same_modality": "modality",
    "same_plane": "plane",
    "same_age": "age_band",
    "near_age": "age_band",
    "same_sex": "sex",
}


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


def report_content(
    session: Session, house: House, opened: OpenedVisit, language: str
) -> ReportContent:
    """Everything on the paper, and nothing that the page would not show."""
    can, clinic = allowed(opened.visit), house.clinic.clinic
    seen = _seen(session, house, opened, language) if can.look else []
    turns = on_page(session, opened, can, house.settings.answer_floor_seconds)
    fixed = {key: house.guard.fixed(key, language) for key in _FIXED}
    today = format_date(datetime.now().astimezone(), format="long", locale=language)
    return ReportContent(
        edition="after" if can.doctors_words else "before",
        language=language,
        clinic_name=clinic.name,
        date=str(today),
        demonstration=not house.settings.model,
        ai_line=fixed["ai_line"],
        companion_line=fixed["companion"],
        intended_purpose=fixed["intended_purpose"],
        versions=_versions(house, seen),
        scans=tuple(_printed(house, opened, one) for one in seen),
        references=_examples(session, house, seen),
        turns=tuple(ReportTurn(t.question, t.text) for t in turns if t.text and can.look),
        questions=tuple(q.text for q in questions.all_of_visit(session, opened)),
        doctor_sentence=_doctors_words(session, opened) if can.doctors_words else None,
        whom_to_call=clinic.contacts,
        sections=clinic.report_sections,
        style=ReportStyle(colour=clinic.colour, logo_png=house.clinic.now.logo),
    )


_FIXED = ("ai_line", "companion", "intended_purpose")


def _seen(session: Session, house: House, opened: OpenedVisit, language: str) -> list[SeenScan]:
    rows = scans.all_of_visit(session, opened.visit.visit_id)
    looked = [row for row in rows if row.status == "looked"]
    numbered: list[tuple[Scan, int | None]] = []
    for row in looked:
        numbered.append((row, None))
        numbered += [(row, look.slice_number) for look in slices.looks_of(session, row)]
    words = (house.catalogue, language)
    return [see(session, opened, row, *words, number=number) for row, number in numbered]


def _printed(house: House, opened: OpenedVisit, seen: SeenScan) -> ReportScan:
    assert seen.look is not None  # only scans that were looked at are printed
    return ReportScan(
        image_png=_picture(house, opened, seen),
        width=seen.facts.width,
        height=seen.facts.height,
        modality=seen.look.modality,
        plane=seen.look.plane,
        region=seen.look.region,
        structures=seen.parts,
        uncertain=seen.unsure,
    )


def _picture(house: House, opened: OpenedVisit, seen: SeenScan) -> bytes:
    if seen.number == seen.first:
        return scans.picture_of(house.blobs, opened, seen.row)
    return slice_png(house.blobs, opened, seen.row, seen.number)


def _examples(session: Session, house: House, seen: list[SeenScan]) -> tuple[ReportReference, ...]:
    weights = house.clinic.clinic.match_weights
    found = healthy_examples(session, seen[-1], weights)[:MAX_EXAMPLES_PRINTED] if seen else []
    rows = [references.find(session, one.reference.reference_id) for one in found]
    return tuple(
        ReportReference(
            image_png=references.picture_of(house.blobs, row),
            matches_on=tuple(dict.fromkeys(_MATCHES[r] for r in one.reasons if r in _MATCHES)),
            source=one.reference.source,
            licence=one.reference.licence,
            caption=one.reference.caption,
            is_drawn=one.reference.is_drawn,
        )
        for one, row in zip(found, rows, strict=True)
        if row is not None
    )


def _versions(house: House, seen: list[SeenScan]) -> ReportVersions:
    look = seen[-1].look if seen else None
    return ReportVersions(
        model=look.model_sha256[:12] if look else "",
        adapter=seen[-1].row.adapter if seen else None,
        policy=house.guard.policy_version,
        catalogue=house.catalogue.version,
        prompts=look.prompts_version if look else "",
    )


def _doctors_words(session: Session, opened: OpenedVisit) -> str | None:
    found = notes.all_of_visit(session, opened)
    return "\n".join(note.text for note in found) or None
