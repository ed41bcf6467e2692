"""The tables. Whatever is a patient's stands in sealed columns or sealed blobs."""

import uuid
from datetime import UTC, datetime

from sqlalchemy import JSON, ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.storage.moments import UtcTime
from app.storage.sealed import Ciphertext, Sealed


class Base(DeclarativeBase):
    """Parent of all tables."""

    type_annotation_map = {datetime: UtcTime, Ciphertext: Sealed, dict: JSON, list: JSON}  # noqa: RUF012


def new_id() -> str:
    """122 random bits in hex: nothing in an address can be counted up."""
    return uuid.uuid4().hex


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC)


class Visit(Base):
    """One patient's stay."""

    __tablename__ = "visits"
    visit_id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    code_digest: Mapped[str] = mapped_column(String(64), unique=True)
    code: Mapped[Ciphertext]
    language: Mapped[str] = mapped_column(String(2), default="en")
    release_level: Mapped[str] = mapped_column(String(8), default="guarded")
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
    started_at: Mapped[datetime] = mapped_column(default=now)
    last_seen_at: Mapped[datetime] = mapped_column(default=now)
    ended_at: Mapped[datetime | None]


class Scan(Base):
    """One upload or delivery and the work on it: received, looking, looked, failed."""

    __tablename__ = "scans"
    scan_id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    visit_id: Mapped[str] = mapped_column(ForeignKey("visits.visit_id"), index=True)
    status: Mapped[str] = mapped_column(String(12), default="received", index=True)
    failure: Mapped[str | None] = mapped_column(String(40))
    facts: Mapped[Ciphertext]
    look: Mapped[Ciphertext | None]
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


class Turn(Base):
    """One question with its answer and both verdicts: asked, answering, answered, failed."""

    __tablename__ = "turns"
    turn_id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    visit_id: Mapped[str] = mapped_column(ForeignKey("visits.visit_id"), index=True)
    scan_id: Mapped[str | None] = mapped_column(ForeignKey("scans.scan_id"), index=True)
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
    """The sealed identifiers of a delivered scan, with keyed hashes to match by."""

    __tablename__ = "filing_envelopes"
    scan_id: Mapped[str] = mapped_column(ForeignKey("scans.scan_id"), primary_key=True)
    visit_id: Mapped[str] = mapped_column(ForeignKey("visits.visit_id"), index=True)
    identifiers: Mapped[Ciphertext]
    patient_id_digest: Mapped[str | None] = mapped_column(String(64), index=True)
    accession_digest: Mapped[str | None] = mapped_column(String(64), index=True)


class Reference(Base):
    """A healthy example picture of the clinic: draft, approved, withdrawn."""

    __tablename__ = "reference_pictures"
    reference_id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    status: Mapped[str] = mapped_column(String(10), default="draft", index=True)
    image_digest: Mapped[str] = mapped_column(String(64), index=True)
    likeness: Mapped[str] = mapped_column(String(16), default="")
    width: Mapped[int]
    height: Mapped[int]
    region: Mapped[str] = mapped_column(String(12), index=True)
    modality: Mapped[str] = mapped_column(String(6), index=True)
    plane: Mapped[str] = mapped_column(String(10), default="")
    structures: Mapped[list] = mapped_column(JSON, default=list)  # type: ignore[type-arg]
    sequence: Mapped[str] = mapped_column(String(40), default="")
    level: Mapped[str] = mapped_column(String(60), default="")
    side: Mapped[str] = mapped_column(String(6), default="none")
    age_band: Mapped[str] = mapped_column(String(6), default="")
    sex: Mapped[str] = mapped_column(String(6), default="any")
    source: Mapped[str] = mapped_column(String(200), default="")
    licence: Mapped[str] = mapped_column(String(200), default="")
    consent_ref: Mapped[str] = mapped_column(String(200), default="")
    expires_on: Mapped[str] = mapped_column(String(10), default="")
    caption: Mapped[str] = mapped_column(String(500), default="")
    is_drawn: Mapped[bool] = mapped_column(default=False)
    added_by: Mapped[str | None] = mapped_column(ForeignKey("staff.staff_id"))
    added_at: Mapped[datetime] = mapped_column(default=now)
    withdrawn_at: Mapped[datetime | None]


class Approval(Base):
    """One staff member's yes to one reference."""

    __tablename__ = "approvals"
    __table_args__ = (UniqueConstraint("reference_id", "staff_id"),)
    approval_id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    reference_id: Mapped[str] = mapped_column(ForeignKey("reference_pictures.reference_id"))
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.staff_id"))
    approved_at: Mapped[datetime] = mapped_column(default=now)


class Staff(Base):
    """Someone who signs in; roles out of nurse, doctor, librarian, admin."""

    __tablename__ = "staff"
    staff_id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    password_hash: Mapped[str] = mapped_column(String(200))
    roles: Mapped[list] = mapped_column(JSON)  # type: ignore[type-arg]
    added_at: Mapped[datetime] = mapped_column(default=now)
    removed_at: Mapped[datetime | None]
    failed_tries: Mapped[int] = mapped_column(default=0)
    locked_until_at: Mapped[datetime | None]


class StaffSession(Base):
    """One browser of one staff member."""

    __tablename__ = "staff_sessions"
    session_id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    token_digest: Mapped[str] = mapped_column(String(64), unique=True)
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.staff_id"), index=True)
    started_at: Mapped[datetime] = mapped_column(default=now)
    last_seen_at: Mapped[datetime] = mapped_column(default=now)
    listening_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class Alert(Base):
    """A call to staff; holds a kind and a place, never the words typed."""

    __tablename__ = "alerts"
    alert_id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    visit_id: Mapped[str | None] = mapped_column(String(32), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    is_silent: Mapped[bool] = mapped_column(default=False)
    raised_at: Mapped[datetime] = mapped_column(default=now)
    seen_at: Mapped[datetime | None]
    seen_by: Mapped[str | None] = mapped_column(ForeignKey("staff.staff_id"))


class Activation(Base):
    """An adapter folder made live: asked, live, refused, past."""

    __tablename__ = "activations"
    activation_id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    adapter: Mapped[str] = mapped_column(String(120))
    sha256: Mapped[str] = mapped_column(String(64))
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


class MachineToken(Base):
    """A token for a machine, of one scope: stow or metrics."""

    __tablename__ = "machine_tokens"
    token_id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    scope: Mapped[str] = mapped_column(String(10))
    token_digest: Mapped[str] = mapped_column(String(64), unique=True)
    added_at: Mapped[datetime] = mapped_column(default=now)


class AuditEvent(Base):
    """Who did what to which row; chained by hashes, without content."""

    __tablename__ = "audit"
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    at: Mapped[datetime] = mapped_column(default=now)
    actor: Mapped[str] = mapped_column(String(80))
    action: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(String(80))
    previous: Mapped[str] = mapped_column(String(64))
    digest: Mapped[str] = mapped_column(String(64))
