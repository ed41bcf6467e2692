"""Scans of a visit: their sealed facts, their sealed look, their marked regions."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.storage.blobs import Blobs
from app.storage.tables import (
    FilingEnvelope,
    MarkedRegion,
    Outbound,
    RegionEdit,
    Scan,
    SliceLook,
    Turn,
    new_id,
    now,
)
from app.storage.visits import OpenedVisit


@dataclass(frozen=True)
class ScanFacts:
    """What intake knows of a scan; stands sealed in `scans.facts`.

    Size and digest are those of the slice shown first, `slice_number` of its series. With
    `has_windows` the slices are kept in Hounsfield units, for any window. Of a photo with
    a film or with panels in it (app.intake.framing) `view` is what is shown of the whole.
    """

    image_digest: str
    width: int
    height: int
    source: str
    modality: str | None = None
    region: str | None = None
    plane: str | None = None
    age_band: str | None = None
    sex: str | None = None
    kept: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    pixels_version: str = ""
    slice_number: int = 0
    has_windows: bool = False
    quad: Sequence[Sequence[float]] | None = None
    panels: Sequence[Sequence[float]] = ()
    view: str = "whole"


@dataclass(frozen=True)
class Look:
    """What the model saw; stands sealed in `scans.look`. Words are the vocabulary's.

    `unhelped` says why no part is named: too_poor, or a modality or region that the model that is
    on was never taught; empty where parts were looked for, or where it is no scan.
    """

    modality: str
    plane: str
    region: str
    is_scan: bool
    disagrees: tuple[str, ...] = ()
    unsure: tuple[str, ...] = ()
    reasons: dict[str, str] = field(default_factory=dict)
    prompts_version: str = ""
    model_sha256: str = ""
    seconds: float = 0.0
    unhelped: str = ""


@dataclass(frozen=True)
class StoredRegion:
    """One marked region; `path` is SVG path data in picture pixels; box in [0, 1].

    `drawn_by` names the doctor who drew it; empty for the model's own.
    """

    structure: str
    box: tuple[float, float, float, float]
    path: str
    anchor: tuple[float, float]
    area_share: float
    drawn_by: str = ""


def add_scan(
    session: Session, blobs: Blobs, opened: OpenedVisit, facts: ScanFacts, image_png: bytes
) -> Scan:
    """Store a scan: the sealed blob first, then the row. The caller commits."""
    scan_id = new_id()
    blobs.put_sealed(opened.vault, picture_name(opened.visit.visit_id, scan_id), image_png)
    sealed = opened.vault.seal_json(asdict(facts), f"scans.facts:{scan_id}")
    scan = Scan(scan_id=scan_id, visit_id=opened.visit.visit_id, facts=sealed)
    session.add(scan)
    return scan


def picture_name(visit_id: str, scan_id: str) -> str:
    """The blob name of a scan's picture."""
    return f"visits/{visit_id}/{scan_id}.png"


def put_whole(blobs: Blobs, opened: OpenedVisit, scan: Scan, image_png: bytes) -> None:
    """Store the whole photo beside the view of it that is shown."""
    blobs.put_sealed(opened.vault, _whole_name(scan), image_png)


def whole_of(blobs: Blobs, opened: OpenedVisit, scan: Scan) -> bytes:
    """The PNG of the whole photo; raises BlobMissing where the picture is all there is."""
    return blobs.get_sealed(opened.vault, _whole_name(scan))


def _whole_name(scan: Scan) -> str:
    return f"visits/{scan.visit_id}/{scan.scan_id}.whole.png"


def show_other_view(
    session: Session,
    blobs: Blobs,
    opened: OpenedVisit,
    scan: Scan,
    facts: ScanFacts,
    image_png: bytes,
) -> None:
    """Put another view of a photo in place of the one shown; it is then looked at anew."""
    blobs.put_sealed(opened.vault, picture_name(scan.visit_id, scan.scan_id), image_png)
    session.execute(delete(MarkedRegion).where(MarkedRegion.scan_id == scan.scan_id))
    scan.facts = opened.vault.seal_json(asdict(facts), f"scans.facts:{scan.scan_id}")
    scan.look, scan.looked_at, scan.failure = None, None, None
    scan.status, scan.attempts = "received", 0


def picture_of(blobs: Blobs, opened: OpenedVisit, scan: Scan) -> bytes:
    """The PNG of a scan; raises BlobMissing."""
    return blobs.get_sealed(opened.vault, picture_name(scan.visit_id, scan.scan_id))


