"""How the house does, in numbers and states: one reading for the IT page and for /metrics."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy.orm import Session

from app.deps import House
from app.memory import resident_mib
from app.storage import activations, alerts, audit, visit_list, visits, work
from app.storage.audit import State as AuditState
from app.storage.tables import Activation, WorkerNote, now
from app.storage.work import Times

WORKER_SILENCE: Final = timedelta(seconds=30)
LATE: Final = timedelta(minutes=10)
"""The housekeeping comes round every minute; what is this late could not be erased."""


@dataclass(frozen=True)
class HouseState:
    """One reading; nothing in it is a patient's.

    `fallen` are adapters that were live and could not be loaded again, `lost_folders` pictures
    whose visit is erased and which could not be removed (nobody can read them any more).
    """

    note: WorkerNote | None
    counts: list[tuple[str, str, int]]
    times: Times
    oldest_waiting_at: datetime | None
    general: Activation | None
    specials: dict[str, Activation]
    fallen: list[Activation]
    open_visits: int
    oldest_at: datetime | None
    closed_visits: int
    overdue: int
    lost_folders: int
    unseen: int
    is_heard: bool
    median_seconds: float | None
    free_bytes: int
    used_bytes: int
    memory_mib: int | None
    last_backup_at: datetime | None
    audit: AuditState

    @property
    def worker(self) -> str:
        """What the worker does: its own word, or "silent"."""
        return worker_state(self.note)

    @property
    def loaded(self) -> dict[str, Any]:
        """What the worker last said it holds."""
        return {} if self.note is None else self.note.loaded


def worker_state(note: WorkerNote | None) -> str:
    """What the worker does: its own word, or "silent"."""
    is_fresh = note is not None and now() - note.said_at < WORKER_SILENCE
    return note.state if note is not None and is_fresh else "silent"


def look_at(house: House, session: Session) -> HouseState:
    """Read everything now."""
    oldest, open_visits = visit_list.page_of_open(session, 0, 1)
    folders = set(house.blobs.folders("visits"))
    retention = timedelta(hours=house.clinic.clinic.retention_hours)
    return HouseState(
        note=work.latest_note(session),
        counts=work.counts(session),
        times=work.times(session),
        oldest_waiting_at=work.oldest_waiting(session),
        general=activations.live(session),
        specials=activations.live_by_modality(session),
        fallen=activations.fallen(session),
        open_visits=open_visits,
        oldest_at=oldest[0].opened_at if oldest else None,
        closed_visits=visits.closed_and_kept(session),
        overdue=visits.overdue(session, now() - retention - LATE),
        lost_folders=len(folders - visits.still_there(session, folders)),
        unseen=len(alerts.unseen(session)),
        is_heard=alerts.is_someone_listening(session),
        median_seconds=alerts.median_seconds_to_seen(session),
        free_bytes=shutil.disk_usage(house.settings.data_dir).free,
        used_bytes=_used_bytes(house.settings.data_dir),
        memory_mib=resident_mib(),
        last_backup_at=audit.last_of(session, "backup.make"),
        audit=audit.state(session),
    )


def _used_bytes(folder: Path) -> int:
    """What the data folder holds: database, and pictures unless they lie elsewhere."""
    return sum(_size(path) for path in folder.rglob("*") if path.is_file())


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # erased meanwhile
        return 0


def figures(state: HouseState) -> Iterator[tuple[str, float]]:
    """The reading as named numbers, for a machine; what is not known is left out."""
    for kind, status, number in state.counts:
        yield f'rows{{kind="{kind}",status="{status}"}}', number
    waits = (now() - state.oldest_waiting_at).total_seconds() if state.oldest_waiting_at else 0.0
    backup_at = state.last_backup_at
    known: dict[str, float | None] = {
        "oldest_waiting_seconds": waits,
        "look_seconds_median": state.times.look,
        "answer_seconds_median": state.times.answer,
        "model_seconds_median": state.times.model,
        "worker_ready": state.worker == "ready",
        "worker_memory_mib": state.loaded.get("memory_mib"),
        "model_mib": state.loaded.get("model_mib"),
        "adapter_tensors": state.loaded.get("adapter_tensors"),
        "adapter_probe_change": state.loaded.get("probe_change"),
        "adapters_fallen": len(state.fallen),
        "visits_open": state.open_visits,
        "visits_closed": state.closed_visits,
        "erasures_overdue": state.overdue,
        "erasures_failed": state.lost_folders,
        "alerts_unseen": state.unseen,
        "staff_listening": state.is_heard,
        "alert_seen_seconds_median": state.median_seconds,
        "disk_free_bytes": state.free_bytes,
        "data_used_bytes": state.used_bytes,
        "server_memory_mib": state.memory_mib,
        "last_backup_timestamp": None if backup_at is None else backup_at.timestamp(),
        "audit_whole": state.audit.broken is None,
    }
    yield from ((name, float(value)) for name, value in known.items() if value is not None)
