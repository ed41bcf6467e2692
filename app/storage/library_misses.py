"""How often patients found no healthy example, by kind of picture: counts without a visit."""

from sqlalchemy import CursorResult, select, update
from sqlalchemy.orm import Session

from app.storage.tables import LibraryMiss

Kind = tuple[str, str, str, str]
"""(region, modality, plane, age band); empty text where the scan does not say."""


def count(session: Session, kind: Kind) -> None:
    """One patient more who found nothing of this kind."""
    region, modality, plane, age_band = kind
    changed = session.execute(
        update(LibraryMiss)
        .where(
            LibraryMiss.region == region,
            LibraryMiss.modality == modality,
            LibraryMiss.plane == plane,
            LibraryMiss.age_band == age_band,
        )
        .values(count=LibraryMiss.count + 1)
        .execution_options(synchronize_session=False)
    )
    assert isinstance(changed, CursorResult)
    if changed.rowcount == 0:
        row = LibraryMiss(region=region, modality=modality, plane=plane, age_band=age_band)
        row.count = 1
        session.add(row)


def most_asked(session: Session) -> dict[Kind, int]:
    """What was missed, the most often missed first."""
    query = select(LibraryMiss).order_by(LibraryMiss.count.desc())
    return {
        (row.region, row.modality, row.plane, row.age_band): row.count
        for row in session.scalars(query)
    }
