"""Files arrive: bounded, received by intake, the first slice stored at once, the rest behind."""

import time
from typing import Annotated, BinaryIO, Final

import structlog
from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response
from starlette.datastructures import UploadFile

from app.deps import House, HouseDep, SessionDep
from app.intake.limits import MIB, Limits
from app.intake.opening import Openings
from app.intake.receive import Refusal
from app.intake.series import Arrival
from app.patient.access import Tablet, Use, Watch
from app.patient.scan_page import OwnScan
from app.patient.showing import go_to, show
from app.receiving import receive_upload, store_first, store_rest_behind
from app.storage import audit, envelopes, scans, slices
from app.storage.tables import Scan, TabletSession, now
from app.web.sealed_form import sealed_form

router = APIRouter()
log = structlog.get_logger()
MAX_SCANS: Final = 20
"""Series and pictures of one visit; each is looked at by a model and kept until the visit ends."""
TOO_LARGE: Final = ("too_large", "too_many_pixels")
FIELD: Final = "picture"


def arriving(session: SessionDep, tablet: Watch) -> Tablet:
    """The tablet, its database connection given back: decoding takes long and needs none.

    Watch, not Use: a note of use would be written when the upload ends, with the time it began.
    """
    session.commit()
    return tablet


Arriving = Annotated[Tablet, Depends(arriving, scope="function")]


async def uploaded(request: Request, _tablet: Arriving) -> list[BinaryIO]:
    """The files of the form; their names and declared types are not looked at."""
    form = await sealed_form(request, max_files=Limits.max_files, max_fields=10)
    return [one.file for one in form.getlist(FIELD) if isinstance(one, UploadFile) and one.size]


def openings_of(request: Request) -> Openings:
    """The uploads that are being opened in this server."""
    openings: Openings = request.app.state.openings
    return openings


Uploaded = Annotated[list[BinaryIO], Depends(uploaded)]
UnderWay = Annotated[Openings, Depends(openings_of)]


@router.get("/upload")
def upload_page(request: Request, session: SessionDep, tablet: Use) -> Response:
    """Choose a picture, or many at once."""
    if envelopes.to_ask(session, tablet.visit_id):
        return go_to("/yours")
    known = scans.for_patient(session, tablet.visit_id)
    return _page(request, tablet, known)


@router.post("/upload")
def upload(
    request: Request, house: HouseDep, tablet: Arriving, files: Uploaded, openings: UnderWay
) -> Response:
    """Receive pictures; a refusal says why and what to do next."""
    started = time.monotonic()
    with house.sessions() as session:
        known = scans.all_of_visit(session, tablet.visit_id)
    # Outside of any transaction: the decoding must not hold the database's write lock.
    with openings.begun(tablet.row.session_id) as opening:
        received = receive_upload(house, files, room=MAX_SCANS - len(known), opening=opening)
    if isinstance(received, Refusal):
        _touch(house, tablet)
        log.info("upload_refused", reason=received.reason, visit_id=tablet.visit_id)
        return _page(request, tablet, known, received.reason)
    stored = _stored(house, tablet, received)
    seconds = round(time.monotonic() - started, 3)
    log.info("upload_taken", scan_id=stored[0].scan_id, scans=len(stored), seconds=seconds)
    return go_to(f"/scan/{stored[0].scan_id}")


@router.get("/upload/progress")
def progress(tablet: Watch, openings: UnderWay) -> Response:
    """How many files of this tablet's upload have been read."""
    under_way = openings.of(tablet.row.session_id)
    return JSONResponse({"files": sum(one.files for one in under_way)})


@router.post("/upload/stop")
def stop_opening(tablet: Watch, openings: UnderWay) -> Response:
    """End the work on what this tablet sent and nothing of which is stored yet."""
    for one in openings.of(tablet.row.session_id):
        one.stop()
    return Response(status_code=204)


@router.post("/scan/{scan_id}/stop")
def stop(session: SessionDep, scan: OwnScan) -> Response:
    """Store no more slices of this series; those that are there stay."""
    slices.cancel(scan)
    audit.record(session, "patient", "scan.stop", scan.scan_id)
    return go_to(f"/scan/{scan.scan_id}")


def _stored(house: House, tablet: Tablet, arrival: Arrival) -> list[Scan]:
    try:
        with house.sessions() as session, session.begin():
            stored = store_first(session, house, tablet.opened, arrival)
            for scan in stored:
                audit.record(session, "patient", "scan.upload", scan.scan_id)
    except BaseException:
        arrival.close()
        raise
    _touch(house, tablet)
    store_rest_behind(house, tablet.opened, stored, arrival)
    return stored


def _touch(house: House, tablet: Tablet) -> None:
    """A long upload is no idle time."""
    with house.sessions() as session, session.begin():
        row = session.get(TabletSession, tablet.row.session_id)
        if row is not None and row.ended_at is None:
            row.last_seen_at = now()


def _page(request: Request, tablet: Tablet, known: list[Scan], reason: str = "") -> Response:
    settings = request.app.state.house.settings
    newest = scans.newest(known)
    return show(
        request,
        "upload.html",
        tablet,
        status=413 if reason in TOO_LARGE else 422 if reason else 200,
        reason=reason,
        newest=None if newest is None else newest.scan_id,
        max_bytes=settings.max_upload_mb * MIB,
    )
