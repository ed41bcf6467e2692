"""The tables. Whatever is a patient's stands in sealed columns or sealed blobs."""

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from app.storage.base import Base, new_id, now
from app.storage.delivery_tables import Arrival, ExpectedPatient, Outbound, Peer
from app.storage.library_tables import Approval, LibraryJob, LibraryMiss, Reference
from app.storage.report_tables import ReportLink
from app.storage.sealed import Ciphertext
from app.storage.slice_tables import SliceLook
from app.storage.staff_tables import (
    Alert,
    AuditCheck,
    AuditEvent,
    AuditHead,
    Handover,
    MachineToken,
    PairedTablet,
    Staff,
    StaffSession,
)

__all__ = [
    "Activation",
    "Alert",
    "Approval",
    "Arrival",
    "AuditCheck",
    "AuditEvent",
    "AuditHead",
    "Base",
    "DoctorNote",
    "ExpectedPatient",
    "FilingEnvelope",
    "Handover",
    "LibraryJob",
    "LibraryMiss",
    "ListedQuestion",
    "MachineToken",
    "MarkedRegion",
    "Outbound",
    "PairedTablet",
    "Peer",
    "Reference",
    "RegionEdit",
    "ReportLink",
    "Scan",
    "SliceLook",
    "Staff",
    "StaffSession",
    "TabletSession",
    "TrainingConsent",
    "Turn",
    "Visit",
    "VisitKey",
    "WorkerNote",
    "new_id",
    "now",
]


class Visit(Base):
    """One patient's stay."""

    __tablename__ = "visits"
    __table_args__ = (Index("ix_visits_closed_at_opened_at", "closed_at", "opened_at"),)
    visit_id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    code_digest: Mapped[str] = mapped_column(String(64), unique=True)
    code: Mapped[Ciphertext]
    language: Mapped[str] = mapped_column(String(2), default="en")
    release_level: Mapped[str] = mapped_column(String(8), default="guarded")
    examination: Mapped[str] = mapped_column(String(40), default="")
    amount: Mapped[str] = mapped_column(String(8), default="")
    reading: Mapped[str] = mapped_column(String(4), default="")
    paused: Mapped[bool] = mapped_column(default=False)
    opened_at: Mapped[datetime] = mapped_column(default=now)
    consented_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]


class VisitKey(Base):
    """The wrapped data key of a visit; without this row nothing of the visit can be read."""

    __tablename__ = "visit_keys"
    visit_id: Mapped[str] = mapped_column(ForeignKey("visits.visit_id"), primary_key=True)
    wrapped: Mapped[bytes] = mapped_column(LargeBinary)


class TabletSession(Base):
    """One browser on one visit."""

    __tablename__ = "tablet_sessions"
    session_id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    token_digest: Mapped[str] = mapped_column(String(64), unique=True)
    visit_id: Mapped[str] = mapped_column(ForeignKey("visits.visit_id"), index=True)
    tablet_id: Mapped[str | None] = mapped_column(String(32))
    started_at: Mapped[datetime] = mapped_column(default=now)
    last_seen_at: Mapped[datetime] = mapped_column(default=now)
    ended_at: Mapped[datetime | None]


class Scan(Base):
    """One upload or delivery and the work on it: choosing, received, looking, looked, failed.

    While it is choosing, nobody has said yet which panel of a montage is meant.

    Its slices are stored one after the other: `storing` says storing, done, stopped, cancelled.
    """

    __tablename__ = "scans"
    scan_id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    visit_id: Mapped[str] = mapped_column(ForeignKey("visits.visit_id"), index=True)
    status: Mapped[str] = mapped_column(String(12), default="received", index=True)
    failure: Mapped[str | None] = mapped_column(String(40))
    facts: Mapped[Ciphertext]
    look: Mapped[Ciphertext | None]
    slice_count: Mapped[int] = mapped_column(default=1)
    slices_stored: Mapped[int] = mapped_column(default=1)
    storing: Mapped[str] = mapped_column(String(10), default="done")
    adapter: Mapped[str | None] = mapped_column(String(120))
    received_at: Mapped[datetime] = mapped_column(default=now)
    looked_at: Mapped[datetime | None]
    claimed_by: Mapped[str | None] = mapped_column(String(40))
    claimed_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)


class MarkedRegion(Base):
    """A region stored for a scan and shown as a coloured area."""

    __tablename__ = "marked_regions"
    region_id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    scan_id: Mapped[str] = mapped_column(ForeignKey("scans.scan_id"), index=True)
    ordinal: Mapped[int]
    detail: Mapped[Ciphertext]


class RegionEdit(Base):
    """The marked regions of a scan as they stood before a doctor changed them."""

    __tablename__ = "region_edits"
    edit_id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    scan_id: Mapped[str] = mapped_column(ForeignKey("scans.scan_id"), index=True)
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.staff_id"))
    before: Mapped[Ciphertext]
    edited_at: Mapped[datetime] = mapped_column(default=now)


