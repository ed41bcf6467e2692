"""The page of clinic IT: worker, queue, disk, retention, accounts, and the audit."""

import csv
import io
import platform
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from app.changelog import version
from app.deps import House, HouseDep, SessionDep
from app.house_state import look_at
from app.i18n import offered_languages
from app.staff.adapters import digest_in_use
from app.staff.auth import MemberDep, staff_page
from app.storage import audit
from app.storage.tables import AuditEvent
from model.pixels import PIXELS_VERSION
from model.prompts import PROMPTS_VERSION

router = APIRouter()
AUDIT_ROWS = 200
EXPORT_ROWS = 100_000


@router.get("/staff/clinic")
def clinic(request: Request, house: HouseDep, session: SessionDep, member: MemberDep) -> Response:
    """How the house does; numbers and names of states, no patient in it."""
    state = look_at(house, session)
    retention = timedelta(hours=house.clinic.clinic.retention_hours)
    return staff_page(
        request,
        session,
        member,
        "clinic.html",
        state=state,
        adapter_digest=digest_in_use(house, session),
        next_erasure_at=None if state.oldest_at is None else state.oldest_at + retention,
        settings=house.settings,
        versions=_versions(house),
    )


def _versions(house: House) -> dict[str, str]:
    return {
        "program": version(),
        "prefixes": PROMPTS_VERSION,
        "pixels": PIXELS_VERSION,
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
