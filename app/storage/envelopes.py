"""Filing envelopes: sealed identifiers of delivered scans, found again by keyed hash only."""

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.storage.sealed import MasterKey
from app.storage.tables import FilingEnvelope, Scan
from app.storage.visits import OpenedVisit


def add(
    session: Session,
    master: MasterKey,
    opened: OpenedVisit,
    scan_id: str,
    identifiers: dict[str, str],
) -> None:
    """Seal the identifiers of one scan (by DICOM keyword) under its visit."""
    session.add(
        FilingEnvelope(
            scan_id=scan_id,
            visit_id=opened.visit.visit_id,
            identifiers=opened.vault.seal_json(
                identifiers, f"filing_envelopes.identifiers:{scan_id}"
            ),
            patient_id_digest=patient_digest(master, identifiers.get("PatientID", "")),
            accession_digest=accession_digest(master, identifiers.get("AccessionNumber", "")),
        )
    )


def patient_digest(master: MasterKey, patient_id: str) -> str | None:
    """The keyed hash of a patient id, or None for an empty one."""
    return master.digest("patient-id", patient_id) if patient_id else None


def accession_digest(master: MasterKey, accession: str) -> str | None:
    """The keyed hash of an accession number, or None for an empty one."""
    return master.digest("accession", accession) if accession else None


def patients_of_visit(session: Session, visit_id: str) -> set[str]:
    """The keyed hashes of all patient ids delivered for a visit: more than one is a mix-up."""
    query = select(FilingEnvelope.patient_id_digest).where(FilingEnvelope.visit_id == visit_id)
    return {digest for digest in session.scalars(query) if digest}


def study_date_digest(master: MasterKey, study_date: str) -> str | None:
    """The keyed hash of a date written YYYYMMDD, or None for an empty one."""
    return master.digest("study-date", study_date) if study_date else None


def study_digest(master: MasterKey, study_uid: str) -> str:
    """The keyed hash of a StudyInstanceUID."""
    return master.digest("study", study_uid)


def instance_digest(master: MasterKey, sop_instance_uid: str) -> str:
    """The keyed hash of a SOPInstanceUID."""
    return master.digest("instance", sop_instance_uid)


def came_with(session: Session, scan_ids: list[str], arrival_id: str) -> None:
    """Note which delivery these scans came with."""
    session.execute(
        update(FilingEnvelope)
        .where(FilingEnvelope.scan_id.in_(scan_ids))
        .values(arrival_id=arrival_id)
    )


def ask_patient(session: Session, scan_ids: list[str]) -> None:
    """Show these scans only once the patient has said that they are theirs."""
    session.execute(
        update(FilingEnvelope).where(FilingEnvelope.scan_id.in_(scan_ids)).values(owned="ask")
    )


def to_ask(session: Session, visit_id: str) -> list[str]:
    """The scans that the patient has still to be asked about, the oldest first."""
    query = (
        select(FilingEnvelope.scan_id)
        .join(Scan, Scan.scan_id == FilingEnvelope.scan_id)
        .where(FilingEnvelope.visit_id == visit_id, FilingEnvelope.owned == "ask")
    )
    return list(session.scalars(query.order_by(Scan.received_at)))


def say_owned(session: Session, scan_id: str, owned: str) -> None:
    """Keep the patient's yes or no for a scan and all that came with it."""
    row = session.get(FilingEnvelope, scan_id)
    if row is None:
        return
    together = [scan_id]
    if row.arrival_id is not None:
        together = scans_that_came_with(session, row.arrival_id)
    session.execute(
        update(FilingEnvelope).where(FilingEnvelope.scan_id.in_(together)).values(owned=owned)
    )


def held_from_patient(session: Session, visit_id: str) -> set[str]:
    """The scans that the patient was not asked about yet, or does not know as theirs."""
    query = select(FilingEnvelope.scan_id).where(
        FilingEnvelope.visit_id == visit_id, FilingEnvelope.owned.in_(("ask", "no"))
    )
    return set(session.scalars(query))


def disowned(session: Session, visit_id: str) -> bool:
    """Whether the patient said of any scan that it is not theirs."""
    query = select(FilingEnvelope.scan_id).where(
        FilingEnvelope.visit_id == visit_id, FilingEnvelope.owned == "no"
    )
    return session.scalar(query.limit(1)) is not None


def scans_that_came_with(session: Session, arrival_id: str) -> list[str]:
    """The scans of one delivery."""
    query = select(FilingEnvelope.scan_id).where(FilingEnvelope.arrival_id == arrival_id)
    return list(session.scalars(query))


def scans_with_envelope(session: Session, visit_id: str) -> list[str]:
    """The scans of a visit that the clinic delivered, the oldest first."""
    query = (
        select(FilingEnvelope.scan_id)
        .join(Scan, Scan.scan_id == FilingEnvelope.scan_id)
        .where(FilingEnvelope.visit_id == visit_id)
    )
    return list(session.scalars(query.order_by(Scan.received_at)))


def identifiers_of(session: Session, opened: OpenedVisit, scan_id: str) -> dict[str, str]:
    """The identifiers of one scan, for filing back alone; empty where it has none."""
    row = session.get(FilingEnvelope, scan_id)
    if row is None or row.visit_id != opened.visit.visit_id:
        return {}
    found: dict[str, str] = opened.vault.open_json(
        row.identifiers, f"filing_envelopes.identifiers:{scan_id}"
    )
    return found
