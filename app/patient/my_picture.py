"""The patient's own picture to take home, as it came or with its parts in colour."""

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.analysis.keepsake import coloured_png
from app.analysis.overlay import Shape
from app.deps import House, HouseDep, SessionDep
from app.errors import AppError
from app.patient.access import Use
from app.patient.release import allowed
from app.patient.scan_page import OwnScan
from app.patient.seen import see
from app.storage import audit, scans
from app.storage.tables import Scan
from app.storage.visits import OpenedVisit

router = APIRouter()


@router.get("/scan/{scan_id}/my-picture.png")
def my_picture(
    house: HouseDep, session: SessionDep, tablet: Use, scan: OwnScan, *, colours: bool = False
) -> Response:
    """A copy to take along; not from a tablet that stays in the house."""
    if house.settings.kiosk:
        raise AppError("ask_at_desk", 403, f"/scan/{scan.scan_id}")
    return png_to_keep(house, session, tablet.opened, scan, colours=colours)


def png_to_keep(
    house: House, session: Session, opened: OpenedVisit, scan: Scan, *, colours: bool
) -> Response:
    """The picture of a scan as a file to save; with colours, its parts and their names too."""
    if not allowed(opened.visit).look:
        raise AppError("not_open_yet", 403, f"/scan/{scan.scan_id}")
    audit.record(session, "patient", "picture.take", scan.scan_id)
    data = scans.picture_of(house.blobs, opened, scan)
    if colours:
        parts = see(session, opened, scan, house.catalogue, opened.visit.language).parts
        shapes = [
            Shape(one.key, one.number, one.colour, one.pattern, one.path, one.anchor)
            for one in parts
        ]
        data = coloured_png(data, shapes, [one.name for one in parts])
    # The same name for everybody: a file's name is read by whoever uses the tablet next.
    headers = {"Content-Disposition": 'attachment; filename="picture.png"'}
    return Response(data, media_type="image/png", headers=headers)
