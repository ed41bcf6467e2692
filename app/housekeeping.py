"""Erasing what has outstayed its time, and sweeping blobs without a row."""

from datetime import timedelta

import structlog

from app.deps import House
from app.storage import audit, visits
from app.storage.tables import now

log = structlog.get_logger()


def purge(house: House) -> int:
    """Erase every visit that was closed or is older than the retention time; gives how many."""
    limit = now() - timedelta(hours=house.clinic.clinic.retention_hours)
    with house.sessions() as session:
        closed = visits.closed_for_good(session)
        old = visits.older_than(session, limit)
    for visit_id in dict.fromkeys([*closed, *old]):
        with house.sessions() as session, session.begin():
            visits.erase(session, house.blobs, visit_id)
            audit.record(session, "retention", "visit.erase", visit_id)
        log.info("visit_erased", visit_id=visit_id, reason="retention")
    return len({*closed, *old})


def sweep(house: House) -> int:
    """Remove blob folders whose visit has no row: left by a crash between blob and commit."""
    # Folders first: a visit opened in between has a row but no folder in this list.
    folders = house.blobs.folders("visits")
    with house.sessions() as session:
        known = set(visits.all_ids(session))
    orphans = [name for name in folders if name not in known]
    for name in orphans:
        house.blobs.delete_under(f"visits/{name}")
    return len(orphans)
