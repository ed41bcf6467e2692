"""Filling the library from a zip of pictures with a CSV, and seeing where it is still empty."""

import io
import zipfile
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.deps import House, HouseDep, SessionDep
from app.intake.receive import Refusal, receive
from app.references.library import Problem, Row, read_csv
from app.staff.auth import Member, MemberDep, staff_page
from app.staff.forms import FormDep
from app.staff.references import doubts, keep
from app.storage import audit, references
from app.storage.tables import now
from model.vocabulary import MODALITIES, PLANES, REGIONS

router = APIRouter()
MAX_CSV_BYTES: Final = 4 * 1024 * 1024
MAX_PICTURE_BYTES: Final = 64 * 1024 * 1024


@dataclass(frozen=True)
class Outcome:
    """What became of one line: taken when there are no problems."""

    line: int
    file: str
    problems: tuple[Problem, ...]


@router.get("/staff/references/import")
def import_page(request: Request, session: SessionDep, member: MemberDep) -> Response:
    """The form and how the CSV must look."""
    return staff_page(request, session, member, "import.html", outcomes=None, problems=())


@router.post("/staff/references/import")
def import_zip(
    request: Request, house: HouseDep, session: SessionDep, member: MemberDep, form: FormDep
) -> Response:
    """Take every good line; say for every other one why not. No line stops the others."""
    outcomes: list[Outcome] = []
    problems: list[Problem] = []
    try:
        with zipfile.ZipFile(io.BytesIO(form.data("file"))) as archive:
            rows, problems = _rows(house, archive)
            outcomes = [_take(house, session, member, archive, row) for row in rows]
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError):
        problems = [Problem("file", "no_zip")]
    taken = sum(not outcome.problems for outcome in outcomes)
    if taken:
        audit.record(session, member.name, "reference.import", f"{taken} references")
    return staff_page(
        request,
        session,
        member,
        "import.html",
        status=422 if problems else 200,
        outcomes=outcomes,
        problems=tuple(problems),
    )


def _rows(house: House, archive: zipfile.ZipFile) -> tuple[list[Row], list[Problem]]:
    tables = [name for name in archive.namelist() if name.lower().endswith(".csv")]
    if len(tables) != 1:
        return [], [Problem("file", "one_csv_needed")]
    data = _bytes(archive, tables[0], MAX_CSV_BYTES)
    if data is None:
        return [], [Problem("file", "too_many_rows")]
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return [], [Problem("file", "no_utf8")]
    return read_csv(text, house.catalogue.structures.keys(), now().date())


def _bytes(archive: zipfile.ZipFile, name: str, most: int) -> bytes | None:
    """A member of the zip, unless it is larger than it may be; its own header is not believed."""
    with archive.open(name) as stream:
        data = stream.read(most + 1)
    return None if len(data) > most else data


def _take(
    house: House, session: Session, member: Member, archive: zipfile.ZipFile, row: Row
) -> Outcome:
    said = row.checked.particulars
    if said is None:
        return Outcome(row.line, row.file, row.checked.problems)
    names = {PurePosixPath(name).name: name for name in archive.namelist()}
    inside = names.get(PurePosixPath(row.file).name)
    data = None if inside is None else _bytes(archive, inside, MAX_PICTURE_BYTES)
    if data is None:
        return Outcome(row.line, row.file, (Problem("file", "not_in_zip"),))
    received = receive(data)
    if isinstance(received, Refusal):
        return Outcome(row.line, row.file, (Problem("file", f"refused_{received.reason}"),))
    problems = doubts(session, received, said, {})
    if problems:
        return Outcome(row.line, row.file, tuple(problems))
    keep(house, session, member, received, said)
    return Outcome(row.line, row.file, ())


@router.get("/staff/references/coverage")
def coverage(request: Request, session: SessionDep, member: MemberDep) -> Response:
    """How many live examples there are of each body part, kind of picture and plane."""
    counts = references.counts_by_kind(session)
    planes = [plane for plane in PLANES if plane not in ("oblique", "other")]
    usual = [(m, p) for m in MODALITIES[:-1] for p in planes if (m == "X-ray") == (p in _VIEWS)]
    return staff_page(
        request,
        session,
        member,
        "coverage.html",
        columns=usual,
        rows=[(region, [counts.get((region, m, p), 0) for m, p in usual]) for region in REGIONS],
    )


_VIEWS: Final = ("frontal", "lateral")
"""Planes of an X-ray; slices of CT and MR have the others."""
