"""Slices of a scan: their sealed blobs, how many are stored, and looks at further ones."""

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.storage.blobs import BlobMissing, Blobs
from app.storage.scans import Look, StoredRegion, facts_of, picture_of, region_from
from app.storage.sealed import Vault
from app.storage.tables import Scan, SliceLook, now
from app.storage.visits import OpenedVisit

MAX_LOOKS = 12
"""Further slices of one visit that wait to be looked at, at once."""


@dataclass(frozen=True)
class Progress:
    """How far the storing of a series has come; `storing` as in the table."""

    stored: int
    count: int
    storing: str

    @property
    def is_going_on(self) -> bool:
        """Whether more slices are still to come."""
        return self.storing == "storing"


def put(blobs: Blobs, vault: Vault, scan: Scan, number: int, data: bytes) -> None:
    """Store one slice: sealed under its visit and its place in the series."""
    blobs.put_sealed(vault, _name(scan, number), data)


def get(blobs: Blobs, opened: OpenedVisit, scan: Scan, number: int) -> bytes:
    """A slice as it was stored, a PNG file or packed Hounsfield units; raises BlobMissing."""
    try:
        return blobs.get_sealed(opened.vault, _name(scan, number))
    except BlobMissing:
        if scan.slice_count > 1 or number != facts_of(opened, scan).slice_number:
            raise
        return picture_of(blobs, opened, scan)


def remove(blobs: Blobs, visit_id: str, scan_id: str) -> None:
    """Take all slices of a scan away; its first picture stays."""
    blobs.delete_under(f"visits/{visit_id}/{scan_id}")


def note_stored(session: Session, scan_id: str, stored: int) -> bool:
    """Say how many slices are stored; False when the storing was cancelled or the scan erased."""
    changed = session.execute(
        update(Scan)
        .where(Scan.scan_id == scan_id, Scan.storing == "storing")
        .values(slices_stored=stored)
        .returning(Scan.scan_id)
    )
    return changed.first() is not None


def end_storing(session: Session, scan_id: str, how: str) -> None:
    """Close the storing of a series as done or stopped; a cancelled one stays cancelled."""
    session.execute(
        update(Scan).where(Scan.scan_id == scan_id, Scan.storing == "storing").values(storing=how)
    )


def stop_left_over(session: Session, begun_before: datetime) -> int:
    """What began so long ago and still is not stored was left over by a process that ended.

    The age tells, not the start of a server: a listener beside it may be storing at that moment.
    Gives how many series were stopped.
    """
    changed = session.execute(
        update(Scan)
        .where(Scan.storing == "storing", Scan.received_at < begun_before)
        .values(storing="stopped")
        .returning(Scan.scan_id)
    )
    return len(changed.all())


def cancel(scan: Scan) -> None:
    """Store no more slices of this series; those that are there stay."""
    if scan.storing == "storing":
        scan.storing = "cancelled"


def progress_of(scan: Scan) -> Progress:
    """How far the storing has come."""
    return Progress(scan.slices_stored, scan.slice_count, scan.storing)


def reachable(scan: Scan, first: int) -> range:
    """The numbers that can be shown: slices are stored outward from the first one shown."""
    if scan.storing == "done":
        return range(scan.slice_count)
    left, right, others = first, scan.slice_count - 1 - first, scan.slices_stored - 1
    both = min(left, right)
    before, after = others // 2, others - others // 2
    if others > 2 * both:  # one side is complete, the rest went to the other
        before, after = (left, others - left) if left == both else (others - right, right)
    return range(first - before, first + after + 1)


def ask_for_look(session: Session, scan: Scan, number: int) -> SliceLook | None:
    """A row of work for one more slice; the row there is; None when too many wait already."""
    known = look_at(session, scan, number)
    if known is not None:
        if known.status == "failed":
            known.status, known.attempts = "received", 0
        return known
    waiting = select(SliceLook.look_id).where(
        SliceLook.visit_id == scan.visit_id, SliceLook.status.in_(("received", "looking"))
    )
    if len(list(session.scalars(waiting))) >= MAX_LOOKS:
        return None
    row = SliceLook(visit_id=scan.visit_id, scan_id=scan.scan_id, slice_number=number)
    session.add(row)
    session.flush()
    return row


def look_at(session: Session, scan: Scan, number: int) -> SliceLook | None:
    """The row of a further slice, or None where nobody asked for it."""
    return session.scalar(
        select(SliceLook).where(SliceLook.scan_id == scan.scan_id, SliceLook.slice_number == number)
    )


def looks_of(session: Session, scan: Scan) -> list[SliceLook]:
    """The further slices of a scan that were looked at, in their order."""
    query = select(SliceLook).where(SliceLook.scan_id == scan.scan_id, SliceLook.status == "looked")
    return list(session.scalars(query.order_by(SliceLook.slice_number)))


def store_look(
    opened: OpenedVisit, row: SliceLook, look: Look, regions: list[StoredRegion]
) -> None:
    """Keep what the model saw in a further slice, sealed."""
    seen = {"look": asdict(look), "regions": [asdict(region) for region in regions]}
    row.seen = opened.vault.seal_json(seen, f"slice_looks.seen:{row.look_id}")
    row.status, row.looked_at, row.failure = "looked", now(), None


def seen_in(opened: OpenedVisit, row: SliceLook) -> tuple[Look, list[StoredRegion]] | None:
    """What the model saw in a further slice, or None while it has not looked."""
    if row.seen is None:
        return None
    plain = opened.vault.open_json(row.seen, f"slice_looks.seen:{row.look_id}")
    look = plain["look"]
    lists = {name: tuple(look[name]) for name in ("disagrees", "unsure")}
    return Look(**{**look, **lists}), [region_from(one) for one in plain["regions"]]


def regions_in(
    session: Session, opened: OpenedVisit, scan: Scan, number: int
) -> list[StoredRegion]:
    """What is marked in a further slice; nothing where nobody looked."""
    row = look_at(session, scan, number)
    seen = None if row is None else seen_in(opened, row)
    return [] if seen is None else seen[1]


def take_away(
    session: Session, opened: OpenedVisit, scan: Scan, number: int, structure: str
) -> bool:
    """Take one structure out of a further slice; False when it is not marked there."""
    row = look_at(session, scan, number)
    seen = None if row is None else seen_in(opened, row)
    if row is None or seen is None:
        return False
    left = [one for one in seen[1] if one.structure != structure]
    store_look(opened, row, seen[0], left)
    return len(left) < len(seen[1])


def _name(scan: Scan, number: int) -> str:
    return f"visits/{scan.visit_id}/{scan.scan_id}/{number}"
