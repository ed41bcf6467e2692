"""Filling the library from a zip of pictures with a CSV, and seeing where it is still empty."""

import io
import zipfile
from collections.abc import Mapping
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.deps import HouseDep, SessionDep
from app.library_work import rows_of
from app.references.library import CSV_COLUMNS, Problem
from app.staff.auth import Member, MemberDep, see_other, staff_page
from app.staff.forms import FormDep
from app.storage import audit, library_jobs, library_misses, references
from app.storage.library_misses import Kind
from model.vocabulary import AGE_BANDS, MODALITIES, REGIONS

router = APIRouter()


@router.get("/staff/references/import")
def import_page(request: Request, session: SessionDep, member: MemberDep) -> Response:
    """The form, how the CSV must look, and how far earlier imports have come."""
    return _show(request, session, member)


def _show(
    request: Request, session: Session, member: Member, problems: tuple[Problem, ...] = ()
) -> Response:
    jobs = library_jobs.imports(session)
    return staff_page(
        request,
        session,
        member,
        "import.html",
        status=422 if problems else 200,
        jobs=jobs,
        is_busy=any(job.status in ("asked", "working") for job in jobs),
        problems=problems,
        columns=CSV_COLUMNS,
    )


@router.post("/staff/references/import")
def import_zip(
    request: Request, house: HouseDep, session: SessionDep, member: MemberDep, form: FormDep
) -> Response:
    """Keep the zip for the worker; one that cannot be read at all is refused at once."""
    data = form.data("file")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            rows, problems = rows_of(house, archive)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError):
        rows, problems = [], [Problem("file", "no_zip")]
    if problems:
        return _show(request, session, member, tuple(problems))
    job = library_jobs.ask_import(
        session, house.blobs, house.master, data, len(rows), member.staff_id
    )
    audit.record(session, member.name, "reference.import.ask", job.job_id)
    return see_other("/staff/references/import")


@router.get("/staff/references/coverage")
def coverage(
    request: Request,
    session: SessionDep,
    member: MemberDep,
    modality: Annotated[str, Query(max_length=6)] = "CT",
) -> Response:
    """How many live examples there are of each part, plane and age, and what patients missed."""
    chosen = modality if modality in MODALITIES[:-1] else "CT"
    planes = VIEWS if chosen == "X-ray" else SLICES
    columns = [(plane, age) for plane in planes for age in AGE_BANDS]
    counts = references.counts_by_kind(session)
    rows = [
        (region, [(p, age, count_of(counts, (region, chosen, p, age))) for p, age in columns])
        for region in REGIONS
    ]
    return staff_page(
        request,
        session,
        member,
        "coverage.html",
        chosen=chosen,
        modalities=MODALITIES[:-1],
        planes=planes,
        age_bands=AGE_BANDS,
        rows=rows,
        missed=list(library_misses.most_asked(session).items())[:MOST_MISSED],
    )


def count_of(counts: Mapping[Kind, int], kind: Kind) -> int:
    """Examples of a kind for one age; those of no said age fit every age."""
    *other, age = kind
    return sum(counts.get((other[0], other[1], other[2], band), 0) for band in (age, ""))


VIEWS: Final = ("frontal", "lateral")
"""Planes of an X-ray; slices of CT and MR have the others."""
SLICES: Final = ("axial", "coronal", "sagittal")
MOST_MISSED: Final = 20
