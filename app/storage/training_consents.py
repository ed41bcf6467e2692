"""Who said yes to training with their pictures, and whose pictures a doctor has corrected."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.storage.tables import RegionEdit, Scan, TrainingConsent, Visit, now


def say(session: Session, visit_id: str, *, is_yes: bool) -> bool:
    """Keep or take back a patient's yes; gives whether anything changed."""
    row = session.get(TrainingConsent, visit_id)
    if is_yes and row is None:
        session.add(TrainingConsent(visit_id=visit_id))
        return True
    if not is_yes and row is not None:
        session.delete(row)
        return True
    return False


def is_given(session: Session, visit_id: str) -> bool:
    """Whether the patient of this visit said yes."""
    return session.get(TrainingConsent, visit_id) is not None


def ready(session: Session) -> list[Scan]:
    """Scans whose marked parts a doctor changed and whose patient said yes, not exported yet."""
    query = (
        select(Scan)
        .join(TrainingConsent, TrainingConsent.visit_id == Scan.visit_id)
        .where(TrainingConsent.exported_at.is_(None))
        .where(select(RegionEdit.edit_id).where(RegionEdit.scan_id == Scan.scan_id).exists())
        .order_by(Scan.received_at)
    )
    return list(session.scalars(query))


def without_yes(session: Session) -> int:
    """How many visits have corrected pictures and no yes: nothing of them is exported."""
    query = (
        select(Visit.visit_id)
        .join(Scan, Scan.visit_id == Visit.visit_id)
        .join(RegionEdit, RegionEdit.scan_id == Scan.scan_id)
        .where(Visit.visit_id.not_in(select(TrainingConsent.visit_id)))
        .distinct()
    )
    return len(list(session.scalars(query)))


def mark_exported(session: Session, visit_ids: set[str]) -> None:
    """Their pictures are in a training folder now, under names that lead nowhere."""
    for visit_id in visit_ids:
        row = session.get(TrainingConsent, visit_id)
        if row is not None:
            row.exported_at = now()