def facts_of(opened: OpenedVisit, scan: Scan) -> ScanFacts:
    """The facts of a scan."""
    plain: dict[str, Any] = opened.vault.open_json(scan.facts, f"scans.facts:{scan.scan_id}")
    lists = {name: tuple(plain.get(name, ())) for name in ("notes", "panels")}
    return ScanFacts(**{**plain, **lists})


def look_of(opened: OpenedVisit, scan: Scan) -> Look | None:
    """What the model saw, or None while it has not looked yet."""
    if scan.look is None:
        return None
    plain: dict[str, Any] = opened.vault.open_json(scan.look, f"scans.look:{scan.scan_id}")
    lists = {name: tuple(plain[name]) for name in ("disagrees", "unsure")}
    return Look(**{**plain, **lists})


def all_of_visit(session: Session, visit_id: str) -> list[Scan]:
    """The scans of a visit, the oldest first."""
    query = select(Scan).where(Scan.visit_id == visit_id).order_by(Scan.received_at)
    return list(session.scalars(query))


def for_patient(session: Session, visit_id: str) -> list[Scan]:
    """The scans of a visit that its patient may see: not what they do not know as theirs."""
    held = select(FilingEnvelope.scan_id).where(
        FilingEnvelope.visit_id == visit_id, FilingEnvelope.owned.in_(("ask", "no"))
    )
    query = select(Scan).where(Scan.visit_id == visit_id, Scan.scan_id.not_in(held))
    return list(session.scalars(query.order_by(Scan.received_at)))


def newest(known: list[Scan]) -> Scan | None:
    """The scan to go on with: the best one of the last upload, whose scans lie microseconds apart.

    Args:
        known: the scans of a visit, the oldest first.
    """
    if not known:
        return None
    together = known[-1].received_at - timedelta(milliseconds=1)
    return next(scan for scan in known if scan.received_at >= together)


def find(session: Session, visit_id: str, scan_id: str) -> Scan | None:
    """A scan of this visit, or None: a foreign scan and no scan look alike."""
    scan = session.get(Scan, scan_id)
    return scan if scan is not None and scan.visit_id == visit_id else None


def store_look(
    session: Session,
    opened: OpenedVisit,
    scan: Scan,
    look: Look,
    regions: list[StoredRegion],
) -> None:
    """Keep what the model saw, replacing an earlier look, and mark the scan as looked at."""
    session.execute(delete(MarkedRegion).where(MarkedRegion.scan_id == scan.scan_id))
    add_regions(session, opened, scan, regions)
    scan.look = opened.vault.seal_json(asdict(look), f"scans.look:{scan.scan_id}")
    scan.status, scan.looked_at, scan.failure = "looked", now(), None


def add_regions(
    session: Session, opened: OpenedVisit, scan: Scan, regions: list[StoredRegion]
) -> None:
    """Seal these marked regions in their order."""
    for ordinal, region in enumerate(regions):
        region_id = new_id()
        detail = opened.vault.seal_json(asdict(region), f"marked_regions.detail:{region_id}")
        session.add(
            MarkedRegion(region_id=region_id, scan_id=scan.scan_id, ordinal=ordinal, detail=detail)
        )


def regions_of(session: Session, opened: OpenedVisit, scan: Scan) -> list[StoredRegion]:
    """The marked regions of a scan in their order."""
    query = (
        select(MarkedRegion)
        .where(MarkedRegion.scan_id == scan.scan_id)
        .order_by(MarkedRegion.ordinal)
    )
    return [_opened_region(opened, row) for row in session.scalars(query)]


def _opened_region(opened: OpenedVisit, row: MarkedRegion) -> StoredRegion:
    return region_from(opened.vault.open_json(row.detail, f"marked_regions.detail:{row.region_id}"))


def region_from(plain: dict[str, Any]) -> StoredRegion:
    """A region out of its JSON form."""
    return StoredRegion(
        structure=plain["structure"],
        box=tuple(plain["box"]),
        path=plain["path"],
        anchor=tuple(plain["anchor"]),
        area_share=plain["area_share"],
        drawn_by=plain.get("drawn_by", ""),
    )


def remove(session: Session, blobs: Blobs, visit_id: str, scan_id: str) -> None:
    """Take one scan off its visit, with all that was seen in it and said about it."""
    for table in (MarkedRegion, RegionEdit, SliceLook, Turn, Outbound, FilingEnvelope, Scan):
        session.execute(delete(table).where(table.scan_id == scan_id))
    blobs.delete(picture_name(visit_id, scan_id))
    blobs.delete_under(f"visits/{visit_id}/{scan_id}")


def has_regions(session: Session, scan_id: str) -> bool:
    """Whether anything is marked in a scan."""
    query = select(MarkedRegion.region_id).where(MarkedRegion.scan_id == scan_id).limit(1)
    return session.scalar(query) is not None
