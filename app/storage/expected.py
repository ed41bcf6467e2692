"""Which patient a visit expects, by keyed hashes alone, and which visits an arrival fits."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.storage.envelopes import (
    accession_digest,
    patient_digest,
    patients_of_visit,
    study_date_digest,
)
from app.storage.sealed import MasterKey
from app.storage.tables import Arrival, ExpectedPatient, FilingEnvelope, Visit, VisitKey

FIELDS: Final = ("patient_id_digest", "accession_digest", "study_date_digest")
Digests = Mapping[str, str | None]
"""Keyed hashes by column of FIELDS; None or absent where nothing was said."""


@dataclass(frozen=True)
class Typed:
    """What staff typed or scanned; it is hashed and never kept. The date is YYYYMMDD."""

    patient_id: str = ""
    accession: str = ""
    study_date: str = ""

    @property
    def names_a_person(self) -> bool:
        """Whether it can tell one patient from another: a date alone cannot."""
        return bool(self.patient_id or self.accession)


def digests(master: MasterKey, typed: Typed) -> dict[str, str | None]:
    """The keyed hashes of what was typed, by column."""
    return {
        "patient_id_digest": patient_digest(master, typed.patient_id),
        "accession_digest": accession_digest(master, typed.accession),
        "study_date_digest": study_date_digest(master, typed.study_date),
    }


def expect(session: Session, master: MasterKey, visit_id: str, typed: Typed) -> None:
    """Say whose scans belong to a visit, over what was said before."""
    session.merge(ExpectedPatient(visit_id=visit_id, **digests(master, typed)))
    session.flush()


def of_visit(session: Session, visit_id: str) -> ExpectedPatient | None:
    """What a visit expects, or None where nobody said."""
    return session.get(ExpectedPatient, visit_id)


def digests_of(row: Arrival | ExpectedPatient | None) -> Digests:
    """What an arrival carries, or a visit expects; empty for no row."""
    return {} if row is None else {name: getattr(row, name) for name in FIELDS}


def contradicts(carried: Digests, said: Digests) -> bool:
    """Whether anything that both name differs between pictures and what was said."""
    pairs = [(carried.get(name), said.get(name)) for name in FIELDS]
    return any(one and other and one != other for one, other in pairs)


def agrees(carried: Digests, said: Digests) -> bool:
    """Whether patient id or accession number are the same, and nothing differs."""
    is_same = any(carried.get(name) and carried[name] == said.get(name) for name in FIELDS[:2])
    return is_same and not contradicts(carried, said)


def fitting(session: Session, arrival: Arrival) -> list[str]:
    """The open visits that an arrival fits: those that expect its patient, or have their scans.

    A visit with scans of another patient never fits.
    """
    found = [
        row.visit_id
        for row in _expecting(session, arrival)
        if agrees(digests_of(arrival), digests_of(row))
    ]
    found += _having(session, arrival)
    return [one for one in dict.fromkeys(found) if is_free_of_others(session, one, arrival)]


def is_free_of_others(session: Session, visit_id: str, arrival: Arrival) -> bool:
    """Whether no scan of a visit carries another patient's id than an arrival does."""
    known = patients_of_visit(session, visit_id)
    return arrival.patient_id_digest is None or known <= {arrival.patient_id_digest}


def _expecting(session: Session, arrival: Arrival) -> list[ExpectedPatient]:
    named = [
        getattr(ExpectedPatient, name) == getattr(arrival, name)
        for name in FIELDS[:2]
        if getattr(arrival, name) is not None
    ]
    if not named:
        return []
    query = select(ExpectedPatient).where(or_(*named), ExpectedPatient.visit_id.in_(_OPEN_VISITS))
    return list(session.scalars(query))


def _having(session: Session, arrival: Arrival) -> list[str]:
    """Visits with a scan of this patient, unless they expect something else."""
    if arrival.patient_id_digest is None:
        return []
    query = select(FilingEnvelope.visit_id).where(
        FilingEnvelope.patient_id_digest == arrival.patient_id_digest,
        FilingEnvelope.visit_id.in_(_OPEN_VISITS),
    )
    found = []
    for visit_id in dict.fromkeys(session.scalars(query)):
        if not contradicts(digests_of(arrival), digests_of(of_visit(session, visit_id))):
            found.append(visit_id)
    return found


_OPEN_VISITS: Final = (
    select(Visit.visit_id)
    .join(VisitKey, VisitKey.visit_id == Visit.visit_id)
    .where(Visit.closed_at.is_(None))
)
