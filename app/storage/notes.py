"""The doctor's sentences for the report after the consultation."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.storage.staff import name_of
from app.storage.tables import DoctorNote, new_id
from app.storage.visits import OpenedVisit


@dataclass(frozen=True)
class Note:
    """One sentence, signed with name and time."""

    text: str
    doctor: str
    written_at: datetime


def write(session: Session, opened: OpenedVisit, staff_id: str, text: str) -> None:
    """Add a sentence; earlier ones stay."""
    note_id = new_id()
    session.add(
        DoctorNote(
            note_id=note_id,
            visit_id=opened.visit.visit_id,
            staff_id=staff_id,
            text=opened.vault.seal(text.encode(), f"doctor_notes.text:{note_id}"),
        )
    )
    session.flush()


def all_of_visit(session: Session, opened: OpenedVisit) -> list[Note]:
    """The sentences of a visit in the order they were written."""
    query = select(DoctorNote).where(DoctorNote.visit_id == opened.visit.visit_id)
    return [
        Note(
            text=opened.vault.open(row.text, f"doctor_notes.text:{row.note_id}").decode(),
            doctor=name_of(session, row.staff_id),
            written_at=row.written_at,
        )
        for row in session.scalars(query.order_by(DoctorNote.written_at))
    ]
