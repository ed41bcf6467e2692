"""Work as rows: claimed by a guarded update, given back when a worker dies."""

from datetime import timedelta
from typing import Any

from sqlalchemy import CursorResult, func, or_, select, update
from sqlalchemy.orm import Session

from app.storage.tables import Scan, SliceLook, Turn, WorkerNote, now

LEASE = timedelta(seconds=120)
MAX_ATTEMPTS = 3


def claim_turn(session: Session, worker_id: str) -> Turn | None:
    """The oldest question nobody works on, now ours; commits."""
    turn_id = _claim(session, worker_id, Turn, Turn.turn_id, Turn.asked_at, "asked", "answering")
    return None if turn_id is None else session.get(Turn, turn_id, populate_existing=True)


def claim_scan(session: Session, worker_id: str) -> Scan | None:
    """The oldest scan nobody looks at, now ours; commits."""
    scan_id = _claim(
        session, worker_id, Scan, Scan.scan_id, Scan.received_at, "received", "looking"
    )
    return None if scan_id is None else session.get(Scan, scan_id, populate_existing=True)


def claim_slice_look(session: Session, worker_id: str) -> SliceLook | None:
    """The oldest further slice that somebody wants looked at, now ours; commits."""
    look_id = _claim(
        session,
        worker_id,
        SliceLook,
        SliceLook.look_id,
        SliceLook.asked_at,
        "received",
        "looking",
    )
    return None if look_id is None else session.get(SliceLook, look_id, populate_existing=True)


def _claim(
    session: Session, worker_id: str, table: Any, key: Any, order: Any, idle: str, busy: str
) -> str | None:  # Any: two mapped classes and their columns
    lapsed = now() - LEASE
    is_free = or_(table.status == idle, (table.status == busy) & (table.claimed_at < lapsed))
    candidate = session.scalar(select(key).where(is_free).order_by(order).limit(1))
    if candidate is None:
        session.rollback()
        return None
    changed = session.execute(
        update(table)
        .where(key == candidate, is_free)
        .values(status=busy, claimed_by=worker_id, claimed_at=now(), attempts=table.attempts + 1)
        .execution_options(synchronize_session=False)
    )
    session.commit()
    assert isinstance(changed, CursorResult)
    return str(candidate) if changed.rowcount == 1 else None


def give_back(row: Turn | Scan | SliceLook, failure: str) -> None:
    """After an error: try again later, or give up with a named failure."""
    idle = "asked" if isinstance(row, Turn) else "received"
    row.status = "failed" if row.attempts >= MAX_ATTEMPTS else idle
    row.claimed_by, row.claimed_at = None, None
    if not isinstance(row, Turn):
        row.failure = failure


def free_claims_of_others(session: Session, worker_id: str) -> None:
    """At start of the only worker: whatever an earlier one held is free again."""
    busy_rows: tuple[tuple[type[Turn | Scan | SliceLook], str, str], ...] = (
        (Turn, "asked", "answering"),
        (Scan, "received", "looking"),
        (SliceLook, "received", "looking"),
    )
    for table, idle, busy in busy_rows:
        session.execute(
            update(table)
            .where(table.status == busy, table.claimed_by != worker_id)
            .values(status=idle, claimed_by=None, claimed_at=None)
        )


def scans_before(session: Session, scan: Scan) -> int:
    """How many scans stand before this one."""
    query = select(Scan.scan_id).where(
        Scan.status.in_(("received", "looking")), Scan.received_at < scan.received_at
    )
    return len(list(session.scalars(query)))


def say(session: Session, worker_id: str, state: str, loaded: dict[str, Any]) -> None:
    """Leave a note on what a worker does: loading, ready, failed."""
    session.merge(WorkerNote(worker_id=worker_id, state=state, loaded=loaded, said_at=now()))


def latest_note(session: Session) -> WorkerNote | None:
    """The newest note of any worker."""
    return session.scalar(select(WorkerNote).order_by(WorkerNote.said_at.desc()).limit(1))


def counts(session: Session) -> list[tuple[str, str, int]]:
    """How many scans and turns stand in each status: (kind, status, number)."""
    found: list[tuple[str, str, int]] = []
    for kind, column in (("scan", Scan.status), ("turn", Turn.status)):
        query = select(column, func.count()).group_by(column)
        found += [(kind, status, number) for status, number in session.execute(query)]
    return found
