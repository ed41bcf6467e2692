"""Tokens of machines; only their keyed digests are kept."""

import secrets

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.storage.sealed import MasterKey
from app.storage.tables import MachineToken


def add(session: Session, master: MasterKey, name: str, scope: str) -> str:
    """A new token, to be shown once; the same name again replaces the old one."""
    token = secrets.token_urlsafe(32)
    digest = master.digest("machine", token)
    old = session.scalar(select(MachineToken).where(MachineToken.name == name))
    if old is not None:
        old.scope, old.token_digest = scope, digest
    else:
        session.add(MachineToken(name=name, scope=scope, token_digest=digest))
    return token


def find(session: Session, master: MasterKey, token: str) -> MachineToken | None:
    """The machine that holds this token, or None."""
    digest = master.digest("machine", token)
    return session.scalar(select(MachineToken).where(MachineToken.token_digest == digest))


def is_good(session: Session, master: MasterKey, token: str, scope: str) -> bool:
    """Whether a token exists and has this scope."""
    found = find(session, master, token)
    return found is not None and found.scope == scope
