"""The tables of what the clinic delivers and of what goes back to it."""

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from app.storage.base import Base, new_id, now
from app.storage.sealed import Ciphertext


class Peer(Base):
    """A machine of the clinic: one that delivers, one that takes reports, or both.

    `ae_title`, `host` and `port` are DICOM's; `url` is the DICOMweb address of one that takes by
    STOW-RS instead, and `secret` the Authorization header it wants, sealed under `wrapped`.
    """

    __tablename__ = "peers"
    peer_id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(String(40), unique=True)
    ae_title: Mapped[str] = mapped_column(String(16), default="", index=True)
    host: Mapped[str] = mapped_column(String(255), default="")
    port: Mapped[int] = mapped_column(default=0)
    url: Mapped[str] = mapped_column(String(300), default="")
    delivers: Mapped[bool] = mapped_column(default=False)
    takes_reports: Mapped[bool] = mapped_column(default=False)
    takes_segmentations: Mapped[bool] = mapped_column(default=False)
    uses_tls: Mapped[bool] = mapped_column(default=False)
    wrapped: Mapped[bytes] = mapped_column(LargeBinary)
    secret: Mapped[Ciphertext | None]
    added_at: Mapped[datetime] = mapped_column(default=now)


class Arrival(Base):
    """One delivered study: arriving, waiting, matched, reading, attached, refused, removed.

    It is sealed under a data key of its own; once `wrapped` is gone nothing of it can be read.
    `gathering` is the study's digest while files may still be added, so that there is one row;
    `is_whole` says that no transfer that brought a part of it was broken off.
    """

    __tablename__ = "arrivals"
    arrival_id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    peer: Mapped[str] = mapped_column(String(80))
    status: Mapped[str] = mapped_column(String(12), default="arriving", index=True)
    reason: Mapped[str | None] = mapped_column(String(40))
    wrapped: Mapped[bytes | None] = mapped_column(LargeBinary)
    study_digest: Mapped[str] = mapped_column(String(64), index=True)
    gathering: Mapped[str | None] = mapped_column(String(64), unique=True)
    patient_id_digest: Mapped[str | None] = mapped_column(String(64), index=True)
    accession_digest: Mapped[str | None] = mapped_column(String(64), index=True)
    study_date_digest: Mapped[str | None] = mapped_column(String(64))
    facts: Mapped[Ciphertext | None]
    identifiers: Mapped[Ciphertext | None]
    pictures: Mapped[int] = mapped_column(default=0)
    is_whole: Mapped[bool] = mapped_column(default=False)
    started_at: Mapped[datetime] = mapped_column(default=now)
    due_at: Mapped[datetime] = mapped_column(index=True)
    claimed_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    visit_id: Mapped[str | None] = mapped_column(ForeignKey("visits.visit_id"), index=True)
    attached_by: Mapped[str | None] = mapped_column(String(80))
    attached_at: Mapped[datetime | None]


class ExpectedPatient(Base):
    """Whose scans belong to a visit, as staff typed or scanned it: keyed hashes only."""

    __tablename__ = "expected_patients"
    visit_id: Mapped[str] = mapped_column(ForeignKey("visits.visit_id"), primary_key=True)
    patient_id_digest: Mapped[str | None] = mapped_column(String(64), index=True)
    accession_digest: Mapped[str | None] = mapped_column(String(64), index=True)
    study_date_digest: Mapped[str | None] = mapped_column(String(64))


class Outbound(Base):
    """One object for a peer: queued, sending, sent, failed, held; its bytes are a visit's blob."""

    __tablename__ = "outbound"
    outbound_id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    visit_id: Mapped[str] = mapped_column(ForeignKey("visits.visit_id"), index=True)
    what: Mapped[str] = mapped_column(String(20))
    scan_id: Mapped[str | None] = mapped_column(String(32))
    peer_id: Mapped[str] = mapped_column(String(32), index=True)
    status: Mapped[str] = mapped_column(String(10), default="queued", index=True)
    failure: Mapped[str | None] = mapped_column(String(40))
    attempts: Mapped[int] = mapped_column(default=0)
    queued_by: Mapped[str] = mapped_column(String(80))
    queued_at: Mapped[datetime] = mapped_column(default=now)
    next_try_at: Mapped[datetime] = mapped_column(default=now)
    claimed_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
