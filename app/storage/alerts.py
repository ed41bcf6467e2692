"""Alerts to staff: a kind and a place, never the words typed."""

from datetime import timedelta
from statistics import median

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.storage.tables import Alert, PairedTablet, StaffSession, now
from app.storage.visits import OpenedVisit

LISTENING_WITHIN = timedelta(seconds=30)


def raise_alert(
    session: Session,
    visit_id: str | None,
    kind: str,
    *,
    is_silent: bool,
    tablet_id: str | None = None,
) -> Alert:
    """Store a call to staff; the same kind for the same visit rings once until seen.

    The name and the place of a paired tablet are copied: they say where it stood when it called.
    """
    waiting = session.scalar(
        select(Alert).where(Alert.visit_id == visit_id, Alert.kind == kind, Alert.seen_at.is_(None))
    )
    if waiting is not None:
        return waiting
    alert = Alert(visit_id=visit_id, kind=kind, is_silent=is_silent)
    tablet = session.get(PairedTablet, tablet_id) if tablet_id else None
    if tablet is not None:
        alert.tablet, alert.place = tablet.name, tablet.place
    session.add(alert)
    session.flush()
    return alert


def unseen(session: Session) -> list[Alert]:
    """All alerts nobody has confirmed, the oldest first."""
    query = select(Alert).where(Alert.seen_at.is_(None)).order_by(Alert.raised_at)
    return list(session.scalars(query))


def latest_of_visit(session: Session, visit_id: str) -> Alert | None:
    """The newest alert of a visit that is not silent."""
    query = select(Alert).where(Alert.visit_id == visit_id, Alert.is_silent.is_(False))
    return session.scalar(query.order_by(Alert.raised_at.desc()).limit(1))


def mark_seen(session: Session, alert_id: str, staff_id: str) -> bool:
    """Confirm an alert; False when there is none."""
    alert = session.get(Alert, alert_id)
    if alert is None:
        return False
    if alert.seen_at is None:
        alert.seen_at, alert.seen_by = now(), staff_id
    return True


def find(session: Session, alert_id: str) -> Alert | None:
    """One alert, or None."""
    return session.get(Alert, alert_id)


def close(alert: Alert, staff_id: str, opened: OpenedVisit | None, note: str) -> bool:
    """Close a seen alert with a note, sealed with its visit; False when not seen or closed.

    Without a visit there is no key, and so no note.
    """
    if alert.seen_at is None or alert.closed_at is not None:
        return False
    alert.closed_at, alert.closed_by = now(), staff_id
    if opened is not None and note:
        alert.note = opened.vault.seal(note.encode(), f"alerts.note:{alert.alert_id}")
    return True


def note_of(opened: OpenedVisit | None, alert: Alert) -> str:
    """What became of a closed alert; empty without a note, and after the visit is erased."""
    if opened is None or alert.note is None:
        return ""
    return opened.vault.open(alert.note, f"alerts.note:{alert.alert_id}").decode()


def still_open(session: Session) -> list[Alert]:
    """Alerts that somebody has seen and nobody has closed, the newest first."""
    query = select(Alert).where(Alert.seen_at.is_not(None), Alert.closed_at.is_(None))
    return list(session.scalars(query.order_by(Alert.raised_at.desc()).limit(50)))


def of_visit(session: Session, visit_id: str) -> list[Alert]:
    """The alerts of one visit, newest first."""
    query = select(Alert).where(Alert.visit_id == visit_id)
    return list(session.scalars(query.order_by(Alert.raised_at.desc())))


def is_someone_listening(session: Session) -> bool:
    """Whether a staff page asked for alerts within the last 30 seconds."""
    query = select(func.count()).where(
        StaffSession.ended_at.is_(None), StaffSession.listening_at > now() - LISTENING_WITHIN
    )
    return bool(session.scalar(query))


def latest(session: Session, count: int = 50) -> list[Alert]:
    """The newest alerts, seen or not, newest first."""
    return list(session.scalars(select(Alert).order_by(Alert.raised_at.desc()).limit(count)))


def median_seconds_to_seen(session: Session, count: int = 50) -> float | None:
    """How long the newest seen alerts waited, in the middle; None before the first."""
    query = select(Alert).where(Alert.seen_at.is_not(None)).order_by(Alert.raised_at.desc())
    waits = [
        (alert.seen_at - alert.raised_at).total_seconds()
        for alert in session.scalars(query.limit(count))
        if alert.seen_at is not None
    ]
    return median(waits) if waits else None
