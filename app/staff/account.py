"""One's own account: the password, and every place where one is signed in."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.deps import House, HouseDep, SessionDep
from app.errors import AppError
from app.staff.auth import (
    Member,
    MemberDep,
    cookie_name,
    give_cookie,
    see_other,
    staff_page,
    take_cookie,
)
from app.staff.login import MAX_PASSWORD, MIN_PASSWORD, hash_password, is_right
from app.storage import audit, staff
from app.storage.tables import StaffSession

router = APIRouter()


@router.get("/staff/password")
def account_page(
    request: Request, house: HouseDep, session: SessionDep, member: MemberDep
) -> Response:
    """Change one's own password, and look where one is signed in."""
    return _show(request, house, session, member)


def _show(
    request: Request, house: House, session: Session, member: Member, *, problem: str = ""
) -> Response:
    here = _here(request, house, session)
    return staff_page(
        request,
        session,
        member,
        "password.html",
        status=422 if problem else 200,
        problem=problem,
        is_done=False,
        places=staff.live_sessions(session, member.staff_id),
        here=None if here is None else here.session_id,
    )


def _here(request: Request, house: House, session: Session) -> StaffSession | None:
    token = request.cookies.get(cookie_name(house), "")
    found = staff.by_token(session, house.master, token)
    return None if found is None else found[1]


@router.post("/staff/sessions/{session_id}/end")
def end_session(
    request: Request, house: HouseDep, session: SessionDep, member: MemberDep, session_id: str
) -> Response:
    """Sign out one place of one's own; the place itself learns it with its next request."""
    found = staff.find_session(session, member.staff_id, session_id)
    if found is None:
        raise AppError("not_found", 404, "/staff/password")
    here = _here(request, house, session)
    staff.end_session(found)
    audit.record(session, member.name, "staff.session_end", member.staff_id)
    if here is not None and here.session_id == session_id:
        response = see_other("/staff/sign-in")
        take_cookie(response, house)
        return response
    return see_other("/staff/password")


@router.post("/staff/password")
def change_password(
    request: Request,
    house: HouseDep,
    session: SessionDep,
    member: MemberDep,
    old: Annotated[str, Form(max_length=MAX_PASSWORD)] = "",
    new: Annotated[str, Form(max_length=MAX_PASSWORD)] = "",
) -> Response:
    """Change one's own password; every other session of the account ends."""
    row = staff.find(session, member.staff_id)
    assert row is not None
    problem = "" if is_right(row, old) else "old"
    problem = problem or ("" if len(new) >= MIN_PASSWORD else "new")
    if problem:
        return _show(request, house, session, member, problem=problem)
    row.password_hash = hash_password(new)
    staff.end_sessions(session, row.staff_id)
    audit.record(session, member.name, "staff.password", row.staff_id)
    response = staff_page(
        request, session, member, "password.html", problem="", is_done=True, places=[], here=None
    )
    give_cookie(response, house, staff.start_session(session, house.master, row.staff_id))
    return response