class Turn(Base):
    """One question with its answer and both verdicts: asked, answering, answered, failed."""

    __tablename__ = "turns"
    turn_id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    visit_id: Mapped[str] = mapped_column(ForeignKey("visits.visit_id"), index=True)
    scan_id: Mapped[str | None] = mapped_column(ForeignKey("scans.scan_id"), index=True)
    slice_number: Mapped[int | None]
    kind: Mapped[str] = mapped_column(String(12))
    status: Mapped[str] = mapped_column(String(12), default="asked", index=True)
    language: Mapped[str] = mapped_column(String(2), default="en")
    question: Mapped[Ciphertext]
    raw: Mapped[Ciphertext | None]
    shown: Mapped[Ciphertext | None]
    released: Mapped[Ciphertext | None]
    input_verdict: Mapped[str] = mapped_column(String(10))
    input_rule: Mapped[str] = mapped_column(String(60))
    output_verdict: Mapped[str | None] = mapped_column(String(10))
    output_rule: Mapped[str | None] = mapped_column(String(60))
    note: Mapped[str | None] = mapped_column(String(40))
    policy_version: Mapped[str] = mapped_column(String(60))
    adapter: Mapped[str | None] = mapped_column(String(120))
    model_seconds: Mapped[float | None]
    mean_logprob: Mapped[float | None]
    asked_at: Mapped[datetime] = mapped_column(default=now)
    answered_at: Mapped[datetime | None]
    claimed_by: Mapped[str | None] = mapped_column(String(40))
    claimed_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)


class ListedQuestion(Base):
    """One line of the question list."""

    __tablename__ = "listed_questions"
    question_id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    visit_id: Mapped[str] = mapped_column(ForeignKey("visits.visit_id"), index=True)
    position: Mapped[int]
    text: Mapped[Ciphertext]
    source: Mapped[str] = mapped_column(String(10))
    listed_at: Mapped[datetime] = mapped_column(default=now)


class DoctorNote(Base):
    """The doctor's sentence for the report after the consultation."""

    __tablename__ = "doctor_notes"
    note_id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    visit_id: Mapped[str] = mapped_column(ForeignKey("visits.visit_id"), index=True)
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.staff_id"))
    text: Mapped[Ciphertext]
    written_at: Mapped[datetime] = mapped_column(default=now)


class FilingEnvelope(Base):
    """The sealed identifiers of a delivered scan, with keyed hashes to match by.

    `arrival_id` says what it came with; `owned` whether the patient was asked: ask, yes, no.
    """

    __tablename__ = "filing_envelopes"
    scan_id: Mapped[str] = mapped_column(ForeignKey("scans.scan_id"), primary_key=True)
    visit_id: Mapped[str] = mapped_column(ForeignKey("visits.visit_id"), index=True)
    identifiers: Mapped[Ciphertext]
    patient_id_digest: Mapped[str | None] = mapped_column(String(64), index=True)
    accession_digest: Mapped[str | None] = mapped_column(String(64), index=True)
    arrival_id: Mapped[str | None] = mapped_column(String(32), index=True)
    owned: Mapped[str] = mapped_column(String(3), default="")


class TrainingConsent(Base):
    """A patient's yes to training with their corrected pictures; no staff id: given on the tablet.

    `exported_at` says when their pictures went into a training folder, without names.
    """

    __tablename__ = "training_consents"
    visit_id: Mapped[str] = mapped_column(ForeignKey("visits.visit_id"), primary_key=True)
    staff_id: Mapped[str | None] = mapped_column(ForeignKey("staff.staff_id"))
    given_at: Mapped[datetime] = mapped_column(default=now)
    exported_at: Mapped[datetime | None]


class Activation(Base):
    """An adapter folder made live: asked, live, refused, past."""

    __tablename__ = "activations"
    activation_id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    adapter: Mapped[str] = mapped_column(String(120))
    sha256: Mapped[str] = mapped_column(String(64))
    modality: Mapped[str] = mapped_column(String(6), default="")
    status: Mapped[str] = mapped_column(String(10), default="asked", index=True)
    failure: Mapped[str | None] = mapped_column(String(200))
    asked_by: Mapped[str | None] = mapped_column(ForeignKey("staff.staff_id"))
    asked_at: Mapped[datetime] = mapped_column(default=now)
    live_at: Mapped[datetime | None]


class WorkerNote(Base):
    """What a worker last said of itself: alive when, and what is loaded."""

    __tablename__ = "worker_notes"
    worker_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    state: Mapped[str] = mapped_column(String(20))
    loaded: Mapped[dict] = mapped_column(JSON, default=dict)  # type: ignore[type-arg]
    said_at: Mapped[datetime] = mapped_column(default=now)
