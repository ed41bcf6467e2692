"""The audit: who did what to which row, append-only, chained by hashes, without content."""

import hashlib

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.storage.tables import AuditEvent, now

FIRST = "0" * 64


def record(session: Session, actor: str, action: str, subject: str) -> None:
    """Append one event in the same transaction as the act itself."""
    _stand_in_line(session)
    last = session.scalar(select(AuditEvent).order_by(AuditEvent.number.desc()).limit(1))
    previous = FIRST if last is None else last.digest
    at = now()
    digest = _digest(previous, at.isoformat(), actor, action, subject)
    session.add(
        AuditEvent(
            at=at, actor=actor, action=action, subject=subject, previous=previous, digest=digest
        )
    )
    session.flush()


def _stand_in_line(session: Session) -> None:
    """One writer at a time: two that read the same last event would fork the chain.

    Writing a row onto itself takes the write lock of SQLite and a row lock of PostgreSQL, both
    held until the commit; before the very first event there is nothing to lock.
    """
    first = select(func.min(AuditEvent.number)).scalar_subquery()
    session.execute(
        update(AuditEvent)
        .where(AuditEvent.number == first)
        .values(number=AuditEvent.number)
        .execution_options(synchronize_session=False)
    )


def first_broken(session: Session) -> int | None:
    """The number of the first event that was changed or lost, or None."""
    previous = FIRST
    for event in session.scalars(select(AuditEvent).order_by(AuditEvent.number)):
        parts = (previous, event.at.isoformat(), event.actor, event.action, event.subject)
        if event.previous != previous or event.digest != _digest(*parts):
            return event.number
        previous = event.digest
    return None


def latest(session: Session, count: int = 100) -> list[AuditEvent]:
    """The newest events, newest first."""
    query = select(AuditEvent).order_by(AuditEvent.number.desc()).limit(count)
    return list(session.scalars(query))


def _digest(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()
