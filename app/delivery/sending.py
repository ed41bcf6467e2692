"""Back to the record: released reports and marked parts go to the machines that take them.

Nothing leaves before a doctor has released the visit; that is asked again at every try.
"""

from typing import Final

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.changelog import version
from app.delivery import carriers
from app.delivery.carriers import Target
from app.deps import House
from app.logs import place_of
from app.report.file_back import (
    MarkedPart,
    MarkedPicture,
    NoGeometry,
    encapsulated_pdf,
    segmentation,
)
from app.report.render import ReportError
from app.storage import audit, envelopes, outbound, peers, scans, visits
from app.storage.blobs import BlobMissing
from app.storage.outbound import Order
from app.storage.tables import Outbound, Visit
from app.storage.visits import OpenedVisit
from app.visit_report import released_pdf

log = structlog.get_logger()
TITLE: Final = "Anteroom: what the patient saw and asked"


class _NotReleased(Exception):
    """There is no final paper of this visit."""


def is_released(visit: Visit) -> bool:
    """Whether a doctor has opened everything, and nobody holds it now."""
    return visit.release_level == "full" and not visit.paused


def queue_all(session: Session, visit: Visit, actor: str) -> int:
    """Queue what a released visit sends to each machine that takes it; gives how many."""
    if not is_released(visit):
        return 0
    scan_ids = envelopes.scans_with_envelope(session, visit.visit_id)
    orders = [
        Order(visit.visit_id, "report", scan_id, peer.peer_id)
        for scan_id in scan_ids[-1:]
        for peer in peers.taking(session, "report")
    ]
    orders += [
        Order(visit.visit_id, "segmentation", scan_id, peer.peer_id)
        for scan_id in scan_ids
        if scans.has_regions(session, scan_id)
        for peer in peers.taking(session, "segmentation")
    ]
    for order in orders:
        row = outbound.queue(session, order, actor)
        audit.record(session, actor, f"record.queue.{order.what}", row.outbound_id)
    return len(orders)


def send_outbound(house: House) -> int:
    """Try everything that is due; gives how many objects were taken."""
    sent = 0
    while True:
        with house.sessions() as session:
            row = outbound.claim(session)
        if row is None:
            return sent
        try:
            failure = _carried(house, row)
        except (OSError, SQLAlchemyError) as error:
            log.error("record_not_sent", error_type=type(error).__name__, where=place_of(error))
            failure = "broken"
        sent += not failure
        with house.sessions() as session, session.begin():
            ended = outbound.end(session, row.outbound_id, failure)
            if ended is not None and ended.status in ("sent", "failed", "held"):
                action = f"record.{ended.status}.{ended.what}"
                audit.record(session, "record", action, ended.outbound_id)
        log.info("record_tried", visit_id=row.visit_id, reason=failure or "sent")


def _carried(house: House, row: Outbound) -> str:
    """One try; gives the key of a failure, empty when the machine has taken it."""
    with house.sessions() as session:
        opened = visits.opened(session, house.master, row.visit_id)
        if opened is None or not is_released(opened.visit):
            return "held"
        peer = peers.find(session, row.peer_id)
        if peer is None:
            return "peer_gone"
        target = carriers.target_of(house, peer)
        try:
            data = _object(house, session, opened, row)
        except _NotReleased:
            return "held"
        except NoGeometry:
            return "no_geometry"
        except ReportError:
            return "no_report"
    return _sent_if_still_released(house, row, target, data)


def _sent_if_still_released(house: House, row: Outbound, target: Target, data: bytes) -> str:
    """Making the object took a while: what was taken back meanwhile does not leave."""
    with house.sessions() as session:
        visit = session.get(Visit, row.visit_id)
        if visit is None or not is_released(visit):
            return "held"
    return carriers.send(target, data)


def _object(house: House, session: Session, opened: OpenedVisit, row: Outbound) -> bytes:
    """The bytes to send: those of an earlier try of the same wish, or made now."""
    name = outbound.blob_name(row)
    if row.attempts > 1:
        try:
            return house.blobs.get_sealed(opened.vault, name)
        except BlobMissing:
            pass
    identifiers = envelopes.identifiers_of(session, opened, row.scan_id or "")
    if row.what == "report":
        pdf = released_pdf(session, house, opened)
        if pdf is None:
            raise _NotReleased
        data = encapsulated_pdf(pdf, identifiers, TITLE)
    else:
        data = _segmentation(house, session, opened, row, identifiers)
    house.blobs.put_sealed(opened.vault, name, data)
    return data


def _segmentation(
    house: House,
    session: Session,
    opened: OpenedVisit,
    row: Outbound,
    identifiers: dict[str, str],
) -> bytes:
    scan = scans.find(session, row.visit_id, row.scan_id or "")
    look = None if scan is None else scans.look_of(opened, scan)
    if scan is None or look is None:
        raise NoGeometry
    facts, known = scans.facts_of(opened, scan), house.catalogue.structures
    found = [(known.get(one.structure), one) for one in scans.regions_of(session, opened, scan)]
    parts = tuple(
        MarkedPart(structure.text("en").name, structure.snomed, one.path)
        for structure, one in found
        if structure is not None and structure.snomed
    )
    if not parts:
        raise NoGeometry
    model, adapter = look.model_sha256[:12], scan.adapter or ""
    picture = MarkedPicture(facts.width, facts.height, parts, model, adapter)
    return segmentation(picture, identifiers, facts.kept, version())
