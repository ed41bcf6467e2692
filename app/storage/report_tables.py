"""The table of one-time links by which a paper or a picture goes to somebody's own telephone."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.storage.base import Base, now
from app.storage.sealed import Ciphertext


class ReportLink(Base):
    """One link: a keyed digest of its token, and sealed what it gives; used once or never."""

    __tablename__ = "report_links"
    token_digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    visit_id: Mapped[str] = mapped_column(ForeignKey("visits.visit_id"), index=True)
    wish: Mapped[Ciphertext]
    made_at: Mapped[datetime] = mapped_column(default=now)
    used_at: Mapped[datetime | None]
