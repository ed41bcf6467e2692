"""One reference: as a patient sees it, its words, its picture, yes, and away."""

import hashlib
import io
from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from PIL import Image
from sqlalchemy.orm import Session

from app.deps import House, HouseDep, SessionDep
from app.errors import AppError
from app.references.library import Problem, likeness
from app.references.retouch import Retouch, retouch
from app.staff.auth import Member, MemberDep, see_other, staff_page
from app.staff.forms import FormDep
from app.staff.references import WORDS, checked_form, edition_of, texts_of
from app.storage import audit, references, staff
from app.storage.references import ReferenceRecord
from app.storage.tables import Reference

router = APIRouter()
SMALL_SIDE = 240


def _found(session: Session, reference_id: str) -> Reference:
    row = references.find(session, reference_id)
    if row is None:
        raise AppError("not_found", 404, "/staff/references")
    return row


@router.get("/staff/references/{reference_id}")
def show_reference(
    request: Request,
    house: HouseDep,
    session: SessionDep,
    member: MemberDep,
    reference_id: str,
    done: Annotated[str, Query(max_length=12)] = "",
) -> Response:
    """One reference with its form and its preview."""
    row = _found(session, reference_id)
    return _show(request, house, session, member, row, done=done)


def _show(
    request: Request,
    house: House,
    session: Session,
    member: Member,
    row: Reference,
    *,
    typed: Mapping[str, str] | None = None,
    problems: tuple[Problem, ...] = (),
    done: str = "",
) -> Response:
    given = references.approvals_of(session, [row.reference_id])[row.reference_id]
    return staff_page(
        request,
        session,
        member,
        "reference.html",
        status=422 if problems else 200,
        row=row,
        typed=typed or texts_of(row),
        edition=edition_of(row),
        problems=problems,
        done=done,
        added_by=staff.name_of(session, row.added_by),
        approved_by=sorted(staff.name_of(session, one) for one in given),
        mine=member.staff_id in given,
        needed=house.settings.reference_approvers,
        structures=sorted(house.catalogue.structures),
        **WORDS,
    )


@router.post("/staff/references/{reference_id}")
def change_reference(
    request: Request,
    house: HouseDep,
    session: SessionDep,
    member: MemberDep,
    reference_id: str,
    form: FormDep,
) -> Response:
    """Other words for a reference, unless somebody changed it meanwhile."""
    row = _found(session, reference_id)
    checked = checked_form(house, form.texts)
    problems = checked.problems
    if form.text("edition") != edition_of(row):
        problems = (Problem("edition", "changed_meanwhile"), *problems)
    if problems or checked.particulars is None:
        values = {"typed": form.texts, "problems": problems}
        return _show(request, house, session, member, row, **values)  # type: ignore[arg-type]
    record = ReferenceRecord(**asdict(checked.particulars), is_drawn=row.is_drawn)
    references.change(session, row, record)
    _settle(house, session, member, row)
    audit.record(session, member.name, "reference.change", reference_id)
    return see_other(f"/staff/references/{reference_id}?done=changed")


def _settle(house: House, session: Session, member: Member, row: Reference) -> None:
    """After a change: live at once where the clinic asks for no approval, else a draft again."""
    if house.settings.reference_approvers == 0:
        references.approve(session, row, member.staff_id, 0)


@router.get("/staff/references/{reference_id}/picture.png")
def picture(
    house: HouseDep,
    session: SessionDep,
    reference_id: str,
    small: Annotated[bool, Query()] = False,
) -> Response:
    """The picture of a reference; `small` for lists."""
    data = references.picture_of(house.blobs, _found(session, reference_id))
    data = _smaller(data) if small else data
    headers = {"Cache-Control": "private, max-age=600"}
    return Response(data, media_type="image/png", headers=headers)


def _smaller(png: bytes) -> bytes:
    target = io.BytesIO()
    with Image.open(io.BytesIO(png)) as whole:
        whole.thumbnail((SMALL_SIDE, SMALL_SIDE))
        whole.save(target, "PNG")
    return target.getvalue()


@router.post("/staff/references/{reference_id}/picture")
def change_picture(
    request: Request,
    house: HouseDep,
    session: SessionDep,
    member: MemberDep,
    reference_id: str,
    form: FormDep,
) -> Response:
    """Turn, crop or cover a part of the picture; it is a draft until somebody says yes.

    Until then the first picture is kept for going back.
    """
    row = _found(session, reference_id)
    if form.text("edition") != edition_of(row):
        stale = (Problem("edition", "changed_meanwhile"),)
        return _show(request, house, session, member, row, problems=stale)
    before = references.picture_of(house.blobs, row)
    if form.text("act") == "undo":
        after = references.first_picture_of(house.blobs, row)
    else:
        wish = Retouch.from_form(form.texts)
        if wish is None:
            bad = (Problem("picture", "bad_area"),)
            return _show(request, house, session, member, row, problems=bad)
        after = retouch(before, wish)
    with Image.open(io.BytesIO(after)) as shown:
        size, pixels = shown.size, shown.convert("RGB").tobytes()
    digest = hashlib.sha256(pixels).hexdigest()
    references.change_picture(session, house.blobs, row, after, size, digest, likeness(after))
    audit.record(session, member.name, "reference.picture", reference_id)
    return see_other(f"/staff/references/{reference_id}?done=picture")


@router.post("/staff/references/{reference_id}/approve")
def approve(
    house: HouseDep, session: SessionDep, member: MemberDep, reference_id: str, form: FormDep
) -> Response:
    """One member's yes to what they saw; a reference that changed since must be seen again."""
    row = _found(session, reference_id)
    if form.text("edition") != edition_of(row):
        return see_other(f"/staff/references/{reference_id}?done=stale")
    references.approve(session, row, member.staff_id, house.settings.reference_approvers)
    references.forget_first_picture(house.blobs, row)
    audit.record(session, member.name, "reference.approve", reference_id)
    return see_other(f"/staff/references?done={row.status}")


@router.post("/staff/references/{reference_id}/withdraw")
def withdraw(session: SessionDep, member: MemberDep, reference_id: str) -> Response:
    """Take a reference out of every page from now on."""
    references.withdraw(_found(session, reference_id))
    audit.record(session, member.name, "reference.withdraw", reference_id)
    return see_other("/staff/references?done=withdrawn")
