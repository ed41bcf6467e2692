"""The healthy library: reference rows, their pictures and their approvals."""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, String, cast, delete, func, or_, select
from sqlalchemy.orm import Session

from app.references.library import Particulars
from app.storage.blobs import BlobMissing, Blobs
from app.storage.tables import Approval, Reference, new_id, now


@dataclass(frozen=True)
class Filter:
    """What a list of references is narrowed by; empty text narrows nothing."""

    status: str = ""
    region: str = ""
    modality: str = ""
    plane: str = ""
    words: str = ""


def add(
    session: Session,
    blobs: Blobs,
    record: Particulars,
    image_png: bytes,
    size: tuple[int, int],
    image_digest: str,
    added_by: str | None,
    *,
    likeness: str = "",
    width_mm: float | None = None,
) -> Reference:
    """Store a draft: the picture first, then the row.

    Args:
        session: the caller commits it.
        blobs: where the picture goes.
        record: what staff say about it.
        image_png: the de-identified picture.
        size: (width, height) in pixels.
        image_digest: SHA-256 of the pixels, in hex.
        added_by: the staff id, or None for the command line.
        likeness: perceptual hash, 16 hexadecimal digits, to find near duplicates by.
        width_mm: how wide the picture is in the body, where its file says it.
    """
    reference_id = new_id()
    blobs.put(picture_name(reference_id), image_png)
    values = {**record.__dict__, "structures": list(record.structures)}
    reference = Reference(
        reference_id=reference_id,
        image_digest=image_digest,
        width=size[0],
        height=size[1],
        added_by=added_by,
        likeness=likeness,
        width_mm=width_mm,
        **values,
    )
    session.add(reference)
    session.flush()
    return reference


def picture_name(reference_id: str) -> str:
    """The blob name of a reference's picture."""
    return f"references/{reference_id}/picture.png"


def picture_of(blobs: Blobs, reference: Reference) -> bytes:
    """The PNG of a reference; raises BlobMissing."""
    return blobs.get(picture_name(reference.reference_id))


def first_picture_of(blobs: Blobs, reference: Reference) -> bytes:
    """The PNG as it was taken in, before any change by hand; raises BlobMissing."""
    try:
        return blobs.get(f"references/{reference.reference_id}/first.png")
    except BlobMissing:
        return picture_of(blobs, reference)


def change_picture(
    session: Session,
    blobs: Blobs,
    reference: Reference,
    image_png: bytes,
    size: tuple[int, int],
    image_digest: str,
    likeness: str,
) -> None:
    """Another picture in place of the old one; approvals of the old one fall away."""
    folder = f"references/{reference.reference_id}"
    blobs.put(f"{folder}/first.png", first_picture_of(blobs, reference))
    blobs.put(picture_name(reference.reference_id), image_png)
    reference.width, reference.height = size
    reference.image_digest, reference.likeness = image_digest, likeness
    _back_to_draft(session, reference)


def forget_first_picture(blobs: Blobs, reference: Reference) -> None:
    """Once somebody said yes there is no going back: what was covered may be a name."""
    blobs.delete_under(f"references/{reference.reference_id}/first.png")


def _back_to_draft(session: Session, reference: Reference) -> None:
    session.execute(delete(Approval).where(Approval.reference_id == reference.reference_id))
    reference.status, reference.withdrawn_at = "draft", None


def approve(session: Session, reference: Reference, staff_id: str, needed: int) -> None:
    """Add one member's yes; with enough of them the reference is live."""
    query = select(Approval).where(Approval.reference_id == reference.reference_id)
    given = {approval.staff_id for approval in session.scalars(query)}
    if staff_id not in given:
        session.add(Approval(reference_id=reference.reference_id, staff_id=staff_id))
        given.add(staff_id)
    if reference.status == "draft" and len(given) >= needed:
        reference.status = "approved"


def withdraw(reference: Reference) -> None:
    """Take a reference out of every page from now on."""
    reference.status, reference.withdrawn_at = "withdrawn", now()


def find(session: Session, reference_id: str) -> Reference | None:
    """One reference, or None."""
    return session.get(Reference, reference_id)


