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
TOUCH_EVERY = timedelta(seconds=10)
"""A page that asks every two seconds is written down at most this often."""
MAX_TRIES = 10
FIRST_WAIT = timedelta(minutes=15)


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


def by_token(
    session: Session, master: MasterKey, token: str, *, even_idle: bool = False
) -> tuple[Staff, StaffSession] | None:
    """Who holds this token; None when ended, idle for 15 minutes, 8 hours old, or removed.

    `even_idle` is for the page that listens for alerts: it must ring on after fifteen minutes
    without a touch, and it shows nothing of a patient.
    """
    moment = now()
    query = select(StaffSession).where(
        StaffSession.token_digest == master.digest("staff", token),
        StaffSession.ended_at.is_(None),
        StaffSession.started_at > moment - LONGEST,
    )
    if not even_idle:
        query = query.where(StaffSession.last_seen_at > moment - IDLE)
    found = session.scalar(query)
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


def touch(found: StaffSession) -> None:
    """This session was used just now."""
    moment = now()
    if moment - found.last_seen_at > TOUCH_EVERY:
        found.last_seen_at = moment


def listen(found: StaffSession) -> None:
    """A page of this session asked for alerts just now; that is no use of the session."""
    moment = now()
    if found.listening_at is None or moment - found.listening_at > TOUCH_EVERY:
        found.listening_at = moment


def count_failure(member: Staff) -> None:
    """A wrong password: from the tenth on the account rests, each time twice as long."""
    member.failed_tries += 1
    over = member.failed_tries - MAX_TRIES
    if over >= 0:
        member.locked_until_at = now() + min(FIRST_WAIT * 2**over, LONGEST)


def is_locked(member: Staff) -> bool:
    """Whether the account rests after too many wrong passwords."""
    return member.locked_until_at is not None and member.locked_until_at > now()


def forgive(member: Staff) -> None:
    """The right password: earlier failures no longer count."""
    member.failed_tries, member.locked_until_at = 0, None


def everybody(session: Session) -> list[Staff]:
    """All accounts that are not removed, by name."""
    return list(
        session.scalars(select(Staff).where(Staff.removed_at.is_(None)).order_by(Staff.name))
    )


def find(session: Session, staff_id: str) -> Staff | None:
    """An account that is not removed, or None."""
    member = session.get(Staff, staff_id)
    return member if member is not None and member.removed_at is None else None


def name_of(session: Session, staff_id: str | None) -> str:
    """The name behind an id, of removed accounts too; empty for nobody."""
    member = None if staff_id is None else session.get(Staff, staff_id)
    return "" if member is None else member.name.partition("\x1f")[0]


def change_roles(session: Session, member: Staff, roles: tuple[str, ...]) -> None:
    """Other roles from now on; raises ValueError when none, unknown, or no admin would be left."""
    if not roles or [role for role in roles if role not in ROLES]:
        raise ValueError(f"roles are {', '.join(ROLES)}")
    if "admin" not in roles and is_last_admin(session, member):
        raise ValueError("the last admin stays admin")
    member.roles = list(roles)


def is_last_admin(session: Session, member: Staff) -> bool:
    """Whether nobody else could make accounts."""
    admins = [one.staff_id for one in everybody(session) if "admin" in one.roles]
    return admins == [member.staff_id]


def remove(session: Session, member: Staff) -> None:
    """Remove an account and end its sessions; the row stays for what it signed, its name is free.

    Raises:
        ValueError: it is the last admin.
    """
    if is_last_admin(session, member):
        raise ValueError("the last admin stays")
    member.removed_at = now()
    member.name = f"{member.name[:47]}\x1f{member.staff_id}"
    end_sessions(session, member.staff_id)


def live_sessions(session: Session, staff_id: str) -> list[StaffSession]:
    """The sessions of one member that still open pages, the last used first."""
    moment = now()
    query = select(StaffSession).where(
        StaffSession.staff_id == staff_id,
        StaffSession.ended_at.is_(None),
        StaffSession.started_at > moment - LONGEST,
        StaffSession.last_seen_at > moment - IDLE,
    )
    return list(session.scalars(query.order_by(StaffSession.last_seen_at.desc())))


def session_counts(session: Session) -> dict[str, int]:
    """Staff id to the number of live sessions, for the list of accounts."""
    moment = now()
    query = select(StaffSession.staff_id, func.count()).where(
        StaffSession.ended_at.is_(None),
        StaffSession.started_at > moment - LONGEST,
        StaffSession.last_seen_at > moment - IDLE,
    )
    return dict(session.execute(query.group_by(StaffSession.staff_id)).tuples().all())


def find_session(session: Session, staff_id: str, session_id: str) -> StaffSession | None:
    """A session of this member, or None: a foreign one and none look alike."""
    found = session.get(StaffSession, session_id)
    return found if found is not None and found.staff_id == staff_id else None


def end_session(found: StaffSession) -> None:
    """End one session: sign-out."""
    found.ended_at = now()
