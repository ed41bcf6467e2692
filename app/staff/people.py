"""Accounts: who can sign in, with which roles; made, changed and removed by an admin."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.deps import SessionDep
from app.errors import AppError
from app.staff.auth import Member, MemberDep, see_other, staff_page
from app.staff.login import MAX_NAME, MAX_PASSWORD, MIN_PASSWORD, new_account
from app.storage import audit, staff
from app.storage.tables import Staff

router = APIRouter()
RolesForm = Annotated[list[str], Form(alias="role", max_length=len(staff.ROLES))]


@router.get("/staff/people")
def list_people(
    request: Request,
    session: SessionDep,
    member: MemberDep,
    done: Annotated[str, Query(max_length=12)] = "",
) -> Response:
    """All accounts and the form for a new one."""
    return _show(request, session, member, done=done)


def _show(
    request: Request, session: Session, member: Member, *, done: str = "", problem: str = ""
) -> Response:
    people = staff.everybody(session)
    return staff_page(
        request,
        session,
        member,
        "people.html",
        status=422 if problem else 200,
        people=people,
        roles=staff.ROLES,
        signed_in=staff.session_counts(session),
        resting={one.staff_id for one in people if staff.is_locked(one)},
        done=done,
        problem=problem,
    )


@router.post("/staff/people")
def add_person(
    request: Request,
    session: SessionDep,
    member: MemberDep,
    roles: RolesForm,
    name: Annotated[str, Form(max_length=MAX_NAME)] = "",
    password: Annotated[str, Form(max_length=MAX_PASSWORD)] = "",
) -> Response:
    """A new account with a first password."""
    if len(password) < MIN_PASSWORD:
        return _show(request, session, member, problem="password")
    try:
        added = new_account(session, name, tuple(roles), password)
    except ValueError:
        return _show(request, session, member, problem="name_or_roles")
    audit.record(session, member.name, "staff.add", added.staff_id)
    return see_other("/staff/people?done=added")


def _found(session: Session, staff_id: str) -> Staff:
    row = staff.find(session, staff_id)
    if row is None:
        raise AppError("not_found", 404, "/staff/people")
    return row


@router.post("/staff/people/{staff_id}/roles")
def change_roles(
    request: Request, session: SessionDep, member: MemberDep, staff_id: str, roles: RolesForm
) -> Response:
    """Other roles, from that person's next request on."""
    try:
        staff.change_roles(session, _found(session, staff_id), tuple(roles))
    except ValueError:
        return _show(request, session, member, problem="last_admin")
    audit.record(session, member.name, "staff.roles", staff_id)
    return see_other("/staff/people?done=changed")


@router.post("/staff/people/{staff_id}/remove")
def remove_person(
    request: Request, session: SessionDep, member: MemberDep, staff_id: str
) -> Response:
    """Remove an account; its sessions end at once."""
    try:
        staff.remove(session, _found(session, staff_id))
    except ValueError:
        return _show(request, session, member, problem="last_admin")
    audit.record(session, member.name, "staff.remove", staff_id)
    return see_other("/staff/people?done=removed")


@router.post("/staff/people/{staff_id}/sign-out")
def sign_out_everywhere(session: SessionDep, member: MemberDep, staff_id: str) -> Response:
    """End every session of somebody; a lost tablet is shut out with its next request."""
    staff.end_sessions(session, _found(session, staff_id).staff_id)
    audit.record(session, member.name, "staff.sign_out_all", staff_id)
    return see_other("/staff/people?done=signed_out")


@router.post("/staff/people/{staff_id}/unlock")
def unlock(session: SessionDep, member: MemberDep, staff_id: str) -> Response:
    """Let somebody try again before the wait after wrong passwords is over."""
    staff.forgive(_found(session, staff_id))
    audit.record(session, member.name, "staff.unlock", staff_id)
    return see_other("/staff/people?done=unlocked")
