"""Sign-in, sign-out and the first account; the only file that knows how passwords are kept."""

import base64
import hmac
from typing import Annotated

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.deps import House, HouseDep, SessionDep
from app.staff.access import HOME
from app.staff.auth import (
    MemberDep,
    cookie_name,
    give_cookie,
    see_other,
    take_cookie,
)
from app.storage import audit, staff
from app.storage.tables import Staff
from app.web.templating import page

router = APIRouter()
MIN_PASSWORD = 12
MIN_PASSWORD_ON_CONSOLE = 8
MAX_PASSWORD = 200
MAX_NAME = 40
SETUP_CHARS = 20  # base32, so 100 bits


def add_staff(house: House, name: str, roles: tuple[str, ...], password: str) -> None:
    """Make an account; raises ValueError with a sentence for the operator's screen."""
    if len(password) < MIN_PASSWORD_ON_CONSOLE:
        raise ValueError(f"a password has {MIN_PASSWORD_ON_CONSOLE} characters or more")
    with house.sessions() as session, session.begin():
        member = new_account(session, name, roles, password)
        audit.record(session, "console", "staff.add", member.staff_id)


def new_account(session: Session, name: str, roles: tuple[str, ...], password: str) -> Staff:
    """A new account; raises ValueError for a bad name or role, or a name already taken."""
    clean = " ".join(name.split())
    if not 1 <= len(clean) <= MAX_NAME or not clean.isprintable():
        raise ValueError(f"a name has 1 to {MAX_NAME} characters")
    return staff.add(session, clean, hash_password(password), roles)


def hash_password(password: str) -> str:
    """The argon2id hash of a password, with its own salt and costs in it."""
    return _hasher().hash(password[:MAX_PASSWORD])


def _hasher() -> PasswordHasher:
    """argon2id with 19 MiB, two passes and one lane.

    More memory would let forty sign-ins at once take the machine's.

    Source: OWASP Password Storage Cheat Sheet, least argon2id settings.
    """
    return PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


def is_right(member: Staff | None, password: str) -> bool:
    """Whether this is the member's password; as slow for a name that nobody has."""
    if member is None:
        hash_password(password)
        return False
    try:
        return _hasher().verify(member.password_hash, password[:MAX_PASSWORD])
    except (VerificationError, InvalidHashError):
        return False


def setup_code(house: House) -> str:
    """The code for the first account, the same until there is one; good for nothing after that."""
    digest = bytes.fromhex(house.master.digest("first-account", "setup"))
    text = base64.b32encode(digest).decode()[:SETUP_CHARS]
    return "-".join(text[at : at + 5] for at in range(0, SETUP_CHARS, 5))


def announce_first_account(house: House) -> str:
    """What the console says of staff accounts at start."""
    with house.sessions() as session:
        if staff.count(session):
            return "  Sign in with your staff account."
    return (
        "  No staff account yet. Open the staff address and type this one-time code:\n"
        f"    {setup_code(house)}\n"
        "  or run: python -m app add-staff NAME --role admin"
    )


@router.get("/staff")
def home(member: MemberDep) -> Response:
    """Send a member to the page of their first role."""
    return see_other(next(address for role, address in HOME if role in member.roles))


@router.get("/staff/first")
def first_account(request: Request, session: SessionDep) -> Response:
    """The page that makes the first account."""
    if staff.count(session):
        return see_other("/staff/sign-in")
    return page(request, "staff/first.html", "en", problem="")


@router.post("/staff/first")
def make_first_account(
    request: Request,
    house: HouseDep,
    session: SessionDep,
    code: Annotated[str, Form(max_length=60)] = "",
    name: Annotated[str, Form(max_length=MAX_NAME)] = "",
    password: Annotated[str, Form(max_length=MAX_PASSWORD)] = "",
) -> Response:
    """Make the first account, an admin who also keeps the library, and sign it in."""
    if staff.count(session):
        return see_other("/staff/sign-in")
    typed = "".join(char for char in code.upper() if char.isalnum())
    problem = ""
    if not hmac.compare_digest(typed.encode(), setup_code(house).replace("-", "").encode()):
        problem = "code"
    elif not name.strip():
        problem = "name"
    elif len(password) < MIN_PASSWORD:
        problem = "password"
    if problem:
        return page(request, "staff/first.html", "en", status=422, problem=problem)
    member = new_account(session, name, staff.ROLES, password)
    audit.record(session, member.name, "staff.first", member.staff_id)
    return _sign_in(house, session, member)


@router.get("/staff/sign-in")
def sign_in_page(request: Request, session: SessionDep) -> Response:
    """The sign-in page, or the one for the first account."""
    if not staff.count(session):
        return see_other("/staff/first")
    return page(request, "staff/sign_in.html", "en", has_failed=False)


@router.post("/staff/sign-in")
def sign_in(
    request: Request,
    house: HouseDep,
    session: SessionDep,
    name: Annotated[str, Form(max_length=MAX_NAME)] = "",
    password: Annotated[str, Form(max_length=MAX_PASSWORD)] = "",
) -> Response:
    """Check name and password; a wrong pair, a resting account and no account look alike."""
    member = staff.by_name(session, " ".join(name.split()))
    fits = is_right(member, password)
    if member is not None and fits and not staff.is_locked(member):
        staff.forgive(member)
        audit.record(session, member.name, "staff.sign_in", member.staff_id)
        return _sign_in(house, session, member)
    if member is not None and not staff.is_locked(member):
        staff.count_failure(member)
        audit.record(session, "somebody", "staff.sign_in_failed", member.staff_id)
    return page(request, "staff/sign_in.html", "en", status=401, has_failed=True)


def _sign_in(house: House, session: Session, member: Staff) -> Response:
    response = see_other("/staff")
    give_cookie(response, house, staff.start_session(session, house.master, member.staff_id))
    return response


@router.post("/staff/sign-out")
def sign_out(request: Request, house: HouseDep, session: SessionDep, member: MemberDep) -> Response:
    """End the session on the server and in the browser."""
    found = staff.by_token(session, house.master, request.cookies.get(cookie_name(house), ""))
    if found is not None:
        staff.end_session(found[1])
    audit.record(session, member.name, "staff.sign_out", member.staff_id)
    response = see_other("/staff/sign-in")
    take_cookie(response, house)
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response
