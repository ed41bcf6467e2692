"""The healthy library: reference rows, their pictures and their approvals."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.storage.blobs import Blobs
from app.storage.tables import Approval, Reference, new_id, now


@dataclass(frozen=True)
class ReferenceRecord:
    """What staff say about a reference; the columns of DESIGN's reference record."""

    region: str
    modality: str
    plane: str = ""
    structures: tuple[str, ...] = ()
    sequence: str = ""
    level: str = ""
    side: str = "none"
    age_band: str = ""
    sex: str = "any"
    source: str = ""
    licence: str = ""
    consent_ref: str = ""
    expires_on: str = ""
    caption: str = ""
    is_drawn: bool = False


def add(
    session: Session,
    blobs: Blobs,
    record: ReferenceRecord,
    image_png: bytes,
    size: tuple[int, int],
    image_digest: str,
    added_by: str | None,
) -> Reference:
    """Store a draft: the picture first, then the row. `size` is (width, height) in pixels."""
    reference_id = new_id()
    blobs.put(picture_name(reference_id), image_png)
    values = {**record.__dict__, "structures": list(record.structures)}
    reference = Reference(
        reference_id=reference_id,
        image_digest=image_digest,
        width=size[0],
        height=size[1],
        added_by=added_by,
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
    today = now().date().isoformat()
    query = select(Reference).where(
        Reference.status == "approved",
        (Reference.expires_on == "") | (Reference.expires_on >= today),
    )
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
