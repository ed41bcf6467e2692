"""Which part of a photo is meant: a panel of a montage, the straightened film, or the whole."""

import hashlib
from dataclasses import replace
from io import BytesIO
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from PIL import Image as Pillow
from sqlalchemy.orm import Session

from app.analysis.slice_picture import rgb_of
from app.deps import House, HouseDep, SessionDep
from app.errors import AppError
from app.intake.framing import Framing, framing_from, seen_as
from app.intake.receive import png_of
from app.patient.access import Tablet, Use, Watch
from app.patient.release import allowed
from app.patient.scan_page import OwnScan, WatchedScan
from app.patient.showing import go_to, show
from app.storage import audit, scans
from app.storage.blobs import BlobMissing
from app.storage.tables import Scan
from app.storage.visits import OpenedVisit
from model.types import Image

router = APIRouter()


@router.get("/scan/{scan_id}/choose")
def choose_page(request: Request, tablet: Use, scan: OwnScan) -> Response:
    """The panels of a montage as pictures to tap on, and the whole of it."""
    framing = _open_framing(tablet, scan)
    return show(request, "choose.html", tablet, scan_id=scan.scan_id, framing=framing)


@router.get("/scan/{scan_id}/views/{view}.png")
def view_picture(house: HouseDep, tablet: Watch, scan: WatchedScan, view: str) -> Response:
    """One view of a photo."""
    picture = _seen_as(house, tablet, scan, view)
    target = BytesIO()
    Pillow.fromarray(picture).save(target, "PNG", compress_level=1)
    return Response(target.getvalue(), media_type="image/png")


@router.post("/scan/{scan_id}/view")
def choose(
    session: SessionDep,
    house: HouseDep,
    tablet: Use,
    scan: OwnScan,
    view: Annotated[str, Form()],
) -> Response:
    """Go on with this view; the program looks at it anew."""
    picture = _seen_as(house, tablet, scan, view)
    facts = scans.facts_of(tablet.opened, scan)
    is_other = view != facts.view or scan.status == "choosing"
    if is_other and not has_drawings(session, tablet.opened, scan):
        chosen = replace(
            facts,
            view=view,
            width=picture.shape[1],
            height=picture.shape[0],
            image_digest=hashlib.sha256(picture.tobytes()).hexdigest(),
        )
        png = png_of(picture)
        scans.show_other_view(session, house.blobs, tablet.opened, scan, chosen, png)
        audit.record(session, "patient", "scan.view", scan.scan_id)
    return go_to(f"/scan/{scan.scan_id}")


def has_drawings(session: Session, opened: OpenedVisit, scan: Scan) -> bool:
    """Whether a doctor drew in this picture: then it stays, since the drawing belongs to it."""
    return any(region.drawn_by for region in scans.regions_of(session, opened, scan))


def _open_framing(tablet: Tablet, scan: Scan) -> Framing:
    """How the photo can be seen; 404 where there is one way only."""
    if not allowed(tablet.opened.visit).look:
        raise AppError("not_open_yet", 403, f"/scan/{scan.scan_id}")
    facts = scans.facts_of(tablet.opened, scan)
    framing = framing_from(facts.quad, facts.panels)
    if len(framing.views) < 2:
        raise AppError("not_found", 404, f"/scan/{scan.scan_id}")
    return framing


def _seen_as(house: House, tablet: Tablet, scan: Scan, view: str) -> Image:
    framing = _open_framing(tablet, scan)
    if view not in framing.views:
        raise AppError("not_found", 404, f"/scan/{scan.scan_id}")
    try:
        whole = rgb_of(scans.whole_of(house.blobs, tablet.opened, scan))
    except BlobMissing:
        raise AppError("not_found", 404, f"/scan/{scan.scan_id}") from None
    return seen_as(whole, framing, view)
