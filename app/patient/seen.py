"""A scan as its page shows it: words for it, its parts with their colours, healthy examples."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.analysis.slice_picture import presets_for
from app.anatomy.catalogue import Catalogue
from app.patient.orientation import Edges, edges_of
from app.references.match import Match, match
from app.references.weights import Weights
from app.report.compose import marked_structures, structure_names
from app.report.content import ReportStructure
from app.storage import library_misses, references, scans, slices
from app.storage.scans import Look, ScanFacts, StoredRegion
from app.storage.slices import Progress
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
    number: int = 0
    first: int = 0
    slice_status: str = "looked"

    @property
    def scan_id(self) -> str:
        """Its place in the address of its page."""
        return self.row.scan_id

    @property
    def reachable(self) -> range:
        """The slices that can be shown by now."""
        return slices.reachable(self.row, self.first)

    @property
    def progress(self) -> Progress:
        """How far the storing of the series has come."""
        return slices.progress_of(self.row)

    @property
    def edges(self) -> Edges:
        """Which side of the body lies where; empty where the file does not say."""
        return edges_of(self.facts.kept)

    @property
    def presets(self) -> tuple[str, ...]:
        """The windows that can be laid over the slices."""
        return presets_for(self.facts, "" if self.look is None else self.look.region)


def see(
    session: Session,
    opened: OpenedVisit,
    scan: Scan,
    catalogue: Catalogue,
    language: str,
    *,
    number: int | None = None,
) -> SeenScan:
    """Open a scan with all that was marked in it, at its first slice or at the one named.

    A slice at which nobody looked has the words of its series and no parts.
    """
    look = scans.look_of(opened, scan)
    facts = scans.facts_of(opened, scan)
    first = facts.slice_number
    regions, status = tuple(scans.regions_of(session, opened, scan)), "looked"
    if number is not None and number != first:
        row = slices.look_at(session, scan, number)
        seen = None if row is None else slices.seen_in(opened, row)
        status = "none" if row is None else row.status
        look, regions = (look, ()) if seen is None else (seen[0], tuple(seen[1]))
    is_looked = status == "looked"
    return SeenScan(
        row=scan,
        facts=facts,
        look=look,
        regions=regions,
        parts=marked_structures(regions, catalogue, language),
        unsure=structure_names(look.unsure if look and is_looked else (), catalogue, language),
        number=first if number is None else number,
        first=first,
        slice_status=status,
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
    width: int
    height: int
    width_mm: float | None


def _example(row: Reference) -> Example:
    values = {name: getattr(row, name) for name in Example.__dataclass_fields__}
    return Example(**{**values, "structures": tuple(row.structures)})


def count_miss(session: Session, seen: SeenScan) -> None:
    """Note that a patient found no healthy example of this kind; nothing of the visit is kept."""
    if seen.look is not None and seen.look.is_scan:
        look, age_band = seen.look, seen.facts.age_band or ""
        library_misses.count(session, (look.region, look.modality, look.plane, age_band))


def healthy_examples(
    session: Session, seen: SeenScan, weights: Weights | None = None
) -> list[Match[Example]]:
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
        weights=weights,
    )
    return found[:MAX_EXAMPLES]
