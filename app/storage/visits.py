"""Visits and their codes, keys and tablet sessions."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from app.storage import tables
from app.storage.blobs import Blobs
from app.storage.sealed import MasterKey, Vault
from app.storage.tables import TabletSession, Visit, VisitKey, new_id, now

CODE_LETTERS = "ACDEFGHJKMNPQRTUVWXY3479"  # no look-alikes such as 0/O, 1/I/L, 5/S, 8/B, 2/Z
CODE_LENGTH = 8
RELEASE_LEVELS = ("hold", "anatomy", "guarded", "full")
UNDO_CLOSE = timedelta(minutes=10)


@dataclass(frozen=True)
class OpenedVisit:
    """A visit with the vault that opens its sealed columns."""

    visit: Visit
    vault: Vault


def new_code() -> str:
    """A fresh code of eight letters and digits."""
    return "".join(secrets.choice(CODE_LETTERS) for _ in range(CODE_LENGTH))


def plain_code(typed: str) -> str:
    """A typed code as it is kept: spaces, dashes and case do not matter."""
    return "".join(char for char in typed.upper() if char.isalnum())


def in_groups(code: str) -> str:
    """A code in two groups of four, as people read it."""
    return f"{code[:4]} {code[4:]}"


def open_visit(session: Session, master: MasterKey, *, language: str = "en") -> OpenedVisit:
    """A new visit with a fresh code and a fresh key."""
    visit_id = new_id()
    code = new_code()
    wrapped = master.new_wrapped_key(visit_id)
    vault = master.vault(wrapped, visit_id)
    visit = Visit(
        visit_id=visit_id,
        code_digest=master.digest("visit-code", code),
        code=vault.seal(code.encode(), f"visits.code:{visit_id}"),
        language=language,
    )
    session.add(visit)
    session.flush()
    session.add(VisitKey(visit_id=visit_id, wrapped=wrapped))
    return OpenedVisit(visit, vault)


def vault_of(session: Session, master: MasterKey, visit_id: str) -> Vault | None:
    """The vault of a visit, or None once it is erased."""
    row = session.get(VisitKey, visit_id)
    return None if row is None else master.vault(row.wrapped, visit_id)


def find_by_code(session: Session, master: MasterKey, typed: str) -> OpenedVisit | None:
    """The open visit behind a typed code (spaces, dashes and case do not matter), or None."""
    digest = master.digest("visit-code", plain_code(typed))
    visit = session.scalar(
        select(Visit).where(Visit.code_digest == digest, Visit.closed_at.is_(None))
    )
    vault = None if visit is None else vault_of(session, master, visit.visit_id)
    return None if visit is None or vault is None else OpenedVisit(visit, vault)


def code_of(opened: OpenedVisit) -> str:
    """The code of a visit in two groups of four, for a sheet of paper."""
    plain = opened.vault.open(opened.visit.code, f"visits.code:{opened.visit.visit_id}").decode()
    return in_groups(plain)


def change_level(visit: Visit, level: str) -> None:
    """What this visit may show from the next request on; raises ValueError for another word."""
    if level not in RELEASE_LEVELS:
        raise ValueError(f"levels are {', '.join(RELEASE_LEVELS)}")
    visit.release_level = level


def close(session: Session, visit: Visit) -> None:
    """End a visit: its tablets stop at once; it can be opened again until it is erased."""
    visit.closed_at = now()
    session.execute(
        update(TabletSession)
        .where(TabletSession.visit_id == visit.visit_id, TabletSession.ended_at.is_(None))
        .values(ended_at=visit.closed_at)
    )


def reopen(visit: Visit) -> bool:
    """Undo a close within ten minutes; False when it is too late."""
    if visit.closed_at is None or visit.closed_at < now() - UNDO_CLOSE:
        return False
    visit.closed_at = None
    return True


def closed_for_good(session: Session) -> list[str]:
    """The ids of visits that were closed more than ten minutes ago."""
    query = select(Visit.visit_id).where(Visit.closed_at < now() - UNDO_CLOSE)
    return list(session.scalars(query))


def closed_and_kept(session: Session) -> int:
    """How many visits are closed and wait for the end of their ten minutes."""
    is_closed = Visit.closed_at.is_not(None)
    return session.scalar(select(func.count()).select_from(Visit).where(is_closed)) or 0


def all_open(session: Session) -> list[Visit]:
    """Every visit that is not closed, the oldest first."""
    query = select(Visit).where(Visit.closed_at.is_(None)).order_by(Visit.opened_at)
    return list(session.scalars(query))


def older_than(session: Session, moment: datetime) -> list[str]:
    """The ids of all visits opened before a moment."""
    return list(session.scalars(select(Visit.visit_id).where(Visit.opened_at < moment)))


def start_tablet(
    session: Session, master: MasterKey, visit_id: str, tablet_id: str | None = None
) -> str:
    """A new tablet session, on a paired tablet or none; gives the token of its browser."""
    token = secrets.token_urlsafe(32)
    digest = master.digest("tablet", token)
    session.add(TabletSession(token_digest=digest, visit_id=visit_id, tablet_id=tablet_id))
    return token


def find_by_tablet(
    session: Session, master: MasterKey, token: str, idle: timedelta
) -> tuple[OpenedVisit, TabletSession] | None:
    """The visit of a live tablet session; None when ended, idle for too long, or erased."""
    digest = master.digest("tablet", token)
    found = session.scalar(
        select(TabletSession).where(
            TabletSession.token_digest == digest,
            TabletSession.ended_at.is_(None),
            TabletSession.last_seen_at > now() - idle,
        )
    )
    visit = None if found is None else session.get(Visit, found.visit_id)
    if found is None or visit is None or visit.closed_at is not None:
        return None
    vault = vault_of(session, master, visit.visit_id)
    return None if vault is None else (OpenedVisit(visit, vault), found)


def place_of_token(session: Session, token_digest: str) -> tuple[str, str | None] | None:
    """Visit and paired tablet of a tablet session, ended or not; None where there was none."""
    found = session.scalar(select(TabletSession).where(TabletSession.token_digest == token_digest))
    return None if found is None else (found.visit_id, found.tablet_id)


def put_down_tablet(tablet: TabletSession) -> None:
    """End one tablet session; the visit lives on."""
    tablet.ended_at = now()


def erase(session: Session, blobs: Blobs, visit_id: str) -> None:
    """Erase a visit: its key first, then every row, then its blobs.

    The blobs go last: should their removal fail, they are sealed with a key that is gone.
    """
    session.execute(delete(VisitKey).where(VisitKey.visit_id == visit_id))
    scan_ids = select(tables.Scan.scan_id).where(tables.Scan.visit_id == visit_id)
    for marked in (tables.MarkedRegion, tables.RegionEdit):
        session.execute(delete(marked).where(marked.scan_id.in_(scan_ids)))
    for table in (
        tables.Turn,
        tables.FilingEnvelope,
        tables.SliceLook,
        tables.Scan,
        tables.ListedQuestion,
        tables.DoctorNote,
        tables.TrainingConsent,
        tables.Arrival,
        tables.ExpectedPatient,
        tables.Outbound,
        tables.ReportLink,
        TabletSession,
    ):
        session.execute(delete(table).where(table.visit_id == visit_id))
    session.execute(
        update(tables.Alert)
        .where(tables.Alert.visit_id == visit_id)
        .values(visit_id=None, note=None)
    )
    session.execute(delete(Visit).where(Visit.visit_id == visit_id))
    session.flush()
    blobs.delete_under(f"visits/{visit_id}")


def all_ids(session: Session) -> list[str]:
    """The ids of all visits there are."""
    return list(session.scalars(select(Visit.visit_id)))


def still_there(session: Session, visit_ids: set[str]) -> set[str]:
    """Those of these visits that are not erased."""
    return set(session.scalars(select(Visit.visit_id).where(Visit.visit_id.in_(visit_ids))))


def overdue(session: Session, opened_before: datetime) -> int:
    """How many visits should be erased by now and are not."""
    is_late = (Visit.opened_at < opened_before) | (Visit.closed_at < now() - 2 * UNDO_CLOSE)
    return session.scalar(select(func.count()).select_from(Visit).where(is_late)) or 0


def opened(session: Session, master: MasterKey, visit_id: str) -> OpenedVisit | None:
    """A visit with its vault; None when it is not there or erased."""
    visit = session.get(Visit, visit_id)
    vault = None if visit is None else vault_of(session, master, visit_id)
    return None if visit is None or vault is None else OpenedVisit(visit, vault)
