"""A picture arrives: bounded, received by intake, stored whole or not at all."""

import time
from typing import Annotated

import structlog
from fastapi import APIRouter, File, Request, UploadFile
from fastapi.responses import Response

from app.deps import House, HouseDep, SessionDep
from app.intake.limits import MIB, Limits
from app.intake.receive import ReceivedScan, Refusal, receive
from app.patient.access import Tablet, Use
from app.patient.showing import go_to, show
from app.storage import audit, scans
from app.storage.scans import ScanFacts
from app.storage.tables import Scan

router = APIRouter()
log = structlog.get_logger()
MAX_SCANS = 20
"""Pictures of one visit; each is looked at by a model and kept until the visit ends."""
TOO_LARGE = ("too_large", "too_many_pixels")


@router.get("/upload")
def upload_page(request: Request, session: SessionDep, tablet: Use) -> Response:
    """Choose a picture."""
    known = scans.all_of_visit(session, tablet.visit_id)
    return _page(request, tablet, known)


@router.post("/upload")
def upload(
    request: Request,
    house: HouseDep,
    session: SessionDep,
    tablet: Use,
    picture: Annotated[UploadFile | None, File()] = None,
) -> Response:
    """Receive a picture; a refusal says why and what to do next."""
    started = time.monotonic()
    # Before the first query of the request: the decoding must not hold the database's write lock.
    received = Refusal("empty") if picture is None else _received(house, picture)
    known = scans.all_of_visit(session, tablet.visit_id)
    reason = received.reason if isinstance(received, Refusal) else ""
    if len(known) >= MAX_SCANS:
        reason = "too_many_scans"
    if isinstance(received, Refusal) or reason:
        log.info("upload_refused", reason=reason, visit_id=tablet.visit_id)
        return _page(request, tablet, known, reason)
    opened = tablet.opened
    scan = scans.add_scan(session, house.blobs, opened, _facts(received), received.image_png)
    audit.record(session, "patient", "scan.upload", scan.scan_id)
    log.info("upload_taken", scan_id=scan.scan_id, seconds=round(time.monotonic() - started, 3))
    return go_to(f"/scan/{scan.scan_id}")


def _page(request: Request, tablet: Tablet, known: list[Scan], reason: str = "") -> Response:
    settings = request.app.state.house.settings
    return show(
        request,
        "upload.html",
        tablet,
        status=413 if reason in TOO_LARGE else 422 if reason else 200,
        reason=reason,
        newest=known[-1].scan_id if known else None,
        max_bytes=settings.max_upload_mb * MIB,
    )


def _received(house: House, picture: UploadFile) -> ReceivedScan | Refusal:
    """What intake makes of the file; neither its name nor its declared type is looked at."""
    limits = Limits(max_bytes=house.settings.max_upload_mb * MIB)
    return receive(picture.file.read(limits.max_bytes + 1), limits=limits)


def _facts(received: ReceivedScan) -> ScanFacts:
    return ScanFacts(
        image_digest=received.image_digest,
        width=received.width,
        height=received.height,
        source=received.source,
        modality=received.modality,
        region=received.region,
        plane=received.plane,
        age_band=received.age_band,
        sex=received.sex,
        kept=received.kept,
        notes=received.notes,
        pixels_version=received.pixels_version,
    )
