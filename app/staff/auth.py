"""Who is behind a request: the staff cookie, the session in the database, the access table."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy.orm import Session

from app.deps import House, HouseDep, SessionDep
from app.errors import AppError, SignInNeeded
from app.staff.access import ACCESS
from app.storage import alerts, staff
from app.web.templating import page


@dataclass(frozen=True)
class Member:
    """The staff member of a request."""

    staff_id: str
    name: str
    roles: frozenset[str]

    @property
    def cares(self) -> bool:
        """Whether visits and alerts are theirs."""
        return bool(self.roles & {"nurse", "doctor"})


def cookie_name(house: House) -> str:
    """The cookie of the staff session; browsers tie a `__Host-` cookie to https and one host."""
    return "__Host-anteroom-staff" if _is_https(house) else "anteroom-staff"


def _is_https(house: House) -> bool:
    return house.settings.public_url.startswith("https://")


def give_cookie(response: Response, house: House, token: str) -> None:
    """Hand the browser its token, for this browser session only."""
    response.set_cookie(
        cookie_name(house),
        token,
        path="/",
        secure=_is_https(house),
        httponly=True,
        samesite="strict",
    )


def take_cookie(response: Response, house: House) -> None:
    """Take the token away from the browser."""
    response.delete_cookie(
        cookie_name(house), path="/", secure=_is_https(house), httponly=True, samesite="strict"
    )


def admit(request: Request, house: HouseDep, session: SessionDep) -> Member | None:
    """Hold a request against the access table; None on a public route.

    Raises:
        SignInNeeded: nobody is signed in, or the session has ended.
        AppError: the route is not in the table, or none of the member's roles may use it.
    """
    entry = ACCESS.get((request.method, request.scope["route"].path))
    if entry is None:
        raise AppError("forbidden", 403, "/staff")
    if entry.is_public:
        return None
    token = request.cookies.get(cookie_name(house), "")
    found = staff.by_token(session, house.master, token, even_idle=entry.listens)
    if found is None:
        raise SignInNeeded
    member = Member(found[0].staff_id, found[0].name, frozenset(found[0].roles))
    if not member.roles & entry.roles:
        raise AppError("forbidden", 403, "/staff")
    if entry.listens:
        staff.listen(found[1])
    else:
        staff.touch(found[1])
    return member


def signed_in(member: Annotated[Member | None, Depends(admit)]) -> Member:
    """The member behind a request to a route that is not public."""
    assert member is not None, "a public route asked for a member"
    return member


MemberDep = Annotated[Member, Depends(signed_in)]


def staff_page(
    request: Request,
    session: Session,
    member: Member,
    name: str,
    *,
    status: int = 200,
    **values: Any,  # whatever the template takes
) -> HTMLResponse:
    """Render templates/staff/NAME with what every staff page carries.

    Calls that nobody hears are said on every page, to every role: somebody has to go.
    """
    waiting = len(alerts.unseen(session))
    return page(
        request,
        f"staff/{name}",
        "en",
        status=status,
        member=member,
        open_alerts=waiting if member.cares else 0,
        is_unheard=bool(waiting) and not alerts.is_someone_listening(session),
        **values,
    )


def see_other(address: str) -> RedirectResponse:
    """The answer to every changing request: look there now."""
    return RedirectResponse(address, status_code=303)
