"""The gallery of healthy pictures, open to everybody, and each picture in it."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.deps import HouseDep, SessionDep
from app.errors import AppError
from app.patient.access import find_tablet
from app.patient.showing import show
from app.patient.start import next_address
from app.reference_overlay import reference_overlay
from app.storage import references
from app.storage.blobs import BlobMissing
from app.storage.tables import Reference
from model.vocabulary import REGIONS

router = APIRouter()


@router.get("/gallery")
def gallery(request: Request, house: HouseDep, session: SessionDep, region: str = "") -> Response:
    """Approved healthy pictures, all of them or of one part of the body."""
    tablet = find_tablet(request, house, session)
    approved = references.approved(session)
    have = {one.region for one in approved}
    values: dict[str, Any] = {  # Any: the values of a template
        "region": region if region in have else "",
        "regions": [name for name in REGIONS if name in have],
        "pictures": [one for one in approved if region not in have or one.region == region],
        "go_back": "/" if tablet is None else next_address(session, tablet.opened),
        "has_consent": tablet is not None and tablet.opened.visit.consented_at is not None,
    }
    return show(request, "gallery.html", tablet, **values)


@router.get("/reference/{reference_id}.png")
def reference_picture(house: HouseDep, session: SessionDep, reference_id: str) -> Response:
    """The picture of a reference, as long as it is approved."""
    reference = _live(session, reference_id)
    try:
        data = references.picture_of(house.blobs, reference)
    except BlobMissing:
        raise AppError("not_found", 404, "/gallery") from None
    return Response(data, media_type="image/png")


@router.get("/reference/{reference_id}.svg")
def reference_parts(house: HouseDep, session: SessionDep, reference_id: str) -> Response:
    """The parts in a reference, in the colours that they have in the patient's own picture."""
    svg = reference_overlay(house, _live(session, reference_id))
    return Response(svg, media_type="image/svg+xml")


def _live(session: Session, reference_id: str) -> Reference:
    """A reference that patients may see; what is withdrawn and what never was look alike."""
    reference = references.find(session, reference_id)
    if reference is None or not references.is_live(reference):
        raise AppError("not_found", 404, "/gallery")
    return reference
