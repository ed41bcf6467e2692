"""The design on one page: type, colours, components, icons and the structures' colours."""

import re
from dataclasses import dataclass
from typing import Final

from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.analysis.overlay import PATTERN_STROKES
from app.deps import House, HouseDep, SessionDep
from app.staff.auth import MemberDep, staff_page
from app.web.clinic import style_sheet
from app.web.templating import ROOT

router = APIRouter()
SHEET: Final = ROOT / "static" / "css" / "base.css"
TOKENS: Final = re.compile(r":root \{(.*?)\}", re.DOTALL)


@dataclass(frozen=True)
class Shown:
    """A structure as the swatch of the patient's page takes it."""

    number: int
    name: str
    group: str
    colour: str
    pattern: str


@router.get("/staff/design")
def show_design(
    request: Request, house: HouseDep, session: SessionDep, member: MemberDep
) -> Response:
    """Every component as it is, in bright and dark surroundings and from right to left."""
    return staff_page(
        request,
        session,
        member,
        "design.html",
        structures=_structures(house),
        strokes=PATTERN_STROKES,
        tokens=re.findall(r"--([\w-]+): #", _tokens()[0]),
        icons=re.findall(
            r'name == "(\w+)"', (ROOT / "templates" / "icons.html").read_text("utf-8")
        ),
    )


@router.get("/staff/design.css")
def surroundings() -> Response:
    """The tokens of base.css once more as two classes, so that both stand on one page."""
    bright, dark = _tokens()[:2]
    return style_sheet(f".as-bright {{color-scheme: light;{bright}}} .as-dark {{{dark}}}")


def _tokens() -> list[str]:
    found = TOKENS.findall(SHEET.read_text(encoding="utf-8"))
    return [found[0].replace("color-scheme: light dark;", ""), f"color-scheme: dark;{found[1]}"]


def _structures(house: House) -> list[Shown]:
    known = sorted(house.catalogue.structures.values(), key=lambda one: (one.group, one.rank))
    return [
        Shown(at, one.text("en").name, one.group, one.colour, one.pattern)
        for at, one in enumerate(known, start=1)
    ]
