"""Tablets of the clinic: a name and a place, paired with one browser by a short-lived code."""

import secrets
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.storage.sealed import MasterKey
from app.storage.tables import PairedTablet, now
from app.storage.visits import new_code, plain_code

CODE_LASTS = timedelta(minutes=10)
TOUCH_EVERY = timedelta(minutes=1)


def add(session: Session, name: str, place: str) -> PairedTablet:
    """A tablet that no browser is paired with yet."""
    tablet = PairedTablet(name=name, place=place)
    session.add(tablet)
    session.flush()
    return tablet


def give_code(master: MasterKey, tablet: PairedTablet) -> str:
    """A new pairing code, good once and for ten minutes; kept nowhere in the clear."""
    code = new_code()
    tablet.code_digest = master.digest("pairing-code", code)
    tablet.code_until_at = now() + CODE_LASTS
    return code


def pair(session: Session, master: MasterKey, typed: str) -> tuple[PairedTablet, str] | None:
    """The tablet behind a typed code and the token for its browser; None for a wrong code.

    A browser that was paired as this tablet before is that no longer.
    """
    digest = master.digest("pairing-code", plain_code(typed))
    query = select(PairedTablet).where(
        PairedTablet.code_digest == digest, PairedTablet.code_until_at > now()
    )
    tablet = session.scalar(query)
    if tablet is None:
        return None
    token = secrets.token_urlsafe(32)
    tablet.token_digest = master.digest("paired-tablet", token)
    tablet.code_digest, tablet.code_until_at = None, None
    tablet.paired_at = tablet.last_seen_at = now()
    return tablet, token


def by_token(session: Session, master: MasterKey, token: str) -> PairedTablet | None:
    """The tablet that this browser was paired as, or None."""
    digest = master.digest("paired-tablet", token)
    tablet = session.scalar(select(PairedTablet).where(PairedTablet.token_digest == digest))
    if tablet is not None and (
        tablet.last_seen_at is None or now() - tablet.last_seen_at > TOUCH_EVERY
    ):
        tablet.last_seen_at = now()
    return tablet


def everything(session: Session) -> list[PairedTablet]:
    """All tablets, by place and name."""
    return list(
        session.scalars(select(PairedTablet).order_by(PairedTablet.place, PairedTablet.name))
    )


def find(session: Session, tablet_id: str) -> PairedTablet | None:
    """One tablet, or None."""
    return session.get(PairedTablet, tablet_id)


def unpair(session: Session, tablet: PairedTablet) -> None:
    """Forget a tablet: its browser is one like any other from its next request on."""
    session.delete(tablet)
