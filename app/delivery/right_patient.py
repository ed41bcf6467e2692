"""The right-patient check: whether pictures fit a visit and the numbers that staff typed."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.deps import House
from app.intake.envelope import Envelope
from app.intake.series import Arrival as Received
from app.storage import arrivals, envelopes, expected
from app.storage.expected import Digests, Typed
from app.storage.sealed import MasterKey
from app.storage.tables import Arrival


@dataclass(frozen=True)
class Examination:
    """What pictures say of their patient, as keyed hashes; `arrival_id` of a delivery."""

    carried: Digests
    study_digest: str = ""
    arrival_id: str = ""

    @property
    def patient(self) -> str | None:
        """The hash of the patient id, or None where they carry none."""
        return self.carried.get("patient_id_digest")

    @property
    def is_numbered(self) -> bool:
        """Whether there is a number that can be compared."""
        return bool(self.patient or self.carried.get("accession_digest"))


def of_arrival(arrival: Arrival) -> Examination:
    """What a delivery of the clinic's machines carries."""
    carried = expected.digests_of(arrival)
    return Examination(carried, arrival.study_digest, arrival.arrival_id)


def examinations_in(master: MasterKey, received: Received) -> list[Examination]:
    """What an upload of staff carries; a CD may hold several examinations."""
    said = {one.scan.envelope for one in received.series if one.scan.envelope is not None}
    return [
        Examination(
            expected.digests(master, numbers_of(envelope)),
            envelopes.study_digest(master, uid) if (uid := envelope.study_instance_uid) else "",
        )
        for envelope in said
    ]


def numbers_of(envelope: Envelope) -> Typed:
    """The numbers of an envelope that are compared."""
    return Typed(envelope.patient_id, envelope.accession_number, envelope.study_date)


def doubt(
    house: House,
    session: Session,
    mine: Examination,
    visit_id: str,
    typed: Typed,
    *,
    is_sure: bool = False,
) -> str:
    """The key of what speaks against these pictures in this visit; empty for nothing.

    Args:
        house: its key hashes what was typed.
        session: an open session.
        mine: what the pictures carry.
        visit_id: where they are to hang.
        typed: numbers from wristband or order; what is typed has to be the pictures' own.
        is_sure: somebody ticked that they checked. With the pictures' patient number typed, it
            overrules the numbers of the visit, as for a CD of another clinic; never the rest.
    """
    said = expected.digests(house.master, typed)
    is_elsewhere = arrivals.visits_with_study(session, mine.study_digest, mine.arrival_id)
    is_overruled = is_sure and bool(typed.patient_id or (typed.accession and not mine.patient))
    doubts = (
        ("mismatch", expected.contradicts(mine.carried, said)),
        ("mismatch", _names_nobody_here(mine, typed, said)),
        ("elsewhere", bool(is_elsewhere - {visit_id})),
        ("other_patient", not is_overruled and _is_other_patient(session, mine, visit_id)),
        ("other_exam", not is_overruled and _is_other_exam(session, mine, visit_id)),
    )
    return next((key for key, holds in doubts if holds), "")


def _names_nobody_here(mine: Examination, typed: Typed, said: Digests) -> bool:
    is_typed = mine.is_numbered and typed.names_a_person
    return is_typed and not expected.agrees(mine.carried, said)


def _is_other_patient(session: Session, mine: Examination, visit_id: str) -> bool:
    if mine.patient is None:
        return False
    awaited = expected.digests_of(expected.of_visit(session, visit_id)).get("patient_id_digest")
    known = envelopes.patients_of_visit(session, visit_id)
    return awaited not in (None, mine.patient) or bool(known and mine.patient not in known)


def _is_other_exam(session: Session, mine: Examination, visit_id: str) -> bool:
    awaited = expected.of_visit(session, visit_id)
    return expected.contradicts(mine.carried, expected.digests_of(awaited))
