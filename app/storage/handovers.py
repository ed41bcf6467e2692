"""Shifts handed over: a sealed note with a key of its own, and the visits that were open."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.storage.sealed import MasterKey
from app.storage.staff import name_of
from app.storage.tables import Handover, new_id, now


@dataclass(frozen=True)
class Shift:
    """One handover as staff read it."""

    handover_id: str
    note: str
    written_by: str
    written_at: datetime
    visit_ids: tuple[str, ...]
    acknowledged_by: str
    acknowledged_at: datetime | None


def write(
    session: Session, master: MasterKey, staff_id: str, note: str, visit_ids: list[str]
) -> str:
    """Hand over; gives the id."""
    handover_id = new_id()
    wrapped = master.new_wrapped_key(handover_id)
    sealed = master.vault(wrapped, handover_id).seal(note.encode(), f"handovers.note:{handover_id}")
    session.add(
        Handover(
            handover_id=handover_id,
            written_by=staff_id,
            wrapped=wrapped,
            note=sealed,
            visit_ids=visit_ids,
        )
    )
    session.flush()
    return handover_id


def latest(session: Session, master: MasterKey, count: int = 5) -> list[Shift]:
    """The newest handovers, newest first."""
    query = select(Handover).order_by(Handover.written_at.desc()).limit(count)
    return [_opened(session, master, row) for row in session.scalars(query)]


def _opened(session: Session, master: MasterKey, row: Handover) -> Shift:
    vault = master.vault(row.wrapped, row.handover_id)
    return Shift(
        handover_id=row.handover_id,
        note=vault.open(row.note, f"handovers.note:{row.handover_id}").decode(),
        written_by=name_of(session, row.written_by),
        written_at=row.written_at,
        visit_ids=tuple(row.visit_ids),
        acknowledged_by=name_of(session, row.acknowledged_by),
        acknowledged_at=row.acknowledged_at,
    )


def acknowledge(session: Session, handover_id: str, staff_id: str) -> bool:
    """The next person has read it; False when it is not there, theirs, or taken over already."""
    row = session.get(Handover, handover_id)
    if row is None or row.written_by == staff_id or row.acknowledged_at is not None:
        return False
    row.acknowledged_by, row.acknowledged_at = staff_id, now()
    return True


def erase_older_than(session: Session, moment: datetime) -> None:
    """Erase the notes of earlier shifts: they may name a patient."""
    session.execute(delete(Handover).where(Handover.written_at < moment))
