"""The application: house, middleware, routers and the translation of errors."""

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse, Response
from fastapi.staticfiles import StaticFiles

from app.delivery.dicomweb import router as dicomweb_router
from app.deps import House
from app.errors import AppError, SignInNeeded, VisitNeeded
from app.intake.limits import MIB
from app.intake.opening import Openings
from app.outbox import Outbox
from app.patient.access import chosen_language
from app.patient.pages import router as patient_router
from app.patient.reading import reading_of
from app.staff.pages import router as staff_router
from app.web.body_limit import BodyLimit
from app.web.clinic import router as clinic_router
from app.web.health import router as health_router
from app.web.security import SameOriginOnly, SecurityHeaders
from app.web.templating import ROOT, page


def make_app(house: House) -> FastAPI:
    """The ASGI application around an open house."""
    app = FastAPI(title="Anteroom", docs_url=None, redoc_url=None)
    app.state.house = house
    app.state.outbox = Outbox(house)
    app.state.openings = Openings()
    app.mount("/static", StaticFiles(directory=ROOT / "static"), name="static")
    for router in (health_router, clinic_router, dicomweb_router, patient_router, staff_router):
        app.include_router(router)
    app.add_exception_handler(AppError, _show_error)
    app.add_exception_handler(SignInNeeded, _to_sign_in)
    app.add_exception_handler(VisitNeeded, _to_start)
    app.add_exception_handler(RequestValidationError, _show_not_understood)
    app.add_exception_handler(404, _show_not_found)
    app.add_exception_handler(413, _show_too_large)
    app.add_exception_handler(500, _show_broken)
    limit = house.settings.max_upload_mb * MIB + MIB  # the form around a file needs room too
    app.add_middleware(BodyLimit, max_bytes=limit, refuse=_show_too_large)
    app.add_middleware(SameOriginOnly, public_url=house.settings.public_url)
    app.add_middleware(SecurityHeaders, is_https=house.settings.public_url.startswith("https"))
    return app


def _language(request: Request) -> str:
    language: str = getattr(request.state, "language", "") or chosen_language(request)
    return language


def _show_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, AppError)
    is_staff = _start_of(request) == "/staff"
    name, language = ("staff", "en") if is_staff else ("errors", _language(request))
    way_back = "/staff" if is_staff and error.next_address == "/" else error.next_address
    values: dict[str, Any] = {"key": error.key, "next_address": way_back}  # Any: of a template
    if not is_staff:
        values["reading"] = reading_of(request)
    return page(request, f"{name}/error.html", language, status=error.status, **values)


def _to_sign_in(_request: Request, _error: Exception) -> Response:
    return RedirectResponse("/staff/sign-in", status_code=303)


def _to_start(_request: Request, _error: Exception) -> Response:
    return RedirectResponse("/", status_code=303)


def _show_not_found(request: Request, _error: Exception) -> Response:
    return _show_error(request, AppError("not_found", 404))


def _show_not_understood(request: Request, _error: Exception) -> Response:
    """A page for people; what a machine sent wrongly, and its words, stay out of it."""
    return _show_error(request, AppError("not_understood", 422, _start_of(request)))


def _start_of(request: Request) -> str:
    path = request.url.path
    return "/staff" if path == "/staff" or path.startswith("/staff/") else "/"


def _show_too_large(request: Request, _error: Exception) -> Response:
    return _show_error(
        request,
        AppError("too_large", 413, "/staff" if _start_of(request) == "/staff" else "/upload"),
    )


def _show_broken(request: Request, _error: Exception) -> Response:
    return _show_error(request, AppError("broken_page", 500))
