"""The cookie that says which tablet of the clinic a browser is; it outlives every visit."""

from datetime import timedelta
from typing import Final

from fastapi import Request
from fastapi.responses import Response

from app.settings import Settings

LASTS: Final = timedelta(days=400)
"""The longest that browsers keep a cookie; every pairing starts it anew."""


def cookie_name(settings: Settings) -> str:
    """Browsers tie a `__Host-` cookie to https and one host."""
    return "__Host-anteroom-tablet" if _is_https(settings) else "anteroom-tablet"


def token_of(request: Request, settings: Settings) -> str:
    """The token of a paired browser; empty for any other."""
    return request.cookies.get(cookie_name(settings), "")


def give(response: Response, settings: Settings, token: str) -> None:
    """Hand the browser its token, out of reach for scripts and other sites."""
    response.set_cookie(
        cookie_name(settings),
        token,
        path="/",
        max_age=int(LASTS.total_seconds()),
        secure=_is_https(settings),
        httponly=True,
        samesite="strict",
    )


def _is_https(settings: Settings) -> bool:
    return settings.public_url.startswith("https")
