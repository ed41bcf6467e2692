"""The pictures of a visit as staff see them: each scan, each slice in which parts are marked."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.analysis.overlay import Shape, overlay_svg
from app.analysis.slice_picture import slice_png
from app.deps import House, HouseDep, SessionDep
from app.errors import AppError
from app.staff.visits import opened_or_404
from app.storage import scans, slices
from app.storage.blobs import BlobMissing
from app.storage.scans import Look, ScanFacts, StoredRegion
from app.storage.tables import Scan
from app.storage.visits import OpenedVisit

router = APIRouter()
SliceNumber = Annotated[int | None, Query(alias="slice", ge=0, le=999_999)]
"""Which slice of a series; without it the one shown first."""


@dataclass(frozen=True)
class ReviewSlice:
    """One picture with its marked regions: (number on the picture, plain name, region).

    `number` is None for the picture shown first.
    """

    number: int | None
    look: Look
    regions: tuple[tuple[int, str, StoredRegion], ...]


@dataclass(frozen=True)
class ReviewScan:
    """One scan: the picture shown first, and further slices somebody looked at."""

    scan: Scan
    facts: ScanFacts
    first: ReviewSlice | None
    further: tuple[ReviewSlice, ...]

    @property
    def marked(self) -> tuple[ReviewSlice, ...]:
        """The further slices in which something is marked."""
        return tuple(one for one in self.further if one.regions)


def seen_by_staff(house: House, session: Session, opened: OpenedVisit, scan: Scan) -> ReviewScan:
    """A scan with everything that is marked in it."""
    look = scans.look_of(opened, scan)
    regions = scans.regions_of(session, opened, scan)
    further = [
        (row.slice_number, seen)
        for row in slices.looks_of(session, scan)
        if (seen := slices.seen_in(opened, row)) is not None
    ]
    return ReviewScan(
        scan=scan,
        facts=scans.facts_of(opened, scan),
        first=None if look is None else ReviewSlice(None, look, _named(house, regions)),
        further=tuple(ReviewSlice(n, seen[0], _named(house, seen[1])) for n, seen in further),
    )


def _named(house: House, regions: list[StoredRegion]) -> tuple[tuple[int, str, StoredRegion], ...]:
    known = house.catalogue.structures
    return tuple(
        (number, structure_name(house, one.structure), one)
        for number, one in enumerate(regions, start=1)
        if one.structure in known
    )


def structure_name(house: House, structure: str) -> str:
    """The plain English name of a structure."""
    known = house.catalogue.structures.get(structure)
    return structure if known is None else known.text("en").name


def found_scan(session: Session, visit_id: str, scan_id: str) -> Scan:
    """The scan of this visit; raises the same AppError for a foreign one and none."""
    scan = scans.find(session, visit_id, scan_id)
    if scan is None:
        raise AppError("not_found", 404, "/staff/visits")
    return scan


@router.get("/staff/visits/{visit_id}/scans/{scan_id}.png")
def scan_picture(
    house: HouseDep,
    session: SessionDep,
    visit_id: str,
    scan_id: str,
    number: SliceNumber = None,
) -> Response:
    """The picture of a scan, or one slice of its series."""
    opened = opened_or_404(house, session, visit_id)
    scan = found_scan(session, visit_id, scan_id)
    try:
        if number is None:
            data = scans.picture_of(house.blobs, opened, scan)
        else:
            data = slice_png(house.blobs, opened, scan, number)
    except BlobMissing:
        raise AppError("not_found", 404, f"/staff/visits/{visit_id}") from None
    return Response(data, media_type="image/png")


@router.get("/staff/visits/{visit_id}/scans/{scan_id}.svg")
def scan_overlay(
    house: HouseDep,
    session: SessionDep,
    visit_id: str,
    scan_id: str,
    number: SliceNumber = None,
) -> Response:
    """The marked regions of a picture alone, to lie over it."""
    opened = opened_or_404(house, session, visit_id)
    scan = found_scan(session, visit_id, scan_id)
    facts = scans.facts_of(opened, scan)
    regions = (
        scans.regions_of(session, opened, scan)
        if number is None
        else slices.regions_in(session, opened, scan, number)
    )
    shapes = [_shape(house, number, region) for number, _, region in _named(house, regions)]
    svg = overlay_svg(facts.width, facts.height, shapes, None)
    return Response(svg, media_type="image/svg+xml")


def _shape(house: House, number: int, region: StoredRegion) -> Shape:
    look = house.catalogue.structure(region.structure)
    return Shape(look.key, number, look.colour, look.pattern, region.path, region.anchor)
