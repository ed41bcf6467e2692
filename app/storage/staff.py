"""Staff members and their sessions; passwords are hashed elsewhere."""

import secrets
from datetime import timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.storage.sealed import MasterKey
from app.storage.tables import Staff, StaffSession, now

ROLES = ("nurse", "doctor", "librarian", "admin")
IDLE = timedelta(minutes=15)
LONGEST = timedelta(hours=8)


def count(session: Session) -> int:
    """How many accounts there are."""
    return session.scalar(select(func.count()).select_from(Staff)) or 0


def add(session: Session, name: str, password_hash: str, roles: tuple[str, ...]) -> Staff:
    """A new account; raises ValueError for an unknown role or a name already taken."""
    unknown = [role for role in roles if role not in ROLES]
    if unknown or not roles:
        raise ValueError(f"roles are {', '.join(ROLES)}")
    if by_name(session, name) is not None:
        raise ValueError(f"{name} has an account already")
    member = Staff(name=name, password_hash=password_hash, roles=list(roles))
    session.add(member)
    session.flush()
    return member


def by_name(session: Session, name: str) -> Staff | None:
    """The account of this name that is not removed."""
    return session.scalar(select(Staff).where(Staff.name == name, Staff.removed_at.is_(None)))


def start_session(session: Session, master: MasterKey, staff_id: str) -> str:
    """A new session; gives the token that only its browser holds."""
    token = secrets.token_urlsafe(32)
    session.add(StaffSession(token_digest=master.digest("staff", token), staff_id=staff_id))
    return token


def by_token(session: Session, master: MasterKey, token: str) -> tuple[Staff, StaffSession] | None:
    """Who holds this token; None when ended, idle for 15 minutes, 8 hours old, or removed."""
    found = session.scalar(
        select(StaffSession).where(
            StaffSession.token_digest == master.digest("staff", token),
            StaffSession.ended_at.is_(None),
            StaffSession.last_seen_at > now() - IDLE,
            StaffSession.started_at > now() - LONGEST,
        )
    )
    member = None if found is None else session.get(Staff, found.staff_id)
    if found is None or member is None or member.removed_at is not None:
        return None
    return member, found


def end_sessions(session: Session, staff_id: str) -> None:
    """End every session of one member."""
    session.execute(
        update(StaffSession)
        .where(StaffSession.staff_id == staff_id, StaffSession.ended_at.is_(None))
        .values(ended_at=now())
    )
