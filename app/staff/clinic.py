"""The page of clinic IT: worker, queue, disk, retention, accounts, and the audit."""

import csv
import io
import platform
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.changelog import version
from app.deps import House, HouseDep, SessionDep
from app.i18n import offered_languages
from app.memory import resident_mib
from app.staff.auth import MemberDep, staff_page
from app.storage import activations, alerts, audit, visit_list, visits, work
from app.storage.tables import AuditEvent, now

router = APIRouter()
WORKER_SILENCE = timedelta(seconds=30)
AUDIT_ROWS = 200
EXPORT_ROWS = 100_000
LATE = timedelta(minutes=10)
"""The housekeeping comes round every minute; what is this late could not be erased."""


@router.get("/staff/clinic")
def clinic(request: Request, house: HouseDep, session: SessionDep, member: MemberDep) -> Response:
    """How the house does; numbers and names of states, no patient in it."""
    note = work.latest_note(session)
    oldest, open_visits = visit_list.page_of_open(session, 0, 1)
    return staff_page(
        request,
        session,
        member,
        "clinic.html",
        note=note,
        is_silent=note is None or now() - note.said_at > WORKER_SILENCE,
        counts=work.counts(session),
        open_visits=open_visits,
        unseen=len(alerts.unseen(session)),
        is_heard=alerts.is_someone_listening(session),
        median_seconds=alerts.median_seconds_to_seen(session),
        oldest_at=oldest[0].opened_at if oldest else None,
        times=work.times(session),
        oldest_waiting_at=work.oldest_waiting(session),
        fallen=activations.fallen(session),
        live=activations.live(session),
        overdue=visits.overdue(session, now() - _retention(house) - LATE),
        lost_folders=_lost_folders(house, session),
        last_backup_at=audit.last_of(session, "backup.make"),
        free_bytes=_free_bytes(house),
        used_bytes=_used_bytes(house),
        memory_mib=resident_mib(),
        state=audit.state(session),
        settings=house.settings,
        versions=_versions(house),
    )


def _free_bytes(house: House) -> int:
    return shutil.disk_usage(house.settings.data_dir).free


def _used_bytes(house: House) -> int:
    """What the data folder holds: database, and pictures unless they lie elsewhere."""
    files = (path for path in house.settings.data_dir.rglob("*") if path.is_file())
    return sum(_size(path) for path in files)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # erased meanwhile
        return 0


def _retention(house: House) -> timedelta:
    return timedelta(hours=house.clinic.clinic.retention_hours)


def _lost_folders(house: House, session: Session) -> int:
    """Pictures whose visit is erased but which could not be removed; they cannot be read."""
    folders = set(house.blobs.folders("visits"))
    return len(folders - visits.still_there(session, folders))


def _versions(house: House) -> dict[str, str]:
    return {
        "program": version(),
        "python": platform.python_version(),
        "policy": house.guard.policy_version,
        "catalogue": house.catalogue.version,
        "languages": ", ".join(offered_languages()),
        "database": house.engine.dialect.name,
    }


@router.get("/staff/clinic/audit")
def show_audit(
    request: Request,
    session: SessionDep,
    member: MemberDep,
    actor: Annotated[str, Query(max_length=80)] = "",
) -> Response:
    """The newest events: who, what, which row, when; never what it said."""
    return staff_page(
        request,
        session,
        member,
        "audit.html",
        events=audit.latest(session, AUDIT_ROWS, actor=actor),
        actor=actor,
        state=audit.state(session),
    )


@router.get("/staff/clinic/audit.csv")
def export_audit(session: SessionDep, member: MemberDep) -> Response:
    """All events as CSV, with the digests that chain them."""
    audit.record(session, member.name, "audit.export", "audit")
    target = io.StringIO()
    writer = csv.writer(target)
    writer.writerow(("number", "at", "actor", "action", "subject", "previous", "digest"))
    writer.writerows(_line(event) for event in reversed(audit.latest(session, EXPORT_ROWS)))
    headers = {"Content-Disposition": 'attachment; filename="audit.csv"'}
    return Response(target.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


def _line(event: AuditEvent) -> tuple[object, ...]:
    # A leading apostrophe keeps a spreadsheet from running a name as a formula.
    actor = f"'{event.actor}" if event.actor[:1] in "=+-@" else event.actor
    at = event.at.isoformat()
    return (event.number, at, actor, event.action, event.subject, event.previous, event.digest)
