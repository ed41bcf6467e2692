"""What goes back to the record, as rows: queued, sending, sent, failed, held."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import CursorResult, select, update
from sqlalchemy.orm import Session

from app.storage.tables import Outbound, now

LEASE: Final = timedelta(seconds=120)
MAX_ATTEMPTS: Final = 8
FIRST_PAUSE: Final = timedelta(seconds=10)
LONGEST_PAUSE: Final = timedelta(minutes=30)
FINAL: Final = ("no_geometry", "peer_gone", "not_supported")
"""Failures that trying again does not mend."""


@dataclass(frozen=True)
class Order:
    """One object for one machine; `scan_id` is the scan whose study it belongs to."""

    visit_id: str
    what: str
    scan_id: str
    peer_id: str


def queue(session: Session, order: Order, actor: str) -> Outbound:
    """Queue an object; one that still waits for the same machine is replaced by this wish."""
    known = session.scalar(
        select(Outbound).where(
            Outbound.visit_id == order.visit_id,
            Outbound.what == order.what,
            Outbound.scan_id == order.scan_id,
            Outbound.peer_id == order.peer_id,
            Outbound.status.in_(("queued", "failed", "held")),
        )
    )
    row = known or Outbound(**vars(order), queued_by=actor)
    row.status, row.failure, row.attempts = "queued", None, 0
    row.queued_at = row.next_try_at = now()
    session.add(row)
    session.flush()
    return row


def claim(session: Session) -> Outbound | None:
    """The next object to send, now ours; commits."""
    moment = now()
    is_due = (Outbound.status == "queued") & (Outbound.next_try_at <= moment)
    is_left = (Outbound.status == "sending") & (Outbound.claimed_at < moment - LEASE)
    free = is_due | is_left
    query = select(Outbound.outbound_id).where(free).order_by(Outbound.next_try_at).limit(1)
    outbound_id = session.scalar(query)
    if outbound_id is None:
        session.rollback()
        return None
    done = session.execute(
        update(Outbound)
        .where(Outbound.outbound_id == outbound_id, free)
        .values(status="sending", claimed_at=moment, attempts=Outbound.attempts + 1)
        .execution_options(synchronize_session=False)
    )
    session.commit()
    assert isinstance(done, CursorResult)
    is_mine = done.rowcount == 1
    return session.get(Outbound, outbound_id, populate_existing=True) if is_mine else None


def end(session: Session, outbound_id: str, failure: str) -> Outbound | None:
    """What became of a try: sent, held, to be tried again later, or failed for good."""
    row = session.get(Outbound, outbound_id)
    if row is None:
        return None
    row.claimed_at, row.failure = None, failure or None
    if not failure:
        row.status, row.sent_at = "sent", now()
    elif failure == "held":
        row.status, row.failure = "held", None
    elif failure in FINAL or row.attempts >= MAX_ATTEMPTS:
        row.status = "failed"
    else:
        row.status = "queued"
        row.next_try_at = now() + min(FIRST_PAUSE * 2 ** (row.attempts - 1), LONGEST_PAUSE)
    return row


def newest(session: Session, count: int = 50) -> list[Outbound]:
    """What went where, the newest first."""
    return list(session.scalars(select(Outbound).order_by(Outbound.queued_at.desc()).limit(count)))


def of_visit(session: Session, visit_id: str) -> list[Outbound]:
    """What goes back to the record from one visit, the oldest first."""
    query = select(Outbound).where(Outbound.visit_id == visit_id)
    return list(session.scalars(query.order_by(Outbound.queued_at)))


def blob_name(row: Outbound) -> str:
    """Where the object stands, sealed with its visit: every try sends the same one."""
    return f"visits/{row.visit_id}/outbound/{row.outbound_id}"
