"""Who holds the tablet: its cookie, the visit behind it, and how often a code may be guessed."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Lock
from typing import Annotated, Final

from fastapi import Depends, Request, Response
from sqlalchemy.orm import Session

from app.deps import House, HouseDep, SessionDep
from app.errors import AppError, VisitNeeded
from app.settings import Settings
from app.storage import visits
from app.storage.tables import TabletSession, now
from app.storage.visits import OpenedVisit

LANGUAGE_COOKIE: Final = "anteroom-language"
READING_COOKIE: Final = "anteroom-reading"
"""Size of letters, more pictures, somebody helping: app/patient/reading.py."""
WARNING_SECONDS: Final = 30
"""The page warns this long before the idle time ends; the server waits as long once more."""
TOUCH_SECONDS: Final = 5
MAX_TRIES: Final = 10
TRIES_SECONDS: Final = 15 * 60
FREE_TRIES: Final = 3
MAX_CLIENTS: Final = 10_000


@dataclass(frozen=True)
class Tablet:
    """A live tablet session and the visit it is on."""

    opened: OpenedVisit
    row: TabletSession
    language: str

    @property
    def visit_id(self) -> str:
        """The visit this tablet is on."""
        return self.opened.visit.visit_id


def cookie_name(settings: Settings) -> str:
    """The cookie of a tablet session; browsers accept the prefix over https alone."""
    return "__Host-anteroom-visit" if _is_https(settings) else "anteroom-visit"


def set_cookie(response: Response, settings: Settings, token: str) -> None:
    """Hand the token to this browser, until it is closed."""
    response.set_cookie(
        cookie_name(settings),
        token,
        path="/",
        secure=_is_https(settings),
        httponly=True,
        samesite="strict",
    )


def set_choice(response: Response, settings: Settings, name: str, value: str) -> None:
    """Keep a small choice in this browser, until it is closed."""
    secure = _is_https(settings)
    response.set_cookie(name, value, path="/", secure=secure, httponly=True, samesite="strict")


def forget_cookies(response: Response, settings: Settings) -> None:
    """Take everything out of this browser."""
    for name in (cookie_name(settings), LANGUAGE_COOKIE, READING_COOKIE):
        response.delete_cookie(name, path="/", secure=_is_https(settings), samesite="strict")
    # Not "cookies": the one that says which tablet of the clinic this is must stay.
    response.headers["Clear-Site-Data"] = '"cache", "storage"'


def _is_https(settings: Settings) -> bool:
    return settings.public_url.startswith("https")


def chosen_language(request: Request) -> str:
    """The language chosen in this browser, English before any choice."""
    house: House = request.app.state.house
    language = request.cookies.get(LANGUAGE_COOKIE, "en")
    return language if language in house.clinic.languages else "en"


def note_language(request: Request) -> None:
    """Let error pages speak the language of this browser too."""
    request.state.language = chosen_language(request)


def find_tablet(
    request: Request, house: House, session: Session, *, is_use: bool = True
) -> Tablet | None:
    """The live tablet session of this browser; `is_use` says that a person did something."""
    token = request.cookies.get(cookie_name(house.settings), "")
    idle = timedelta(seconds=house.settings.idle_seconds + WARNING_SECONDS)
    found = visits.find_by_tablet(session, house.master, token, idle) if token else None
    if found is None:
        return None
    opened, row = found
    if is_use and row.last_seen_at < now() - timedelta(seconds=TOUCH_SECONDS):
        row.last_seen_at = now()
    language = opened.visit.language
    request.state.language = language if language in house.clinic.languages else "en"
    return Tablet(opened, row, request.state.language)


def _needed(*, is_use: bool) -> Callable[[Request, House, Session], Tablet]:
    def need(request: Request, house: HouseDep, session: SessionDep) -> Tablet:
        tablet = find_tablet(request, house, session, is_use=is_use)
        if tablet is None:
            raise VisitNeeded
        return tablet

    return need


need_tablet = _needed(is_use=True)
watch_tablet = _needed(is_use=False)


def need_consent(tablet: Annotated[Tablet, Depends(need_tablet, scope="function")]) -> Tablet:
    """A tablet whose patient has agreed; raises AppError with the way to that page."""
    return _agreed(tablet)


def watch_consent(tablet: Annotated[Tablet, Depends(watch_tablet, scope="function")]) -> Tablet:
    """The same for what a page asks for by itself, which is no use of the tablet."""
    return _agreed(tablet)


def _agreed(tablet: Tablet) -> Tablet:
    if tablet.opened.visit.consented_at is None:
        raise AppError("consent_needed", 403, "/consent")
    return tablet


MaybeUse = Annotated[Tablet, Depends(need_tablet, scope="function")]
Use = Annotated[Tablet, Depends(need_consent, scope="function")]
Watch = Annotated[Tablet, Depends(watch_consent, scope="function")]


@dataclass
class CodeTries:
    """Wrong codes per client within a quarter of an hour; every next one waits longer."""

    clock: Callable[[], float] = time.monotonic
    _failed: dict[str, list[float]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def wait_seconds(self, client: str) -> float:
        """How long this client must wait before the next try; 0 for now."""
        with self._lock:
            tries = self._recent(client)
            if len(tries) >= MAX_TRIES:
                return tries[0] + TRIES_SECONDS - self.clock()
            if len(tries) <= FREE_TRIES:
                return 0.0
            pause = 2.0 ** (len(tries) - FREE_TRIES)
            return max(0.0, tries[-1] + pause - self.clock())

    def failed(self, client: str) -> None:
        """Note a wrong code."""
        with self._lock:
            if len(self._failed) >= MAX_CLIENTS:
                self._failed.pop(next(iter(self._failed)))
            self._failed[client] = [*self._recent(client), self.clock()]

    def _recent(self, client: str) -> list[float]:
        oldest = self.clock() - TRIES_SECONDS
        return [at for at in self._failed.get(client, []) if at > oldest]


def code_tries(request: Request) -> CodeTries:
    """The counter of this application."""
    state = request.app.state
    if not hasattr(state, "code_tries"):
        state.code_tries = CodeTries()
    tries: CodeTries = state.code_tries
    return tries


def client_of(request: Request) -> str:
    """The address a request comes from."""
    return request.client.host if request.client else "unknown"
