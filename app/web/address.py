"""The address of this house as other machines reach it, and the same as a square to scan."""

import io

import segno
from fastapi import Request
from markupsafe import Markup

from app.deps import House


def home_address(house: House, request: Request) -> str:
    """The address as people type it, with the slash at its end."""
    return (house.settings.public_url or str(request.base_url)).rstrip("/") + "/"


def square(text: str) -> Markup:
    """A QR as a drawing within the page: no address of its own, so nothing keeps it."""
    target = io.BytesIO()
    segno.make(text, error="m", micro=False).save(
        target,
        kind="svg",
        scale=7,
        border=3,
        xmldecl=False,
        omitsize=True,
        svgclass="qr",
        lineclass=None,
    )
    return Markup(target.getvalue().decode())
