"""The tables of the house's own side: accounts, tablets, alerts, shifts, tokens and the audit."""

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from app.storage.base import Base, new_id, now
from app.storage.sealed import Ciphertext


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


class PairedTablet(Base):
    """A tablet of the clinic: its name, its place, and the browser that was paired."""

    __tablename__ = "paired_tablets"
    tablet_id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(String(40))
    place: Mapped[str] = mapped_column(String(80))
    code_digest: Mapped[str | None] = mapped_column(String(64), unique=True)
    code_until_at: Mapped[datetime | None]
    token_digest: Mapped[str | None] = mapped_column(String(64), unique=True)
    added_at: Mapped[datetime] = mapped_column(default=now)
    paired_at: Mapped[datetime | None]
    last_seen_at: Mapped[datetime | None]


class Alert(Base):
    """A call to staff; holds a kind and a place, never the words typed."""

    __tablename__ = "alerts"
    __table_args__ = (Index("ix_alerts_seen_at_raised_at", "seen_at", "raised_at"),)
    alert_id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    visit_id: Mapped[str | None] = mapped_column(String(32), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    is_silent: Mapped[bool] = mapped_column(default=False)
    raised_at: Mapped[datetime] = mapped_column(default=now)
    seen_at: Mapped[datetime | None]
    seen_by: Mapped[str | None] = mapped_column(ForeignKey("staff.staff_id"))
    tablet: Mapped[str] = mapped_column(String(40), default="")
    place: Mapped[str] = mapped_column(String(80), default="")
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str | None] = mapped_column(String(32))
    note: Mapped[Ciphertext | None]


class Handover(Base):
    """A shift handed over: a sealed note and the visits open then, until the next one confirms."""

    __tablename__ = "handovers"
    handover_id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    written_by: Mapped[str] = mapped_column(ForeignKey("staff.staff_id"))
    written_at: Mapped[datetime] = mapped_column(default=now, index=True)
    wrapped: Mapped[bytes] = mapped_column(LargeBinary)
    note: Mapped[Ciphertext]
    visit_ids: Mapped[list] = mapped_column(JSON)  # type: ignore[type-arg]
    acknowledged_by: Mapped[str | None] = mapped_column(String(32))
    acknowledged_at: Mapped[datetime | None]


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
    action: Mapped[str] = mapped_column(String(40), index=True)
    subject: Mapped[str] = mapped_column(String(80))
    previous: Mapped[str] = mapped_column(String(64))
    digest: Mapped[str] = mapped_column(String(64))


class AuditHead(Base):
    """The one row that every writer of the audit locks: the newest event, signed."""

    __tablename__ = "audit_heads"
    head_id: Mapped[int] = mapped_column(primary_key=True, default=1)
    number: Mapped[int] = mapped_column(default=0)
    digest: Mapped[str] = mapped_column(String(64))
    signature: Mapped[str] = mapped_column(String(64), default="")


class AuditCheck(Base):
    """How far the chain was read: up to which event, since when whole, and what is broken."""

    __tablename__ = "audit_checks"
    check_id: Mapped[int] = mapped_column(primary_key=True, default=1)
    number: Mapped[int] = mapped_column(default=0)
    digest: Mapped[str] = mapped_column(String(64))
    broken: Mapped[int | None]
    whole_read_at: Mapped[datetime | None]
