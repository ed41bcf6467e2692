"""Arrivals: studies that the clinic's machines delivered, sealed until they hang under a visit."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, CursorResult, Update, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.storage.blobs import Blobs
from app.storage.sealed import MasterKey, Vault
from app.storage.tables import Arrival, new_id, now

UNDO: Final = timedelta(minutes=10)
"""So long what was delivered is kept sealed after it was attached, so that staff can undo it."""
PATIENCE: Final = timedelta(minutes=5)
"""So long a delivery that broke off waits to be sent again before staff are shown what came."""
LEASE: Final = timedelta(minutes=25)
MAX_ATTEMPTS: Final = 3
OPEN: Final = ("arriving", "waiting")


@dataclass(frozen=True)
class Particulars:
    """What the first file says of its study: digests to match by, and what is sealed."""

    peer: str
    study_digest: str
    patient_id_digest: str | None
    accession_digest: str | None
    study_date_digest: str | None
    identifiers: dict[str, str]
    facts: dict[str, str]


def gather(session: Session, master: MasterKey, said: Particulars, due_at: datetime) -> Arrival:
    """The arrival that takes files of this study now; a new one commits before any file."""
    query = select(Arrival).where(Arrival.gathering == said.study_digest)
    known = session.scalar(query)
    if known is not None:
        return known
    arrival_id = new_id()
    wrapped = master.new_wrapped_key(arrival_id)
    vault = master.vault(wrapped, arrival_id)
    arrival = Arrival(
        arrival_id=arrival_id,
        peer=said.peer,
        wrapped=wrapped,
        study_digest=said.study_digest,
        gathering=said.study_digest,
        patient_id_digest=said.patient_id_digest,
        accession_digest=said.accession_digest,
        study_date_digest=said.study_date_digest,
        facts=vault.seal_json(said.facts, f"arrivals.facts:{arrival_id}"),
        identifiers=vault.seal_json(said.identifiers, f"arrivals.identifiers:{arrival_id}"),
        due_at=due_at,
    )
    session.add(arrival)
    try:
        session.commit()
    except IntegrityError:  # another process began the same study in this moment
        session.rollback()
        found = session.scalar(query)
        if found is None:
            raise
        return found
    return arrival


def vault_of(master: MasterKey, arrival: Arrival) -> Vault | None:
    """The vault of an arrival, or None once its key is gone."""
    if arrival.wrapped is None:
        return None
    return master.vault(arrival.wrapped, arrival.arrival_id)


def blob_name(arrival_id: str, instance_digest: str) -> str:
    """Where one file of an arrival stands; the same file sent again stands in the same place."""
    return f"arrivals/{arrival_id}/{instance_digest}"


def note_file(
    session: Session, arrival_id: str, due_at: datetime, *, is_new: bool, is_other_patient: bool
) -> bool:
    """Count a stored file; False where the arrival no longer takes any."""
    values: dict[str, Any] = {"due_at": due_at, "is_whole": False}
    if is_new:
        values["pictures"] = Arrival.pictures + 1
    if is_other_patient:
        values["reason"] = "two_patients"
    still = (Arrival.arrival_id == arrival_id, Arrival.gathering.is_not(None))
    return _changed(session, update(Arrival).where(*still).values(**values))


def finish(session: Session, arrival_ids: Collection[str], due_at: datetime) -> None:
    """A transfer ended in order: what it brought is whole unless another goes on."""
    session.execute(
        update(Arrival)
        .where(Arrival.arrival_id.in_(arrival_ids), Arrival.status == "arriving")
        .values(is_whole=True, due_at=due_at)
    )


def due(session: Session) -> list[Arrival]:
    """What has been quiet long enough; a broken-off delivery only after patience has run out."""
    moment = now()
    is_due = (Arrival.due_at < moment) & Arrival.is_whole.is_(True)
    is_late = Arrival.due_at < moment - PATIENCE
    query = select(Arrival).where(Arrival.status == "arriving", is_due | is_late)
    return list(session.scalars(query.order_by(Arrival.started_at)))


def wait(session: Session, arrival_id: str, reason: str | None) -> bool:
    """No more files are taken; staff decide. False where somebody was faster."""
    return _moved(session, arrival_id, ("arriving",), status="waiting", reason=reason)


def match(session: Session, arrival_id: str, visit_id: str, actor: str) -> bool:
    """Give an arrival to a visit, to be read next; False where it is no longer free."""
    values = {"status": "matched", "visit_id": visit_id, "attached_by": actor, "reason": None}
    return _moved(session, arrival_id, OPEN, **values)


def claim(session: Session) -> Arrival | None:
    """The oldest matched arrival, now ours to read; commits."""
    lapsed = now() - LEASE
    is_free = (Arrival.status == "matched") | (
        (Arrival.status == "reading") & (Arrival.claimed_at < lapsed)
    )
    query = select(Arrival.arrival_id).where(is_free).order_by(Arrival.started_at).limit(1)
    arrival_id = session.scalar(query)
    if arrival_id is None:
        session.rollback()
        return None
    values = {"status": "reading", "claimed_at": now(), "attempts": Arrival.attempts + 1}
    is_mine = _changed(
        session, update(Arrival).where(Arrival.arrival_id == arrival_id, is_free).values(**values)
    )
    session.commit()
    return session.get(Arrival, arrival_id, populate_existing=True) if is_mine else None


def free_claims(session: Session) -> None:
    """At start of the only server: what an earlier one was reading is read anew."""
    session.execute(
        update(Arrival).where(Arrival.status == "reading").values(status="matched", claimed_at=None)
    )


def end_reading(session: Session, arrival_id: str, status: str, reason: str | None = None) -> None:
    """An arrival was read: attached or refused; or, after an error, matched again."""
    values: dict[str, Any] = {"status": status, "reason": reason, "claimed_at": None}
    if status == "attached":
        values["attached_at"] = now()
    _changed(session, update(Arrival).where(Arrival.arrival_id == arrival_id).values(**values))


def release(session: Session, arrival_id: str) -> bool:
    """Take an arrival off its visit again; it waits for staff, or is past if its key is gone."""
    arrival = session.get(Arrival, arrival_id)
    if arrival is None or arrival.status != "attached":
        return False
    status = "removed" if arrival.wrapped is None else "waiting"
    values = {"status": status, "reason": "taken_back", "visit_id": None, "attached_at": None}
    return _moved(session, arrival_id, ("attached",), **values)


def find(session: Session, arrival_id: str) -> Arrival | None:
    """One arrival, or None."""
    return session.get(Arrival, arrival_id)


def listed(session: Session, start: int, count: int) -> list[Arrival]:
    """What staff see, what needs them first: waiting, then on the way, then the newest done."""
    query = select(Arrival).order_by(Arrival.status != "waiting", Arrival.started_at.desc())
    return list(session.scalars(query.offset(start).limit(count)))


def waiting(session: Session) -> list[Arrival]:
    """All that wait for a visit and were not taken off one."""
    query = select(Arrival).where(Arrival.status == "waiting", Arrival.reason.is_(None))
    return list(session.scalars(query.order_by(Arrival.started_at)))


def of_visit(session: Session, visit_id: str) -> list[Arrival]:
    """The arrivals of a visit, the oldest first."""
    query = select(Arrival).where(Arrival.visit_id == visit_id)
    return list(session.scalars(query.order_by(Arrival.started_at)))


def visits_with_study(session: Session, study_digest: str, but: str = "") -> set[str]:
    """The visits under which a delivery of this study hangs, but for one arrival."""
    query = select(Arrival.visit_id).where(
        Arrival.study_digest == study_digest, Arrival.arrival_id != but
    )
    return {one for one in session.scalars(query) if one}


def past_undo(session: Session) -> list[Arrival]:
    """Attached or refused ones whose sealed files are no longer needed."""
    is_past = (Arrival.status == "attached") & (Arrival.attached_at < now() - UNDO)
    is_past |= Arrival.status == "refused"
    return list(session.scalars(select(Arrival).where(is_past, Arrival.wrapped.is_not(None))))


def outstayed(session: Session, moment: datetime) -> list[Arrival]:
    """Those that came before a moment and hang under no visit."""
    query = select(Arrival).where(Arrival.started_at < moment, Arrival.visit_id.is_(None))
    return list(session.scalars(query))


def forget_files(blobs: Blobs, arrival: Arrival) -> None:
    """Erase the key first, then what is sealed with it."""
    arrival.wrapped, arrival.facts, arrival.identifiers = None, None, None
    blobs.delete_under(f"arrivals/{arrival.arrival_id}")


def still_there(session: Session, arrival_ids: set[str]) -> set[str]:
    """Those of these arrivals that have a row."""
    query = select(Arrival.arrival_id).where(Arrival.arrival_id.in_(arrival_ids))
    return set(session.scalars(query))


def files_of(blobs: Blobs, vault: Vault, arrival_id: str) -> Iterator[bytes]:
    """The files of an arrival, one after the other."""
    for name in blobs.names(f"arrivals/{arrival_id}"):
        yield blobs.get_sealed(vault, blob_name(arrival_id, name))


def facts_of(vault: Vault, arrival: Arrival) -> dict[str, str]:
    """The words that staff may see of an arrival."""
    if arrival.facts is None:
        return {}
    found: dict[str, str] = vault.open_json(arrival.facts, f"arrivals.facts:{arrival.arrival_id}")
    return found


def identifiers_of(vault: Vault, arrival: Arrival) -> dict[str, str]:
    """The sealed identifiers, for the matching code alone."""
    if arrival.identifiers is None:
        return {}
    context = f"arrivals.identifiers:{arrival.arrival_id}"
    found: dict[str, str] = vault.open_json(arrival.identifiers, context)
    return found


def _moved(session: Session, arrival_id: str, before: Collection[str], **values: Any) -> bool:
    is_there: ColumnElement[bool] = Arrival.status.in_(before)
    change = update(Arrival).where(Arrival.arrival_id == arrival_id, is_there)
    return _changed(session, change.values(gathering=None, **values))


def _changed(session: Session, change: Update) -> bool:
    done = session.execute(change.execution_options(synchronize_session="fetch"))
    assert isinstance(done, CursorResult)
    return done.rowcount == 1
