"""What every page of a clinic may load: its colours as a style sheet, and its logo."""

from fastapi import APIRouter
from fastapi.responses import Response

from app.clinicfolder.contrast import Shades, shades
from app.deps import HouseDep
from app.errors import AppError

router = APIRouter()


@router.get("/clinic/colours.css")
def colours(house: HouseDep) -> Response:
    """The clinic's colour over the usual one; empty where the clinic has none."""
    colour = house.clinic.clinic.colour
    return style_sheet(colour_rules(shades(colour), ":root") if colour else "")


@router.get("/clinic/logo.png")
def logo(house: HouseDep) -> Response:
    """The clinic's logo."""
    data = house.clinic.now.logo
    if data is None:
        raise AppError("not_found", 404)
    return Response(data, media_type="image/png")


def style_sheet(rules: str) -> Response:
    """Rules as a response."""
    return Response(rules, media_type="text/css; charset=utf-8")


def colour_rules(shade: Shades, place: str) -> str:
    """The rules that colour everything inside a selector, in bright and dark surroundings."""
    bright = f"--primary:{shade.primary};--primary-strong:{shade.strong};"
    dark = f"--primary:{shade.dark_primary};--primary-strong:{shade.dark_strong};"
    dark += f"--primary-soft:{shade.dark_soft};--on-primary:{shade.dark_on}"
    return (
        f"{place}{{{bright}--primary-soft:{shade.soft};--on-primary:#ffffff}}"
        f"{place} .sign-arch{{fill:{shade.primary}}}"
        f"@media (prefers-color-scheme:dark){{{place}{{{dark}}}}}"
    )
