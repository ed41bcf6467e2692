"""The worker's part for the library: looks at new references and imports line by line."""

import io
import time
import zipfile
from collections import Counter
from dataclasses import asdict
from pathlib import PurePosixPath
from typing import Any, Final

import structlog
from sqlalchemy.orm import Session

from app.analysis.analyse import analyse
from app.analysis.slice_picture import rgb_of
from app.deps import House
from app.intake.receive import Refusal, receive
from app.librarian import Keeper, doubts, keep
from app.logs import place_of
from app.references.library import Problem, Row, read_csv
from app.storage import audit, library_jobs, references, staff
from app.storage.scans import ScanFacts
from app.storage.tables import LibraryJob, Reference, now
from model.agreement import recognise_views
from model.answering import Recognition
from model.opening import Engine
from model.types import Image

log = structlog.get_logger()
STEP_SECONDS: Final = 1.0
"""An import works so long before patients' rows may go first again."""
MAX_CSV_BYTES: Final = 4 * 1024 * 1024
MAX_PICTURE_BYTES: Final = 64 * 1024 * 1024
SURE: Final = 0.99
FAIRLY_SURE: Final = 0.55


def work_on_library(house: House, engine: Engine, worker_id: str) -> bool:
    """Claim one job and do a part of it; False when there is nothing to do."""
    with house.sessions() as session:
        job = library_jobs.claim(session, worker_id)
        if job is None:
            return False
        try:
            if job.kind == library_jobs.LOOK:
                _look(house, engine, session, job)
            else:
                _import_some(house, session, job)
            session.commit()
        except Exception as error:  # whatever happens, the row gets a state with a name
            session.rollback()
            log.error("row_failed", error_type=type(error).__name__, where=place_of(error))
            library_jobs.fail(job)
            session.commit()
    return True


def _look(house: House, engine: Engine, session: Session, job: LibraryJob) -> None:
    reference = references.find(session, job.reference_id or "")
    if reference is not None:
        engine = engine.for_modality(reference.modality)
        image = rgb_of(references.picture_of(house.blobs, reference))
        proposal = propose(engine, image, reference.image_digest)
        look, regions = analyse(
            engine,
            house.catalogue,
            _facts(reference),
            image,
            only=house.clinic.clinic.structures,
        )
        engine.backend.forget(reference.image_digest)
        library_jobs.store_look(reference, proposal | {"unsure": list(look.unsure)}, regions)
    library_jobs.step(job, None)
    library_jobs.finish(job)


def _facts(reference: Reference) -> ScanFacts:
    """What staff said of the picture: the model looks for parts of that, as for a patient's."""
    return ScanFacts(
        image_digest=reference.image_digest,
        width=reference.width,
        height=reference.height,
        source="dicom",  # what staff said counts like a tag: this is a scan whatever it looks like
        modality=reference.modality,
        region=reference.region,
        plane=reference.plane,
    )


def propose(engine: Engine, image: Image, digest: str) -> dict[str, Any]:
    """Kind, region, plane and structures by the model alone, each with how many views agree."""
    seen = recognise_views(
        engine.backend, image, digest, structures_adapter=engine.structures_adapter()
    )
    found: dict[str, Any] = {  # Any: what goes into a JSON column
        name: _most(seen, name) for name in ("modality", "region", "plane")
    }
    named = Counter(name for one in seen for name in set(one.structures))
    agreed = {name: count / len(seen) for name, count in named.items()}
    found["structures"] = [
        {"word": name, "sure": _how_sure(share)}
        for name, share in sorted(agreed.items(), key=lambda pair: (-pair[1], pair[0]))
        if share >= FAIRLY_SURE
    ]
    return found


def _most(seen: list[Recognition], name: str) -> dict[str, str]:
    words = Counter(getattr(one, name) or "" for one in seen)
    word, count = words.most_common(1)[0]
    return {"word": word, "sure": _how_sure(count / len(seen))}


def _how_sure(share: float) -> str:
    return "sure" if share >= SURE else "fairly" if share >= FAIRLY_SURE else "unsure"


def _import_some(house: House, session: Session, job: LibraryJob) -> None:
    """Some lines, each stored whole and committed by itself; what was taken is never undone."""
    keeper = Keeper(job.asked_by or "", staff.name_of(session, job.asked_by))
    until = time.monotonic() + STEP_SECONDS
    with zipfile.ZipFile(io.BytesIO(library_jobs.archive_of(house.blobs, house.master, job))) as z:
        rows, _ = rows_of(house, z)
        names = {PurePosixPath(name).name: name for name in z.namelist()}
        while job.done < len(rows) and time.monotonic() < until:
            row = rows[job.done]
            problems = _take(house, session, keeper, z, names, row)
            library_jobs.step(job, _refusal(row, problems) if problems else None)
            session.commit()
    if job.done < len(rows):
        library_jobs.put_back(job)
        return
    library_jobs.finish(job)
    taken = job.total - len(job.refused)
    audit.record(session, keeper.name, "reference.import", f"{taken} references")
    session.commit()
    library_jobs.forget_archive(house.blobs, job)


def _refusal(row: Row, problems: tuple[Problem, ...]) -> dict[str, Any]:
    return {"line": row.line, "file": row.file, "problems": [asdict(one) for one in problems]}


def rows_of(house: House, archive: zipfile.ZipFile) -> tuple[list[Row], list[Problem]]:
    """The lines of the one CSV in a zip, each checked, or what is wrong with the whole zip."""
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
    house: House,
    session: Session,
    keeper: Keeper,
    archive: zipfile.ZipFile,
    names: dict[str, str],
    row: Row,
) -> tuple[Problem, ...]:
    said = row.checked.particulars
    if said is None:
        return row.checked.problems
    inside = names.get(PurePosixPath(row.file).name)
    try:
        data = None if inside is None else _bytes(archive, inside, MAX_PICTURE_BYTES)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError):
        return (Problem("file", "refused_broken"),)
    if data is None:
        return (Problem("file", "not_in_zip"),)
    received = receive(data)
    if isinstance(received, Refusal):
        return (Problem("file", f"refused_{received.reason}"),)
    problems = doubts(session, received, said, {})
    if not problems:
        keep(house, session, keeper, received, said)
    return tuple(problems)
