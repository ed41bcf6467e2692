"""The tables of what the clinic delivers and of what goes back to it."""

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from app.storage.base import Base, new_id, now
from app.storage.sealed import Ciphertext


class Arrival(Base):
    """One delivered series: arriving, reading, waiting, attached, refused.

    It is sealed under a data key of its own; once `wrapped` is gone nothing of it can be read.
    """

    __tablename__ = "arrivals"
    arrival_id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    peer: Mapped[str] = mapped_column(String(80))
    status: Mapped[str] = mapped_column(String(12), default="arriving", index=True)
    reason: Mapped[str | None] = mapped_column(String(40))
    wrapped: Mapped[bytes | None] = mapped_column(LargeBinary)
    series_digest: Mapped[str] = mapped_column(String(64), index=True)
    patient_id_digest: Mapped[str | None] = mapped_column(String(64), index=True)
    accession_digest: Mapped[str | None] = mapped_column(String(64), index=True)
    study_date_digest: Mapped[str | None] = mapped_column(String(64))
    facts: Mapped[Ciphertext | None]
    identifiers: Mapped[Ciphertext | None]
    pictures: Mapped[int] = mapped_column(default=0)
    started_at: Mapped[datetime] = mapped_column(default=now)
    due_at: Mapped[datetime] = mapped_column(index=True)
    claimed_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    visit_id: Mapped[str | None] = mapped_column(ForeignKey("visits.visit_id"), index=True)
    scan_id: Mapped[str | None] = mapped_column(String(32), index=True)
    attached_by: Mapped[str | None] = mapped_column(String(80))
    attached_at: Mapped[datetime | None]


class ExpectedPatient(Base):
    """Whose scans belong to a visit, as staff typed or scanned it: keyed hashes only."""

    __tablename__ = "expected_patients"
    visit_id: Mapped[str] = mapped_column(ForeignKey("visits.visit_id"), primary_key=True)
    patient_id_digest: Mapped[str | None] = mapped_column(String(64), index=True)
    accession_digest: Mapped[str | None] = mapped_column(String(64), index=True)


class Outbound(Base):
    """One object for a peer: queued, sending, sent, failed; its bytes are a blob of the visit."""

    __tablename__ = "outbound"
    outbound_id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    visit_id: Mapped[str] = mapped_column(ForeignKey("visits.visit_id"), index=True)
    what: Mapped[str] = mapped_column(String(20))
    peer: Mapped[str] = mapped_column(String(16))
    status: Mapped[str] = mapped_column(String(10), default="queued", index=True)
    failure: Mapped[str | None] = mapped_column(String(40))
    attempts: Mapped[int] = mapped_column(default=0)
    queued_at: Mapped[datetime] = mapped_column(default=now)
    next_try_at: Mapped[datetime] = mapped_column(default=now)
    claimed_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
