"""The audit: who did what to which row, append-only, chained by hashes, without content.

The head, one row, names the newest event and is signed with the master key: whoever can write
to the database but lacks the key can neither cut the end off nor make a new chain.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.storage.tables import AuditCheck, AuditEvent, AuditHead, now

FIRST = "0" * 64
CHUNK = 5_000


@dataclass(frozen=True)
class Place:
    """A place in the chain: an event's number and digest."""

    number: int = 0
    digest: str = FIRST


@dataclass(frozen=True)
class State:
    """What is known of the chain: the first broken event, and when all of it was last read."""

    broken: int | None
    whole_read_at: datetime | None


def record(session: Session, actor: str, action: str, subject: str) -> None:
    """Append one event in the same transaction as the act itself."""
    head = _locked_head(session)
    at, previous = now(), head.digest
    digest = _digest(previous, at.isoformat(), actor, action, subject)
    event = AuditEvent(
        at=at, actor=actor, action=action, subject=subject, previous=previous, digest=digest
    )
    session.add(event)
    session.flush()
    head.number, head.digest = event.number, digest
    sign_head(session, head)
    session.flush()


def _locked_head(session: Session) -> AuditHead:
    """The head, ours until the commit: two writers at one head would fork the chain.

    Writing a row onto itself takes the write lock of SQLite and a row lock of PostgreSQL. Where
    somebody removed the head, a new one starts at nothing, which the chain shows as broken.
    """
    session.execute(
        update(AuditHead)
        .values(head_id=AuditHead.head_id)
        .execution_options(synchronize_session=False)
    )
    head = session.get(AuditHead, 1, populate_existing=True)
    if head is None:
        head = AuditHead(head_id=1, number=0, digest=FIRST)
        session.add(head)
    return head


def sign_head(session: Session, head: AuditHead | None = None) -> None:
    """Sign the head; without one given, the one that stood unsigned since before heads were."""
    head = head or session.get(AuditHead, 1)
    if head is not None:
        head.signature = _signature(session, head)


def is_unsigned(session: Session) -> bool:
    """Whether the head comes from a version that signed nothing."""
    head = session.get(AuditHead, 1)
    return head is not None and head.number > 0 and not head.signature


def _signature(session: Session, head: AuditHead) -> str:
    master = session.info.get("master")
    signed = "unsigned" if master is None else master.digest("audit-head", _text(head))
    return str(signed)


def _text(head: AuditHead) -> str:
    return f"{head.number}:{head.digest}"


def first_broken(session: Session, after: Place | None = None) -> int | None:
    """The number of the first event that was changed or lost, or None; `after` one known good."""
    return _read(session, after or Place())[0]


def state(session: Session) -> State:
    """What is known, with the events since the last check read now: cheap enough for a page."""
    known = session.get(AuditCheck, 1)
    if known is None:
        return State(first_broken(session), None)
    if known.broken is not None:
        return State(known.broken, known.whole_read_at)
    return State(first_broken(session, Place(known.number, known.digest)), known.whole_read_at)


def check(session: Session, *, whole: bool) -> int | None:
    """Read on from the last check, or everything; keeps and gives the first broken event."""
    known = session.get(AuditCheck, 1)
    if known is None:
        known = AuditCheck(check_id=1, number=0, digest=FIRST)
        session.add(known)
    start = Place() if whole or known.broken is not None else Place(known.number, known.digest)
    broken, end = _read(session, start)
    known.broken = broken
    if broken is None:
        known.number, known.digest = end.number, end.digest
    if whole:
        known.whole_read_at = now()
    return broken


def _read(session: Session, start: Place) -> tuple[int | None, Place]:
    """The first broken event after a place, and the last one that was read."""
    head = session.get(AuditHead, 1, populate_existing=True)
    columns = (
        AuditEvent.number,
        AuditEvent.at,
        AuditEvent.actor,
        AuditEvent.action,
        AuditEvent.subject,
        AuditEvent.previous,
        AuditEvent.digest,
    )
    query = select(*columns).where(AuditEvent.number > start.number).order_by(AuditEvent.number)
    place = start
    for number, at, actor, action, subject, previous, digest in session.execute(
        query.execution_options(yield_per=CHUNK)
    ):
        if previous != place.digest:
            return number, place
        if digest != _digest(previous, at.isoformat(), actor, action, subject):
            return number, place
        place = Place(number, digest)
    if head is not None and place.number > head.number:  # written while we read
        head = session.get(AuditHead, 1, populate_existing=True)
    return _against_head(session, head, place), place


def _against_head(session: Session, head: AuditHead | None, last: Place) -> int | None:
    if head is None:
        return last.number + 1
    if head.number < last.number:  # events that no writer of ours has added
        return last.number
    if (head.number, head.digest) != (last.number, last.digest):  # the end was cut off
        return head.number
    is_signed = head.number == 0 or head.signature == _signature(session, head)
    return None if is_signed else head.number


def latest(session: Session, count: int = 100, *, actor: str = "") -> list[AuditEvent]:
    """The newest events, newest first; of one actor only when named."""
    query = select(AuditEvent).order_by(AuditEvent.number.desc()).limit(count)
    return list(session.scalars(query.where(AuditEvent.actor == actor) if actor else query))


def last_of(session: Session, action: str) -> datetime | None:
    """When something of this kind last happened, or None."""
    query = select(AuditEvent.at).where(AuditEvent.action == action)
    return session.scalar(query.order_by(AuditEvent.number.desc()).limit(1))


def _digest(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()
