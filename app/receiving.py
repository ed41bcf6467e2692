"""Files become stored scans of a visit: the first slice of each series at once, the rest behind.

The one way in for an upload on the tablet, for staff and for what the clinic's machines send.
"""

import threading
import time
from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import BinaryIO, Final

import structlog
from sqlalchemy.orm import Session

from app.deps import House
from app.intake.envelope import as_mapping
from app.intake.limits import MIB, Limits
from app.intake.opening import Opening
from app.intake.receive import Refusal
from app.intake.series import Arrival, ReceivedSeries, Slice, receive_files
from app.storage import envelopes, scans, slices, visits
from app.storage.scans import ScanFacts
from app.storage.sealed import Vault
from app.storage.tables import Scan, now
from app.storage.visits import OpenedVisit

log = structlog.get_logger()
_NOTE_EVERY: Final = 10
"""Slices between two notes of progress; each note is a write to the database."""
_FACTS: Final = frozenset(asdict(ScanFacts("", 0, 0, "")))


def receive_upload(
    house: House,
    files: Iterable[bytes | BinaryIO],
    *,
    delivered: bool = False,
    room: int = Limits.max_series,
    opening: Opening | None = None,
) -> Arrival | Refusal:
    """What intake makes of these files within the bounds of this house.

    Args:
        house: its settings bound the bytes.
        files: contents, or open files, which are read to the end and closed.
        delivered: the clinic sent them, so each scan carries its envelope.
        room: how many scans may still be added to the visit.
        opening: is told how far it is, and can stop it.
    """
    if room <= 0:
        return Refusal("too_many_scans")
    total = house.settings.max_upload_mb * MIB
    limits = Limits(
        max_upload_bytes=total,
        max_bytes=min(total, Limits.max_bytes),
        max_series=min(room, Limits.max_series),
    )
    return receive_files(files, limits=limits, delivered=delivered, opening=opening)


def store_first(
    session: Session, house: House, opened: OpenedVisit, arrival: Arrival
) -> list[Scan]:
    """A stored scan for each series, with its first slice; the caller commits, then store_rest.

    The scans can be looked at and shown from the commit on. A delivered one gets its envelope.
    """
    moment = now()
    return [
        # Microseconds apart, so that the series of one upload stay in their order, best first.
        _store_first(session, house, opened, one, moment + timedelta(microseconds=place))
        for place, one in enumerate(arrival.series)
    ]


def store_rest(house: House, opened: OpenedVisit, stored: list[Scan], arrival: Arrival) -> None:
    """Store the slices that are still to come; returns when all are there or it was cancelled."""
    started = time.monotonic()
    try:
        how = _store_slices(house, opened.vault, stored, arrival)
        with house.sessions() as session, session.begin():
            for scan in stored:
                slices.end_storing(session, scan.scan_id, how[scan.scan_id])
    finally:
        arrival.close()
    seconds = round(time.monotonic() - started, 2)
    log.info("slices_stored", visit_id=opened.visit.visit_id, seconds=seconds)


def store_rest_behind(
    house: House, opened: OpenedVisit, stored: list[Scan], arrival: Arrival
) -> None:
    """The same in a thread of its own, while the patient looks at the first slice."""
    if all(scan.slice_count == 1 for scan in stored):
        arrival.close()
        return
    work = (house, opened, stored, arrival)
    threading.Thread(target=store_rest, args=work, name="slices", daemon=True).start()


def _store_first(
    session: Session,
    house: House,
    opened: OpenedVisit,
    series: ReceivedSeries,
    moment: datetime,
) -> Scan:
    known = {name: value for name, value in vars(series.scan).items() if name in _FACTS}
    framing = series.scan.framing
    known |= {"slice_number": series.first.number}
    facts = ScanFacts(**known | {"quad": framing.quad, "panels": framing.panels})
    scan = scans.add_scan(session, house.blobs, opened, facts, series.scan.image_png)
    scan.slice_count, scan.slices_stored, scan.received_at = series.count, 1, moment
    if series.count > 1:
        scan.storing = "storing"
    if (series.count > 1 or facts.has_windows) and series.first.stored is not None:
        slices.put(house.blobs, opened.vault, scan, series.first.number, series.first.stored)
    if series.scan.whole_png is not None:
        scans.put_whole(house.blobs, opened, scan, series.scan.whole_png)
    if framing.panels:
        scan.status = "choosing"
    session.flush()
    if series.scan.envelope is not None:
        identifiers = as_mapping(series.scan.envelope)
        envelopes.add(session, house.master, opened, scan.scan_id, identifiers)
    return scan


def _store_slices(
    house: House, vault: Vault, stored: list[Scan], arrival: Arrival
) -> dict[str, str]:
    """Store slice after slice; gives by scan whether all came: done or stopped."""
    seen = {scan.scan_id: 1 for scan in stored}
    given_up: set[str] = set()
    for one in arrival.rest:
        scan = stored[one.series]
        if scan.scan_id in given_up:
            if len(given_up) == len(stored):
                break
            continue
        _put(house, vault, scan, one)
        seen[scan.scan_id] += 1
        is_last = seen[scan.scan_id] == scan.slice_count
        if (seen[scan.scan_id] % _NOTE_EVERY == 0 or is_last) and not _noted(house, scan, seen):
            given_up.add(scan.scan_id)
    return {
        scan.scan_id: "done" if seen[scan.scan_id] == scan.slice_count else "stopped"
        for scan in stored
    }


def _put(house: House, vault: Vault, scan: Scan, one: Slice) -> None:
    if one.stored is not None:
        slices.put(house.blobs, vault, scan, one.number, one.stored)


def _noted(house: House, scan: Scan, seen: dict[str, int]) -> bool:
    """Note the progress; False where nobody wants the rest. An erased visit keeps nothing."""
    with house.sessions() as session, session.begin():
        goes_on = slices.note_stored(session, scan.scan_id, seen[scan.scan_id])
        is_erased = visits.vault_of(session, house.master, scan.visit_id) is None
    if is_erased:
        house.blobs.delete_under(f"visits/{scan.visit_id}")
    return goes_on
