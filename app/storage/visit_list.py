"""Lists of visits: pages, search, and what stands in each line, in a fixed number of queries."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.storage.envelopes import accession_digest, patient_digest
from app.storage.sealed import MasterKey
from app.storage.tables import (
    FilingEnvelope,
    ListedQuestion,
    PairedTablet,
    Scan,
    TabletSession,
    Turn,
    Visit,
    VisitKey,
    now,
)
from app.storage.visits import UNDO_CLOSE, OpenedVisit, plain_code


@dataclass(frozen=True)
class Line:
    """What a list says of one visit beside its code; nothing of what a picture shows."""

    scans: int = 0
    is_looking: bool = False
    questions: int = 0
    turns: int = 0
    place: str = ""
    tablet_seen_at: datetime | None = None


def page_of_open(session: Session, start: int, count: int) -> tuple[list[Visit], int]:
    """A part of the open visits, those who wait longest first, and how many there are."""
    is_open = Visit.closed_at.is_(None)
    query = select(Visit).where(is_open).order_by(Visit.opened_at, Visit.visit_id)
    total = session.scalar(select(func.count()).select_from(Visit).where(is_open)) or 0
    return list(session.scalars(query.offset(start).limit(count))), total


def just_closed(session: Session, count: int = 20) -> list[Visit]:
    """Visits whose close can still be undone, the last one first."""
    query = select(Visit).where(Visit.closed_at >= now() - UNDO_CLOSE)
    return list(session.scalars(query.order_by(Visit.closed_at.desc()).limit(count)))


def found(session: Session, master: MasterKey, typed: str) -> list[Visit]:
    """Open visits with this code, patient number or accession number; found by keyed hash."""
    digests = (patient_digest(master, typed), accession_digest(master, typed))
    delivered = select(FilingEnvelope.visit_id).where(
        FilingEnvelope.patient_id_digest.in_(digests[:1])
        | FilingEnvelope.accession_digest.in_(digests[1:])
    )
    code = master.digest("visit-code", plain_code(typed))
    query = select(Visit).where(
        Visit.closed_at.is_(None), (Visit.code_digest == code) | Visit.visit_id.in_(delivered)
    )
    return list(session.scalars(query.order_by(Visit.opened_at).limit(50)))


def opened_all(session: Session, master: MasterKey, rows: list[Visit]) -> list[OpenedVisit]:
    """These visits with their vaults; those erased meanwhile are left out."""
    ids = [row.visit_id for row in rows]
    keys = session.scalars(select(VisitKey).where(VisitKey.visit_id.in_(ids)))
    wrapped = {key.visit_id: key.wrapped for key in keys}
    return [
        OpenedVisit(row, master.vault(wrapped[row.visit_id], row.visit_id))
        for row in rows
        if row.visit_id in wrapped
    ]


def lines_of(session: Session, visit_ids: list[str], idle: timedelta) -> dict[str, Line]:
    """The lines of these visits; a tablet counts while it was used within the idle time."""
    scans = _counts(session, Scan.visit_id, visit_ids)
    looking = _counts(session, Scan.visit_id, visit_ids, Scan.status.in_(("received", "looking")))
    questions = _counts(session, ListedQuestion.visit_id, visit_ids)
    asked = _counts(session, Turn.visit_id, visit_ids)
    places = _places(session, visit_ids, idle)
    return {
        one: Line(
            scans=scans.get(one, 0),
            is_looking=one in looking,
            questions=questions.get(one, 0),
            turns=asked.get(one, 0),
            place=places.get(one, ("", None))[0],
            tablet_seen_at=places.get(one, ("", None))[1],
        )
        for one in visit_ids
    }


def _counts(
    session: Session,
    column: InstrumentedAttribute[str],
    ids: list[str],
    *where: ColumnElement[bool],
) -> dict[str, int]:
    query = select(column, func.count()).where(column.in_(ids), *where).group_by(column)
    return dict(session.execute(query).tuples().all())


def _places(
    session: Session, visit_ids: list[str], idle: timedelta
) -> dict[str, tuple[str, datetime]]:
    """Visit to the place of its newest live tablet ("" for an unpaired one) and its last use."""
    query = (
        select(
            TabletSession.visit_id,
            TabletSession.last_seen_at,
            PairedTablet.name,
            PairedTablet.place,
        )
        .join(PairedTablet, PairedTablet.tablet_id == TabletSession.tablet_id, isouter=True)
        .where(
            TabletSession.visit_id.in_(visit_ids),
            TabletSession.ended_at.is_(None),
            TabletSession.last_seen_at > now() - idle,
        )
        .order_by(TabletSession.last_seen_at)
    )
    return {
        visit_id: (f"{place}, {name}" if name else "", seen_at)
        for visit_id, seen_at, name, place in session.execute(query)
    }


def urgent(session: Session, visit_ids: list[str], note: str) -> set[str]:
    """Those of these visits that have a turn with this note."""
    query = select(Turn.visit_id).where(Turn.visit_id.in_(visit_ids), Turn.note.contains(note))
    return set(session.scalars(query))
