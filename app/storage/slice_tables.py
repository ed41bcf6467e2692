"""The table of looks at further slices; the look at the first shown slice stands in its scan."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.storage.base import Base, new_id, now
from app.storage.sealed import Ciphertext


class SliceLook(Base):
    """A look at one more slice of a series: received, looking, looked, failed."""

    __tablename__ = "slice_looks"
    __table_args__ = (UniqueConstraint("scan_id", "slice_number"),)
    look_id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    visit_id: Mapped[str] = mapped_column(ForeignKey("visits.visit_id"), index=True)
    scan_id: Mapped[str] = mapped_column(ForeignKey("scans.scan_id"), index=True)
    slice_number: Mapped[int]
    status: Mapped[str] = mapped_column(String(12), default="received", index=True)
    failure: Mapped[str | None] = mapped_column(String(40))
    seen: Mapped[Ciphertext | None]
    adapter: Mapped[str | None] = mapped_column(String(120))
    asked_at: Mapped[datetime] = mapped_column(default=now)
    looked_at: Mapped[datetime | None]
    claimed_by: Mapped[str | None] = mapped_column(String(40))
    claimed_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
