"""Work as rows: claimed by a guarded update, given back when a worker dies."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from sqlalchemy import ColumnElement, CursorResult, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from app.storage.tables import Scan, SliceLook, Turn, WorkerNote, now

LEASE = timedelta(seconds=120)
MAX_ATTEMPTS = 3
CLAIM_TRIES = 5
"""Rows tried before somebody else's luck is accepted; the next round comes in a moment."""


def claim_turn(session: Session, worker_id: str) -> Turn | None:
    """The oldest question nobody works on, now ours; commits.

    Fair between tablets: a visit with a question in work waits for visits that have none.
    """
    other = aliased(Turn)
    in_work = (
        select(func.count())
        .where(other.visit_id == Turn.visit_id, other.status == "answering")
        .correlate(Turn)
        .scalar_subquery()
    )
    order = (in_work, Turn.asked_at)
    turn_id = _claim(session, worker_id, Turn, Turn.turn_id, order, "asked", "answering")
    return None if turn_id is None else session.get(Turn, turn_id, populate_existing=True)


def claim_scan(session: Session, worker_id: str) -> Scan | None:
    """The oldest scan nobody looks at, now ours; commits."""
    scan_id = _claim(
        session, worker_id, Scan, Scan.scan_id, (Scan.received_at,), "received", "looking"
    )
    return None if scan_id is None else session.get(Scan, scan_id, populate_existing=True)


def claim_slice_look(session: Session, worker_id: str) -> SliceLook | None:
    """The oldest further slice that somebody wants looked at, now ours; commits."""
    look_id = _claim(
        session,
        worker_id,
        SliceLook,
        SliceLook.look_id,
        (SliceLook.asked_at,),
        "received",
        "looking",
    )
    return None if look_id is None else session.get(SliceLook, look_id, populate_existing=True)


def questions_waiting(session: Session, most: int) -> int:
    """How many questions nobody works on, at most so many."""
    waiting = select(Turn.turn_id).where(_is_free(Turn, "asked", "answering")).limit(most)
    return len(session.scalars(waiting).all())


def _is_free(table: Any, idle: str, busy: str) -> ColumnElement[bool]:  # Any: a mapped class
    lapsed = now() - LEASE
    return or_(table.status == idle, (table.status == busy) & (table.claimed_at < lapsed))


def _claim(
    session: Session,
    worker_id: str,
    table: Any,  # a mapped class, and two kinds of its columns
    key: Any,
    order: tuple[Any, ...],
    idle: str,
    busy: str,
) -> str | None:
    """The key of a row that is ours now; another one where somebody was quicker."""
    for _ in range(CLAIM_TRIES):
        is_free = _is_free(table, idle, busy)
        candidate = session.scalar(select(key).where(is_free).order_by(*order).limit(1))
        if candidate is None:
            session.rollback()
            return None
        changed = session.execute(
            update(table)
            .where(key == candidate, is_free)
            .values(
                status=busy, claimed_by=worker_id, claimed_at=now(), attempts=table.attempts + 1
            )
            .execution_options(synchronize_session=False)
        )
        session.commit()
        assert isinstance(changed, CursorResult)
        if changed.rowcount == 1:
            return str(candidate)
    return None


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


@dataclass(frozen=True)
class Times:
    """Medians over the newest rows, in seconds; None before the first."""

    look: float | None
    answer: float | None
    model: float | None


def times(session: Session, count: int = 100) -> Times:
    """How long patients waited for a look and an answer, and how much of it was the model's."""
    looked = select(Scan.received_at, Scan.looked_at).where(Scan.looked_at.is_not(None))
    asked = select(Turn.asked_at, Turn.answered_at, Turn.model_seconds).where(
        Turn.answered_at.is_not(None), Turn.model_seconds > 0
    )
    looks = session.execute(looked.order_by(Scan.looked_at.desc()).limit(count)).tuples().all()
    turns = session.execute(asked.order_by(Turn.answered_at.desc()).limit(count)).tuples().all()
    return Times(
        look=_median([(end - start).total_seconds() for start, end in looks if end]),
        answer=_median([(end - start).total_seconds() for start, end, _ in turns if end]),
        model=_median([seconds for _, _, seconds in turns if seconds]),
    )


def _median(values: list[float]) -> float | None:
    return median(values) if values else None


def oldest_waiting(session: Session) -> datetime | None:
    """Since when the longest-waiting row waits; None when nothing does."""
    scan = session.scalar(select(func.min(Scan.received_at)).where(Scan.status == "received"))
    turn = session.scalar(select(func.min(Turn.asked_at)).where(Turn.status == "asked"))
    return min((at for at in (scan, turn) if at is not None), default=None)
