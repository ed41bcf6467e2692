"""The tables of the library of healthy pictures: nothing in them is a patient's."""

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.storage.base import Base, new_id, now


class Reference(Base):
    """A healthy example picture of the clinic: draft, approved, withdrawn."""

    __tablename__ = "reference_pictures"
    reference_id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    status: Mapped[str] = mapped_column(String(10), default="draft", index=True)
    image_digest: Mapped[str] = mapped_column(String(64), index=True)
    likeness: Mapped[str] = mapped_column(String(16), default="")
    width: Mapped[int]
    height: Mapped[int]
    width_mm: Mapped[float | None]
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
    look: Mapped[dict] = mapped_column(JSON, default=dict)  # type: ignore[type-arg]
    regions: Mapped[list] = mapped_column(JSON, default=list)  # type: ignore[type-arg]
    added_by: Mapped[str | None] = mapped_column(ForeignKey("staff.staff_id"))
    added_at: Mapped[datetime] = mapped_column(default=now, index=True)
    withdrawn_at: Mapped[datetime | None]


class Approval(Base):
    """One staff member's yes to one reference."""

    __tablename__ = "approvals"
    __table_args__ = (UniqueConstraint("reference_id", "staff_id"),)
    approval_id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    reference_id: Mapped[str] = mapped_column(ForeignKey("reference_pictures.reference_id"))
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.staff_id"))
    approved_at: Mapped[datetime] = mapped_column(default=now)


class LibraryJob(Base):
    """Work on the library: a look at a reference, an import; asked, working, done, failed."""

    __tablename__ = "library_jobs"
    job_id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    kind: Mapped[str] = mapped_column(String(8))
    status: Mapped[str] = mapped_column(String(12), default="asked", index=True)
    reference_id: Mapped[str | None] = mapped_column(String(32), index=True)
    asked_by: Mapped[str | None] = mapped_column(ForeignKey("staff.staff_id"))
    asked_at: Mapped[datetime] = mapped_column(default=now)
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    refused: Mapped[list] = mapped_column(JSON, default=list)  # type: ignore[type-arg]
    claimed_by: Mapped[str | None] = mapped_column(String(40))
    claimed_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)


class LibraryMiss(Base):
    """How often patients asked for a healthy example that the library does not hold."""

    __tablename__ = "library_misses"
    region: Mapped[str] = mapped_column(String(12), primary_key=True)
    modality: Mapped[str] = mapped_column(String(6), primary_key=True)
    plane: Mapped[str] = mapped_column(String(10), primary_key=True)
    age_band: Mapped[str] = mapped_column(String(6), primary_key=True)
    count: Mapped[int] = mapped_column(default=0)
