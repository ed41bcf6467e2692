"""Activations: which adapter folder staff asked for, and which one is live."""

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.storage.tables import Activation, now

SHIPPED = "shipped"
"""As an adapter's name: the one that comes with the compact model, to roll back to."""


def ask(session: Session, adapter: str, sha256: str, staff_id: str | None) -> Activation:
    """Ask the worker to switch; rolling back is asking for an older folder."""
    activation = Activation(adapter=adapter, sha256=sha256, asked_by=staff_id)
    session.add(activation)
    session.flush()
    return activation


def waiting(session: Session) -> Activation | None:
    """The newest wish that the worker has not carried out."""
    query = select(Activation).where(Activation.status == "asked")
    return session.scalar(query.order_by(Activation.asked_at.desc()).limit(1))


def find(session: Session, activation_id: str) -> Activation | None:
    """One activation, or None."""
    return session.get(Activation, activation_id)


def fallen(session: Session) -> Activation | None:
    """The newest activation, where it was live and could not be loaded again; else None."""
    newest = session.scalar(select(Activation).order_by(Activation.asked_at.desc()).limit(1))
    is_fallen = newest is not None and newest.status == "refused" and newest.live_at is not None
    return newest if is_fallen else None


def live(session: Session) -> Activation | None:
    """What is live, or None for the shipped adapter."""
    return session.scalar(select(Activation).where(Activation.status == "live"))


def everything(session: Session) -> list[Activation]:
    """All activations, newest first."""
    return list(session.scalars(select(Activation).order_by(Activation.asked_at.desc())))


def mark_live(session: Session, activation: Activation) -> None:
    """This one is on now; the one before is past, and older wishes are too."""
    session.execute(
        update(Activation)
        .where(Activation.status.in_(("live", "asked")))
        .values(status="past")
        .execution_options(synchronize_session=False)
    )
    activation.status, activation.live_at, activation.failure = "live", now(), None


def mark_refused(activation: Activation, failure: str) -> None:
    """The adapter does not fit; the old one stays."""
    activation.status, activation.failure = "refused", failure[:200]
