"""A doctor's changes to the marked regions of a scan, each of which can be undone."""

from dataclasses import asdict
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from app.storage import scans
from app.storage.scans import StoredRegion
from app.storage.tables import MarkedRegion, RegionEdit, Scan, new_id
from app.storage.visits import OpenedVisit

KEPT = 30
"""So many steps can be undone; older ones are forgotten."""


def change(
    session: Session, opened: OpenedVisit, scan: Scan, staff_id: str, after: list[StoredRegion]
) -> None:
    """Put these regions in place of those that stand, and keep those for an undo."""
    edit_id = new_id()
    before = [asdict(one) for one in scans.regions_of(session, opened, scan)]
    sealed = opened.vault.seal_json(before, f"region_edits.before:{edit_id}")
    edit = RegionEdit(edit_id=edit_id, scan_id=scan.scan_id, staff_id=staff_id, before=sealed)
    session.add(edit)
    session.flush()
    for old in _edits(session, scan)[KEPT:]:
        session.delete(old)
    _replace(session, opened, scan, after)


def undo(session: Session, opened: OpenedVisit, scan: Scan) -> bool:
    """Take the last change back; False when there is none."""
    edits = _edits(session, scan)
    if not edits:
        return False
    context = f"region_edits.before:{edits[0].edit_id}"
    plain: list[dict[str, Any]] = opened.vault.open_json(edits[0].before, context)
    _replace(session, opened, scan, [scans.region_from(one) for one in plain])
    session.delete(edits[0])
    return True


def count(session: Session, scan_id: str) -> int:
    """How many changes can be taken back."""
    query = select(func.count()).where(RegionEdit.scan_id == scan_id)
    return session.scalar(query) or 0


def removed(session: Session, opened: OpenedVisit, scan: Scan) -> tuple[str, ...]:
    """The structures the model had marked and doctors took away, as far as steps are kept."""
    edits = _edits(session, scan)
    if not edits:
        return ()
    first = edits[-1]
    before: list[dict[str, Any]] = opened.vault.open_json(
        first.before, f"region_edits.before:{first.edit_id}"
    )
    now_marked = {region.structure for region in scans.regions_of(session, opened, scan)}
    marked = [region for region in map(scans.region_from, before) if not region.drawn_by]
    return tuple(one.structure for one in marked if one.structure not in now_marked)


def _edits(session: Session, scan: Scan) -> list[RegionEdit]:
    query = select(RegionEdit).where(RegionEdit.scan_id == scan.scan_id)
    return list(session.scalars(query.order_by(RegionEdit.edited_at.desc())))


def _replace(
    session: Session, opened: OpenedVisit, scan: Scan, regions: list[StoredRegion]
) -> None:
    session.execute(delete(MarkedRegion).where(MarkedRegion.scan_id == scan.scan_id))
    scans.add_regions(session, opened, scan, regions)
    session.flush()
