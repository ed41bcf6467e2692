"""One reference: as a patient sees it, its words, its picture, yes, and away."""

import io
from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from PIL import Image
from sqlalchemy.orm import Session

from app.deps import House, HouseDep, SessionDep
from app.errors import AppError
from app.intake.extent import width_mm
from app.intake.receive import Refusal, receive
from app.librarian import FACE_PLANES, cover_writing, digest_of, doubts, may_show_face
from app.reference_overlay import reference_overlay
from app.references.library import Checked, Problem, likeness
from app.references.retouch import Retouch, retouch
from app.staff.auth import Member, MemberDep, see_other, staff_page
from app.staff.forms import FormDep
from app.staff.references import WORDS, checked_form, edition_of, texts_of
from app.storage import audit, library_jobs, references, staff
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
        is_looked_at=not library_jobs.waiting_look(session, row.reference_id),
        parts=[one.structure for one in library_jobs.regions_of(row)],
        shows_face=row.region == "head" and row.plane in FACE_PLANES,
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
        return _conflict(request, session, member, row, form.texts)
    if may_need_tick(row, checked) and not form.text("confirm_face"):
        problems = (*problems, Problem("file", "face"))
    if problems or checked.particulars is None:
        values = {"typed": form.texts, "problems": problems}
        return _show(request, house, session, member, row, **values)  # type: ignore[arg-type]
    references.change(session, row, replace(checked.particulars, is_drawn=row.is_drawn))
    _settle(house, session, member, row)
    library_jobs.ask_look(session, reference_id, member.staff_id)
    audit.record(session, member.name, "reference.change", reference_id)
    return see_other(f"/staff/references/{reference_id}?done=changed")


def may_need_tick(row: Reference, checked: Checked) -> bool:
    """Whether these words make of the picture one that can show a face, which it was not before."""
    said = checked.particulars
    return (
        said is not None
        and may_show_face(said)
        and (row.region, row.plane)
        != (
            said.region,
            said.plane,
        )
    )


def _conflict(
    request: Request, session: Session, member: Member, row: Reference, typed: Mapping[str, str]
) -> Response:
    """Somebody else was quicker: both editions beside each other, nothing saved."""
    theirs = texts_of(row)
    return staff_page(
        request,
        session,
        member,
        "conflict.html",
        status=409,
        row=row,
        edition=edition_of(row),
        pairs=[(name, typed.get(name, ""), theirs[name]) for name in theirs],
    )


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
    after = _changed(house, row, before, form.texts)
    if after is None:
        bad = (Problem("picture", "bad_area"),)
        return _show(request, house, session, member, row, problems=bad)
    _put(house, session, member, row, after)
    audit.record(session, member.name, "reference.picture", reference_id)
    return see_other(f"/staff/references/{reference_id}?done=picture")


def _changed(house: House, row: Reference, before: bytes, texts: Mapping[str, str]) -> bytes | None:
    act = texts.get("act", "")
    if act == "undo":
        return references.first_picture_of(house.blobs, row)
    if act == "cover_text":
        return cover_writing(before)
    wish = Retouch.from_form(texts)
    return None if wish is None else retouch(before, wish)


def _put(house: House, session: Session, member: Member, row: Reference, png: bytes) -> None:
    """Another picture under the same words; the worker looks at it anew."""
    digest, size = digest_of(png)
    references.change_picture(session, house.blobs, row, png, size, digest, likeness(png))
    library_jobs.ask_look(session, row.reference_id, member.staff_id)


@router.post("/staff/references/{reference_id}/replace")
def replace_picture(
    request: Request,
    house: HouseDep,
    session: SessionDep,
    member: MemberDep,
    reference_id: str,
    form: FormDep,
) -> Response:
    """Another file in place of the picture, judged like a new one; a draft until a yes."""
    row = _found(session, reference_id)
    if form.text("edition") != edition_of(row):
        return _conflict(request, session, member, row, texts_of(row))
    received = receive(form.data("file"))
    if isinstance(received, Refusal):
        problems = [Problem("file", f"refused_{received.reason}")]
    else:
        checked = checked_form(house, texts_of(row))
        said, problems = checked.particulars, list(checked.problems)
        if said is not None:
            problems = doubts(session, received, said, form.texts)
        problems = [one for one in problems if one.value != reference_id]
    if isinstance(received, Refusal) or problems:
        return _show(request, house, session, member, row, problems=tuple(problems))
    png = cover_writing(received.image_png) if form.text("cover_text") else received.image_png
    _put(house, session, member, row, png)
    row.width_mm = width_mm(received.kept)
    references.forget_first_picture(house.blobs, row)
    audit.record(session, member.name, "reference.replace", reference_id)
    return see_other(f"/staff/references/{reference_id}?done=picture")


@router.get("/staff/references/{reference_id}/overlay.svg")
def overlay(house: HouseDep, session: SessionDep, reference_id: str) -> Response:
    """The marked parts of a reference alone, to lie over its picture."""
    svg = reference_overlay(house, _found(session, reference_id))
    return Response(svg, media_type="image/svg+xml")


@router.post("/staff/references/{reference_id}/approve")
def approve(
    house: HouseDep, session: SessionDep, member: MemberDep, reference_id: str, form: FormDep
) -> Response:
    """One member's yes to what they saw; a reference that changed since must be seen again."""
    row = _found(session, reference_id)
    if form.text("edition") != edition_of(row) or row.status != "draft":
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
