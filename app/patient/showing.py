"""What every patient page needs to be shown: language, idle time, whether a visit is on."""

from typing import Any, Final

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse

from app.patient.access import WARNING_SECONDS, Tablet, chosen_language
from app.patient.reading import reading_of
from app.web.templating import page

AFTER_FORM: Final = {"/start": "/", "/finish": "/", "/erase": "/"}
"""Forms whose answer is a page of another address."""


def show(
    request: Request, name: str, tablet: Tablet | None, *, status: int = 200, **values: Any
) -> HTMLResponse:  # Any: whatever the template takes
    """A page of templates/patient in the language of the visit, or of the browser."""
    language = chosen_language(request) if tablet is None else tablet.language
    settings = request.app.state.house.settings
    return page(
        request,
        f"patient/{name}",
        language,
        status=status,
        here=here(request),
        reading=reading_of(request),
        has_visit=tablet is not None,
        idle_seconds=settings.idle_seconds,
        warning_seconds=min(WARNING_SECONDS, settings.idle_seconds // 2),
        **values,
    )


def here(request: Request) -> str:
    """The address that shows the page at hand again: where a change of language goes back to."""
    if request.method == "GET":
        query = f"?{request.url.query}" if request.url.query else ""
        return f"{request.url.path}{query}"
    path = request.url.path
    return AFTER_FORM.get(path, path.removesuffix("/ask").removesuffix("/find"))


def go_to(address: str) -> RedirectResponse:
    """After a change: the page that shows it, by GET, so that a reload repeats nothing."""
    return RedirectResponse(address, status_code=303)


def own_address(typed: str, otherwise: str = "/") -> str:
    """An address inside this site; anything else becomes the page named otherwise."""
    is_own = typed.startswith("/") and not typed.startswith(("//", "/\\"))
    return typed if is_own and typed.isprintable() else otherwise
