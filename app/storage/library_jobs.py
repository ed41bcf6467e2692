"""Work on the library as rows: a look at each reference, and imports in the background."""

from dataclasses import asdict
from typing import Any

from sqlalchemy import CursorResult, func, or_, select, update
from sqlalchemy.orm import Session

from app.storage.blobs import Blobs
from app.storage.scans import StoredRegion
from app.storage.sealed import MasterKey
from app.storage.tables import LibraryJob, Reference, new_id, now
from app.storage.work import LEASE, MAX_ATTEMPTS

LOOK = "look"
IMPORT = "import"


def ask_look(session: Session, reference_id: str, staff_id: str | None) -> LibraryJob:
    """Ask the worker to look at a reference; what it said of an earlier picture is forgotten."""
    reference = session.get(Reference, reference_id)
    assert reference is not None, "a look at a reference that is not there"
    reference.look, reference.regions = {}, []
    for job in session.scalars(select(LibraryJob).where(LibraryJob.reference_id == reference_id)):
        session.delete(job)
    job = LibraryJob(kind=LOOK, reference_id=reference_id, asked_by=staff_id, total=1)
    session.add(job)
    session.flush()
    return job


def ask_import(
    session: Session, blobs: Blobs, master: MasterKey, archive: bytes, total: int, staff_id: str
) -> LibraryJob:
    """Keep a zip, sealed, and ask the worker to take it in line by line."""
    job_id = new_id()
    wrapped = master.new_wrapped_key(job_id)
    blobs.put(f"imports/{job_id}/key", wrapped)
    blobs.put_sealed(master.vault(wrapped, job_id), f"imports/{job_id}/pictures.zip", archive)
    job = LibraryJob(job_id=job_id, kind=IMPORT, asked_by=staff_id, total=total)
    session.add(job)
    session.flush()
    return job


def archive_of(blobs: Blobs, master: MasterKey, job: LibraryJob) -> bytes:
    """The zip of an import; raises BlobMissing once it is done."""
    vault = master.vault(blobs.get(f"imports/{job.job_id}/key"), job.job_id)
    return blobs.get_sealed(vault, f"imports/{job.job_id}/pictures.zip")


def forget_archive(blobs: Blobs, job: LibraryJob) -> None:
    """A finished import keeps no zip: it may hold names."""
    blobs.delete_under(f"imports/{job.job_id}")


def claim(session: Session, worker_id: str) -> LibraryJob | None:
    """The oldest job nobody works on, now ours; commits."""
    lapsed = now() - LEASE
    busy = (LibraryJob.status == "working") & (LibraryJob.claimed_at < lapsed)
    is_free = or_(LibraryJob.status == "asked", busy)
    oldest = select(LibraryJob.job_id).where(is_free).order_by(LibraryJob.asked_at).limit(1)
    job_id = session.scalar(oldest)
    if job_id is None:
        session.rollback()
        return None
    changed = session.execute(
        update(LibraryJob)
        .where(LibraryJob.job_id == job_id, is_free)
        .values(status="working", claimed_by=worker_id, claimed_at=now())
        .execution_options(synchronize_session=False)
    )
    session.commit()
    assert isinstance(changed, CursorResult)
    is_ours = changed.rowcount == 1
    return session.get(LibraryJob, job_id, populate_existing=True) if is_ours else None


def step(job: LibraryJob, refusal: dict[str, Any] | None) -> None:
    """One line further; a refused one is kept with its reasons."""
    job.done += 1
    if refusal is not None:
        job.refused = [*job.refused, refusal]


def put_back(job: LibraryJob) -> None:
    """Let patients' rows go first, then go on."""
    job.status, job.claimed_by, job.claimed_at = "asked", None, None


def finish(job: LibraryJob) -> None:
    """All of it is done."""
    job.status, job.claimed_by, job.claimed_at = "done", None, None


def fail(job: LibraryJob) -> None:
    """After an error: try again later, or give up."""
    job.attempts += 1
    put_back(job)
    if job.attempts >= MAX_ATTEMPTS:
        job.status = "failed"


def store_look(reference: Reference, look: dict[str, Any], regions: list[StoredRegion]) -> None:
    """What the model saw of a reference: words to propose, and regions to show over it."""
    reference.look, reference.regions = look, [asdict(region) for region in regions]


def regions_of(reference: Reference) -> list[StoredRegion]:
    """The marked regions of a reference."""
    return [
        StoredRegion(**{**one, "box": tuple(one["box"]), "anchor": tuple(one["anchor"])})
        for one in reference.regions
    ]


def find(session: Session, job_id: str) -> LibraryJob | None:
    """One job, or None."""
    return session.get(LibraryJob, job_id)


def imports(session: Session) -> list[LibraryJob]:
    """The newest imports."""
    query = select(LibraryJob).where(LibraryJob.kind == IMPORT)
    return list(session.scalars(query.order_by(LibraryJob.asked_at.desc()).limit(10)))


def waiting_look(session: Session, reference_id: str) -> bool:
    """Whether a reference has not been looked at yet."""
    query = select(func.count()).where(
        LibraryJob.reference_id == reference_id, LibraryJob.status.in_(("asked", "working"))
    )
    return bool(session.scalar(query))
