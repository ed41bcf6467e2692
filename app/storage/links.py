"""Addresses that lead to a visit without its code: the page on its paper, and one-time links."""

import base64
import binascii
import hmac
import secrets
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import CursorResult, delete, select, update
from sqlalchemy.orm import Session

from app.storage import visits
from app.storage.sealed import MasterKey
from app.storage.tables import ReportLink, now
from app.storage.visits import OpenedVisit

LASTS: Final = timedelta(minutes=10)
"""How long a one-time link can be used: time to find one's telephone and its camera."""
MOST_OPEN: Final = 20
"""Unused links a visit may have; older ones are forgotten."""
_ID_BYTES: Final = 16
_PROOF_BYTES: Final = 16
_MOST_CHARS: Final = 64
Wish = dict[str, Any]
"""What a link gives, as JSON: which paper or which picture, and how."""


def page_token(master: MasterKey, visit_id: str) -> str:
    """The token of the page of a visit, printed on its paper: the same for each printing.

    It is the visit's random id and 128 bits that only the master key can make. It says nothing
    about anybody, and is worth nothing once the visit is closed.
    """
    proof = bytes.fromhex(master.digest("visit-page", visit_id))[:_PROOF_BYTES]
    raw = bytes.fromhex(visit_id) + proof
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def find_by_page(session: Session, master: MasterKey, token: str) -> OpenedVisit | None:
    """The open visit behind the token of its page; None for a wrong one and a closed visit.

    The token must be written exactly as it was printed: base64 itself would read the last
    character's unused bits, and characters that are none of its own, as if they were not there.
    """
    try:
        raw = base64.urlsafe_b64decode(token[:_MOST_CHARS] + "=")
    except (binascii.Error, ValueError):
        return None
    visit_id = raw[:_ID_BYTES].hex()
    if not hmac.compare_digest(page_token(master, visit_id).encode(), token.encode()):
        return None
    opened = visits.opened(session, master, visit_id)
    return opened if opened is not None and opened.visit.closed_at is None else None


def make(session: Session, master: MasterKey, opened: OpenedVisit, wish: Wish) -> str:
    """A link that works once, for ten minutes; gives its token of 256 random bits."""
    token = secrets.token_urlsafe(32)
    digest = master.digest("report-link", token)
    visit_id = opened.visit.visit_id
    sealed = opened.vault.seal_json(wish, f"report_links.wish:{digest}")
    session.add(ReportLink(token_digest=digest, visit_id=visit_id, wish=sealed))
    session.flush()
    newest = select(ReportLink.made_at).where(ReportLink.visit_id == visit_id)
    times = sorted(session.scalars(newest), reverse=True)
    if len(times) > MOST_OPEN:
        too_old = ReportLink.made_at < times[MOST_OPEN - 1]
        session.execute(delete(ReportLink).where(ReportLink.visit_id == visit_id, too_old))
    return token


def take(session: Session, master: MasterKey, token: str) -> tuple[OpenedVisit, Wish] | None:
    """Use a link up: its visit and what it gives; None for a wrong, used, old or orphaned one."""
    digest = master.digest("report-link", token[:_MOST_CHARS])
    fresh = (
        ReportLink.token_digest == digest,
        ReportLink.used_at.is_(None),
        ReportLink.made_at > now() - LASTS,
    )
    taken = session.execute(update(ReportLink).where(*fresh).values(used_at=now()))
    assert isinstance(taken, CursorResult)
    row = session.get(ReportLink, digest) if taken.rowcount == 1 else None
    opened = None if row is None else visits.opened(session, master, row.visit_id)
    if row is None or opened is None or opened.visit.closed_at is not None:
        return None
    wish: Wish = opened.vault.open_json(row.wish, f"report_links.wish:{digest}")
    return opened, wish


def give_back(session: Session, master: MasterKey, token: str) -> None:
    """Make a link usable again whose paper could not be made."""
    digest = master.digest("report-link", token[:_MOST_CHARS])
    again = update(ReportLink).where(ReportLink.token_digest == digest).values(used_at=None)
    session.execute(again)
