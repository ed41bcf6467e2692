"""Doctors' corrections as training data: what is ready, a look at it, and the export."""

import secrets
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.analysis.slice_picture import rgb_of
from app.deps import House, HouseDep, SessionDep
from app.errors import AppError
from app.staff.auth import MemberDep, see_other, staff_page
from app.staff.forms import FormDep
from app.staff.pictures import ReviewScan, seen_by_staff
from app.storage import audit, scans, training_consents, visits
from app.storage.tables import now
from app.storage.visits import OpenedVisit
from app.training_folder import Corrected, can_be_taught, write_folder

router = APIRouter()
HERE: Final = "/staff/corrections"
Ready = list[tuple[OpenedVisit, ReviewScan]]


@router.get(HERE)
def show_corrections(
    request: Request, house: HouseDep, session: SessionDep, member: MemberDep
) -> Response:
    """The pictures that would be exported, as they would be, and how many are left out."""
    ready, left_out = _ready(house, session)
    for opened, _ in ready:
        audit.record(session, member.name, "training.look", opened.visit.visit_id)
    root = house.settings.data_dir / "training"
    return staff_page(
        request,
        session,
        member,
        "corrections.html",
        ready=[one for _, one in ready],
        left_out=left_out,
        without_yes=training_consents.without_yes(session),
        folders=sorted(path.name for path in root.glob("corrections-*")) if root.is_dir() else [],
    )


def _ready(house: House, session: Session) -> tuple[Ready, int]:
    """What may be exported, and how many pictures are left out for what they show."""
    found: Ready = []
    left_out = 0
    for scan in training_consents.ready(session):
        opened = visits.opened(session, house.master, scan.visit_id)
        if opened is None:
            continue
        seen = seen_by_staff(house, session, opened, scan)
        if can_be_taught(None if seen.first is None else seen.first.look, seen.facts.notes):
            found.append((opened, seen))
        else:
            left_out += 1
    return found, left_out


@router.post(HERE)
def export(house: HouseDep, session: SessionDep, member: MemberDep, form: FormDep) -> Response:
    """Write what is ready into a folder of its own; whoever presses the button answers for it."""
    if form.text("looked") != "yes":
        raise AppError("export_needs_yes", 422, HERE)
    ready, _ = _ready(house, session)
    shown = set(form.text("scans", longest=40_000).split())
    ready = [(opened, one) for opened, one in ready if one.scan.scan_id in shown]
    if not ready:
        raise AppError("nothing_to_export", 409, HERE)
    name = f"corrections-{now().date().isoformat()}-{secrets.token_hex(2)}"
    out = house.settings.data_dir / "training" / name
    out.parent.mkdir(mode=0o700, exist_ok=True)
    pictures = [_corrected(house, opened, one) for opened, one in ready]
    write_folder(out, pictures, list(house.catalogue.structures))
    training_consents.mark_exported(session, {opened.visit.visit_id for opened, _ in ready})
    audit.record(session, member.name, "training.export", f"{name} {len(pictures)}")
    return see_other(HERE)


def _corrected(house: House, opened: OpenedVisit, one: ReviewScan) -> Corrected:
    assert one.first is not None  # can_be_taught has seen the look
    return Corrected(
        owner=opened.visit.visit_id,
        image=rgb_of(scans.picture_of(house.blobs, opened, one.scan)),
        look=one.first.look,
        regions=tuple(region for _, _, region in one.first.regions),
    )
