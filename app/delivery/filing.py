"""From a sealed arrival to scans under a visit: matched, read by intake, and undone."""

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.deps import House
from app.intake.receive import Refusal
from app.intake.series import Arrival as Received
from app.logs import place_of
from app.receiving import receive_upload, store_first, store_rest
from app.storage import arrivals, audit, envelopes, expected, scans, visits
from app.storage.sealed import SealBroken
from app.storage.tables import Arrival, now
from app.storage.visits import OpenedVisit

log = structlog.get_logger()
BY_MATCH = "match"
"""The actor of the audit when a delivery found its visit by itself."""


def file_arrivals(house: House) -> int:
    """Everything that can be done for arrivals now; gives how many were attached or refused."""
    with house.sessions() as session:
        due = [one.arrival_id for one in arrivals.due(session)]
    for arrival_id in due:
        with house.sessions() as session, session.begin():
            settle(house, session, arrival_id)
    done = 0
    while True:
        with house.sessions() as session:
            claimed = arrivals.claim(session)
        if claimed is None:
            return done
        _read_or_give_up(house, claimed)
        done += 1


def settle(house: House, session: Session, arrival_id: str) -> None:
    """A delivery is complete: it goes to the one visit it fits, or waits for staff."""
    arrival = arrivals.find(session, arrival_id)
    if arrival is None or arrival.status != "arriving":
        return
    if arrival.pictures == 0:
        _erase(house, session, arrival)
        return
    if not arrival.is_whole or arrival.reason == "two_patients":
        arrivals.wait(session, arrival_id, arrival.reason or "cut_short")
        return
    arrivals.wait(session, arrival_id, None)
    match_waiting(session, arrival_id)


def match_waiting(session: Session, arrival_id: str) -> bool:
    """Give a waiting arrival to the one open visit it fits; False for none, or for several."""
    arrival = arrivals.find(session, arrival_id)
    if arrival is None or arrival.status != "waiting" or arrival.reason is not None:
        return False
    fitting = expected.fitting(session, arrival)
    elsewhere = arrivals.visits_with_study(session, arrival.study_digest, arrival_id)
    if len(fitting) != 1 or elsewhere - set(fitting):
        return False
    return give(session, arrival_id, fitting[0], BY_MATCH)


def give(session: Session, arrival_id: str, visit_id: str, actor: str) -> bool:
    """Give an arrival to a visit; False where somebody else was faster."""
    if not arrivals.match(session, arrival_id, visit_id, actor):
        return False
    audit.record(session, actor, "arrival.match", arrival_id)
    return True


def take_back(house: House, session: Session, arrival_id: str, actor: str) -> bool:
    """Take what an arrival brought off its visit: scans, looks and turns about them."""
    arrival = arrivals.find(session, arrival_id)
    visit_id = None if arrival is None else arrival.visit_id
    if visit_id is None or not arrivals.release(session, arrival_id):
        return False
    _remove_scans(house, session, visit_id, arrival_id)
    audit.record(session, actor, "arrival.take_back", arrival_id)
    return True


def erase_outstayed(house: House) -> int:
    """Erase sealed files that are no longer needed, and what waited longer than retention."""
    with house.sessions() as session, session.begin():
        for arrival in arrivals.past_undo(session):
            arrivals.forget_files(house.blobs, arrival)
        limit = now() - house.clinic.clinic.retention
        old = arrivals.outstayed(session, limit)
        for arrival in old:
            _erase(house, session, arrival)
    return len(old)


def _erase(house: House, session: Session, arrival: Arrival) -> None:
    arrivals.forget_files(house.blobs, arrival)
    audit.record(session, "retention", "arrival.erase", arrival.arrival_id)
    session.delete(arrival)


def _read_or_give_up(house: House, arrival: Arrival) -> None:
    try:
        status, reason = _read(house, arrival)
    except (OSError, SQLAlchemyError, SealBroken) as error:
        log.error("arrival_not_read", error_type=type(error).__name__, where=place_of(error))
        is_last = arrival.attempts >= arrivals.MAX_ATTEMPTS
        status, reason = ("refused", "broken") if is_last else ("matched", None)
    with house.sessions() as session, session.begin():
        arrivals.end_reading(session, arrival.arrival_id, status, reason)


def _read(house: House, arrival: Arrival) -> tuple[str, str | None]:
    """Decode and store; gives the arrival's next status and the reason of a refusal."""
    assert arrival.visit_id is not None
    vault = arrivals.vault_of(house.master, arrival)
    with house.sessions() as session, session.begin():
        opened = visits.opened(session, house.master, arrival.visit_id)
        # What an earlier try stored before it was broken off is read again from the start.
        _remove_scans(house, session, arrival.visit_id, arrival.arrival_id)
    if opened is None or vault is None:
        return "removed", None
    files = arrivals.files_of(house.blobs, vault, arrival.arrival_id)
    received = receive_upload(house, files, delivered=True)
    if isinstance(received, Refusal):
        log.info("arrival_refused", reason=received.reason)
        return "refused", received.reason
    _store(house, opened, arrival, received)
    return "attached", None


def _store(house: House, opened: OpenedVisit, arrival: Arrival, received: Received) -> None:
    try:
        with house.sessions() as session, session.begin():
            stored = store_first(session, house, opened, received)
            session.flush()
            envelopes.came_with(session, [one.scan_id for one in stored], arrival.arrival_id)
            if house.clinic.clinic.ask_whose_picture:
                envelopes.ask_patient(session, [one.scan_id for one in stored])
            for scan in stored:
                audit.record(session, arrival.attached_by or "", "scan.deliver", scan.scan_id)
    except BaseException:
        received.close()
        raise
    store_rest(house, opened, stored, received)
    log.info("arrival_attached", visit_id=opened.visit.visit_id, count=len(stored))


def _remove_scans(house: House, session: Session, visit_id: str, arrival_id: str) -> None:
    for scan_id in envelopes.scans_that_came_with(session, arrival_id):
        scans.remove(session, house.blobs, visit_id, scan_id)
