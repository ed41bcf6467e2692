"""Erasing what has outstayed its time, and sweeping blobs without a row."""

from datetime import timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError

from app.deps import House
from app.intake.limits import Limits
from app.storage import arrivals, audit, handovers, slices, visits
from app.storage.tables import now

log = structlog.get_logger()
WHOLE_AUDIT_EVERY = timedelta(hours=6)


def purge(house: House) -> int:
    """Erase every visit that was closed or is older than the retention time; gives how many."""
    limit = now() - house.clinic.clinic.retention
    with house.sessions() as session:
        closed = visits.closed_for_good(session)
        old = visits.older_than(session, limit)
    erased = [visit_id for visit_id in dict.fromkeys([*closed, *old]) if _erase(house, visit_id)]
    with house.sessions() as session, session.begin():
        handovers.erase_older_than(session, limit)
    return len(erased)


def _erase(house: House, visit_id: str) -> bool:
    """Erase one visit; one that cannot be erased must not keep the others (the IT page counts)."""
    try:
        with house.sessions() as session, session.begin():
            visits.erase(session, house.blobs, visit_id)
            audit.record(session, "retention", "visit.erase", visit_id)
    except (OSError, SQLAlchemyError) as error:
        log.error("visit_not_erased", visit_id=visit_id, error_type=type(error).__name__)
        return False
    log.info("visit_erased", visit_id=visit_id, reason="retention")
    return True


def stop_left_over(house: House) -> int:
    """Close the storing of series whose process ended in the middle; gives how many."""
    longest = timedelta(seconds=2 * Limits.upload_wall_seconds)
    with house.sessions() as session, session.begin():
        return slices.stop_left_over(session, now() - longest)


def read_audit(house: House) -> int | None:
    """Read on in the audit, now and then all of it; gives the first broken event."""
    with house.sessions() as session, session.begin():
        read_at = audit.state(session).whole_read_at
        is_due = read_at is None or now() - read_at > WHOLE_AUDIT_EVERY
        return audit.check(session, whole=is_due)


def sweep(house: House) -> int:
    """Remove blob folders whose visit or arrival has no row: left by a crash, or erased."""
    # Folders first: a visit opened in between has a row but no folder in this list.
    folders = house.blobs.folders("visits")
    with house.sessions() as session:
        known = set(visits.all_ids(session))
    orphans = [f"visits/{name}" for name in folders if name not in known]
    # An arrival's row is committed before its first file is written.
    delivered = set(house.blobs.folders("arrivals"))
    with house.sessions() as session:
        left = delivered - arrivals.still_there(session, delivered)
    orphans += [f"arrivals/{name}" for name in sorted(left)]
    for folder in orphans:
        house.blobs.delete_under(folder)
    return len(orphans)
