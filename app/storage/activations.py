"""Activations: which adapter folder staff asked for, and which one is live."""

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.storage.tables import Activation, now

SHIPPED = "shipped"
"""As an adapter's name: the one that comes with the compact model, to roll back to."""
GENERAL = "general"
"""As an adapter's name for one modality: no special one, the general adapter answers."""
RESERVED = (SHIPPED, GENERAL)
"""No folder of a clinic goes by these names."""
EVERYTHING = ""
"""As a modality: whatever has no adapter of its own."""


def ask(
    session: Session, adapter: str, sha256: str, staff_id: str | None, modality: str = EVERYTHING
) -> Activation:
    """Ask the worker to switch, for one modality or for all that have no adapter of their own.

    Rolling back is asking for an older folder. A wish that is still waiting gives way to this one.
    """
    session.execute(
        update(Activation)
        .where(Activation.status == "asked", Activation.modality == modality)
        .values(status="past")
    )
    activation = Activation(adapter=adapter, sha256=sha256, asked_by=staff_id, modality=modality)
    session.add(activation)
    session.flush()
    return activation


def waiting(session: Session) -> Activation | None:
    """The oldest wish that the worker has not carried out; there is one a modality at most."""
    query = select(Activation).where(Activation.status == "asked")
    return session.scalar(query.order_by(Activation.asked_at).limit(1))


def find(session: Session, activation_id: str) -> Activation | None:
    """One activation, or None."""
    return session.get(Activation, activation_id)


def fallen(session: Session) -> list[Activation]:
    """What was live and could not be loaded again, and nothing was asked for in its place."""
    newest: dict[str, Activation] = {}
    for row in latest(session, 200):
        newest.setdefault(row.modality, row)
    return [row for row in newest.values() if row.status == "refused" and row.live_at is not None]


def live(session: Session, modality: str = EVERYTHING) -> Activation | None:
    """What is live for a modality alone, or for everything else; None for the shipped adapter."""
    query = select(Activation).where(Activation.status == "live", Activation.modality == modality)
    return session.scalar(query)


def live_by_modality(session: Session) -> dict[str, Activation]:
    """The adapters that are live for one modality each."""
    query = select(Activation).where(Activation.status == "live", Activation.modality != "")
    return {row.modality: row for row in session.scalars(query) if row.adapter != GENERAL}


def latest(session: Session, count: int = 30) -> list[Activation]:
    """The newest activations, newest first."""
    query = select(Activation).order_by(Activation.asked_at.desc()).limit(count)
    return list(session.scalars(query))


def mark_live(session: Session, activation: Activation) -> None:
    """This one is on now; the one before it for the same modality is past."""
    session.execute(
        update(Activation)
        .where(
            Activation.status == "live",
            Activation.modality == activation.modality,
            Activation.activation_id != activation.activation_id,
        )
        .values(status="past")
        .execution_options(synchronize_session=False)
    )
    activation.status, activation.live_at, activation.failure = "live", now(), None


def mark_refused(activation: Activation, failure: str) -> None:
    """The adapter does not fit; the old one stays."""
    activation.status, activation.failure = "refused", failure[:200]
