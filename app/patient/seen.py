"""A scan as its page shows it: words for it, its parts with their colours, healthy examples."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.anatomy.catalogue import Catalogue
from app.references.match import Match, match
from app.report.compose import FACING_PLANES, marked_structures, structure_names
from app.report.content import ReportStructure
from app.storage import references, scans
from app.storage.scans import Look, ScanFacts, StoredRegion
from app.storage.tables import Reference, Scan
from app.storage.visits import OpenedVisit

MAX_EXAMPLES = 4
"""Healthy is a range: a few examples, not one; more would be a gallery."""


@dataclass(frozen=True)
class SeenScan:
    """What a page knows of a scan; `look` is None while nobody has looked."""

    row: Scan
    facts: ScanFacts
    look: Look | None
    regions: tuple[StoredRegion, ...]
    parts: tuple[ReportStructure, ...]
    unsure: tuple[str, ...]

    @property
    def scan_id(self) -> str:
        """Its place in the address of its page."""
        return self.row.scan_id

    @property
    def faces_patient(self) -> bool:
        """Whether left and right are swapped in the picture."""
        return self.look is not None and self.look.plane in FACING_PLANES


def see(
    session: Session, opened: OpenedVisit, scan: Scan, catalogue: Catalogue, language: str
) -> SeenScan:
    """Open a scan with all that was marked in it."""
    look = scans.look_of(opened, scan)
    regions = tuple(scans.regions_of(session, opened, scan))
    return SeenScan(
        row=scan,
        facts=scans.facts_of(opened, scan),
        look=look,
        regions=regions,
        parts=marked_structures(regions, catalogue, language),
        unsure=structure_names(look.unsure if look else (), catalogue, language),
    )


@dataclass(frozen=True)
class Example:
    """A healthy picture as matching and pages need it, taken from its row."""

    reference_id: str
    region: str
    modality: str
    plane: str
    structures: tuple[str, ...]
    level: str
    side: str
    age_band: str
    sex: str
    is_drawn: bool
    caption: str
    source: str
    licence: str


def _example(row: Reference) -> Example:
    values = {name: getattr(row, name) for name in Example.__dataclass_fields__}
    return Example(**{**values, "structures": tuple(row.structures)})


def healthy_examples(session: Session, seen: SeenScan) -> list[Match[Example]]:
    """The clinic's approved examples that fit this scan, best first."""
    if seen.look is None or not seen.look.is_scan:
        return []
    kept = references.approved_of(session, seen.look.region, seen.look.modality)
    found = match(
        [_example(row) for row in kept],
        region=seen.look.region,
        modality=seen.look.modality,
        plane=seen.look.plane,
        structures=[region.structure for region in seen.regions],
        age_band=seen.facts.age_band,
        sex=seen.facts.sex,
    )
    return found[:MAX_EXAMPLES]