def approved(session: Session) -> list[Reference]:
    """What patients may see: approved and not expired, newest first."""
    query = select(Reference).where(*_live())
    return list(session.scalars(query.order_by(Reference.added_at.desc())))


def _live() -> list[ColumnElement[bool]]:
    today = now().date().isoformat()
    in_time = (Reference.expires_on == "") | (Reference.expires_on >= today)
    return [Reference.status == "approved", in_time]


def is_live(reference: Reference) -> bool:
    """Whether patients may see it: approved and not expired."""
    today = now().date().isoformat()
    return reference.status == "approved" and not "" < reference.expires_on < today


def approved_of(session: Session, region: str, modality: str) -> list[Reference]:
    """What patients may see of one part of the body and kind of picture, newest first."""
    is_of = (Reference.region == region, Reference.modality == modality)
    query = select(Reference).where(*_live(), *is_of)
    return list(session.scalars(query.order_by(Reference.added_at.desc())))


def everything(session: Session) -> list[Reference]:
    """All references for the staff list, newest first."""
    return list(session.scalars(select(Reference).order_by(Reference.added_at.desc())))


def same_picture(session: Session, image_digest: str) -> bool:
    """Whether a reference with exactly this picture is kept already."""
    query = select(func.count()).where(
        Reference.image_digest == image_digest, Reference.status != "withdrawn"
    )
    return bool(session.scalar(query))


def page_of(
    session: Session, chosen: Filter, start: int, count: int
) -> tuple[list[Reference], int]:
    """A part of the references that fit a filter, newest first, and how many fit."""
    conditions = _conditions(chosen)
    query = select(Reference).where(*conditions).order_by(Reference.added_at.desc())
    total = session.scalar(select(func.count()).select_from(Reference).where(*conditions)) or 0
    return list(session.scalars(query.offset(start).limit(count))), total


def _conditions(chosen: Filter) -> list[ColumnElement[bool]]:
    exact = (
        (Reference.status, chosen.status),
        (Reference.region, chosen.region),
        (Reference.modality, chosen.modality),
        (Reference.plane, chosen.plane),
    )
    conditions: list[ColumnElement[bool]] = [column == value for column, value in exact if value]
    searched = (
        Reference.caption,
        Reference.source,
        Reference.licence,
        Reference.consent_ref,
        Reference.sequence,
        Reference.level,
        cast(Reference.structures, String),
    )
    for word in chosen.words.split():
        conditions.append(or_(*(column.icontains(word, autoescape=True) for column in searched)))
    return conditions


def likenesses(session: Session, region: str, modality: str) -> list[tuple[str, str]]:
    """(reference id, perceptual hash) of what is kept of one body part and kind of picture."""
    query = select(Reference.reference_id, Reference.likeness).where(
        Reference.status != "withdrawn",
        Reference.region == region,
        Reference.modality == modality,
        Reference.likeness != "",
    )
    return [(reference_id, likeness) for reference_id, likeness in session.execute(query)]


def approvals_of(session: Session, reference_ids: list[str]) -> dict[str, set[str]]:
    """Who said yes to which of these references: staff ids by reference id."""
    given: dict[str, set[str]] = {reference_id: set() for reference_id in reference_ids}
    query = select(Approval).where(Approval.reference_id.in_(reference_ids))
    for approval in session.scalars(query):
        given[approval.reference_id].add(approval.staff_id)
    return given


def change(session: Session, reference: Reference, record: Particulars) -> None:
    """Other words for a reference; earlier approvals were for the old ones and fall away."""
    for name, value in {**record.__dict__, "structures": list(record.structures)}.items():
        setattr(reference, name, value)
    _back_to_draft(session, reference)


def counts_by_kind(session: Session) -> dict[tuple[str, str, str, str], int]:
    """How many live references there are of each (region, modality, plane, age band)."""
    columns = (Reference.region, Reference.modality, Reference.plane, Reference.age_band)
    query = select(*columns, func.count()).where(*_live()).group_by(*columns)
    return {(r, m, p, age): count for r, m, p, age, count in session.execute(query)}
