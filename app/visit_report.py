"""Gathers what a visit's report holds from its rows: nothing that its pages would not show."""

from datetime import datetime
from typing import Final

from babel.dates import format_date
from sqlalchemy.orm import Session

from app.analysis.slice_picture import slice_png
from app.clinicfolder.contents import Clinic
from app.clinicfolder.folder import Opened
from app.deps import House
from app.patient.conversation import on_page
from app.patient.release import allowed
from app.patient.seen import SeenScan, healthy_examples, see
from app.report.compose import structure_names, terms_used
from app.report.content import (
    ReportContent,
    ReportReference,
    ReportScan,
    ReportStyle,
    ReportTurn,
    ReportVersions,
)
from app.report.render import render_pdf
from app.storage import links, notes, questions, references, region_edits, scans, slices
from app.storage.tables import Scan
from app.storage.visits import OpenedVisit

MAX_EXAMPLES_PRINTED: Final = 2
_FIXED: Final = ("ai_line", "companion", "intended_purpose")
_MATCHES: Final = {
    "same_region": "region",
    "same_modality": "modality",
    "same_plane": "plane",
    "same_age": "age_band",
    "near_age": "age_band",
    "same_sex": "sex",
}


def released_pdf(session: Session, house: House, opened: OpenedVisit) -> bytes | None:
    """The final paper of a visit for the record: the edition after the consultation, as PDF.

    None before a doctor has released everything (level full), and while the visit is paused.
    It is whole, in the visit's language, and without the square that leads to the visit's page.

    Raises:
        ReportError: the paper could not be made; try again later.
    """
    if not allowed(opened.visit).doctors_words:
        return None
    return render_pdf(report_content(session, house, opened, opened.visit.language))


def report_content(
    session: Session, house: House, opened: OpenedVisit, language: str, *, home: str = ""
) -> ReportContent:
    """Everything on the paper, and nothing that the page would not show.

    `home`: the address of this house, so that a square can lead to the visit's page; a paper that
    outlives the visit has none.
    """
    can, clinic = allowed(opened.visit), house.clinic.clinic
    seen = _seen(session, house, opened, language) if can.look else []
    scans_printed = tuple(_printed(session, house, opened, one, language) for one in seen)
    turns = on_page(session, opened, can, house.settings.answer_floor_seconds)
    told = tuple(ReportTurn(t.question, t.text, t.by_doctor) for t in turns if t.text and can.look)
    fixed = {key: house.guard.fixed(key, language) for key in _FIXED}
    return ReportContent(
        edition="after" if can.doctors_words else "before",
        language=language,
        clinic_name=clinic.name,
        date=str(format_date(datetime.now().astimezone(), format="long", locale=language)),
        demonstration=not house.settings.model,
        ai_line=fixed["ai_line"],
        companion_line=fixed["companion"],
        intended_purpose=fixed["intended_purpose"],
        versions=_versions(house, seen),
        scans=scans_printed,
        references=_examples(session, house, seen),
        turns=told,
        questions=tuple(q.text for q in questions.all_of_visit(session, opened)),
        glossary=terms_used(told, scans_printed, house.catalogue, language),
        whom_to_call=clinic.contacts,
        visit_url=_page_of(house, opened, home),
        doctor_sentence=_doctors_words(session, opened) if can.doctors_words else None,
        sections=clinic.report_sections,
        style=style_of(house.clinic.now),
    )


def _page_of(house: House, opened: OpenedVisit, home: str) -> str | None:
    token = links.page_token(house.master, opened.visit.visit_id)
    return f"{home}v/{token}" if home else None


def style_of(clinic: Opened) -> ReportStyle:
    """How this clinic wants its paper."""
    return paper_style(clinic.clinic, clinic.logo, clinic.template)


def paper_style(clinic: Clinic, logo: bytes | None, template: str) -> ReportStyle:
    """The same of parts that are not saved yet."""
    return ReportStyle(
        paper=clinic.report_paper,
        large_print=clinic.report_large,
        colour=clinic.colour,
        logo_png=logo,
        header=clinic.report_header,
        footer=clinic.report_footer,
        template=template,
    )


def _seen(session: Session, house: House, opened: OpenedVisit, language: str) -> list[SeenScan]:
    rows = scans.for_patient(session, opened.visit.visit_id)
    looked = [row for row in rows if row.status == "looked"]
    numbered: list[tuple[Scan, int | None]] = []
    for row in looked:
        numbered.append((row, None))
        numbered += [(row, look.slice_number) for look in slices.looks_of(session, row)]
    words = (house.catalogue, language)
    return [see(session, opened, row, *words, number=number) for row, number in numbered]


def _printed(
    session: Session, house: House, opened: OpenedVisit, seen: SeenScan, language: str
) -> ReportScan:
    assert seen.look is not None  # only scans that were looked at are printed
    is_first, count = seen.number == seen.first, seen.row.slice_count
    taken_away = region_edits.removed(session, opened, seen.row) if is_first else ()
    return ReportScan(
        image_png=_picture(house, opened, seen),
        width=seen.facts.width,
        height=seen.facts.height,
        modality=seen.look.modality,
        plane=seen.look.plane,
        region=seen.look.region,
        structures=seen.parts,
        uncertain=seen.unsure,
        removed=structure_names(taken_away, house.catalogue, language),
        place=(seen.number + 1, count) if count > 1 else None,
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
