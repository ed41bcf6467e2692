"""A card for whoever reads none of the languages of the pages: their own, to show to staff."""

from dataclasses import dataclass
from functools import cache
from typing import Final

import yaml
from babel import Locale
from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.deps import HouseDep, SessionDep
from app.i18n import LOCALES, direction, own_name
from app.patient.access import chosen_language, find_tablet
from app.patient.showing import show
from app.patient.start import next_address

router = APIRouter()
FILE: Final = LOCALES / "staff_card.yaml"


@dataclass(frozen=True)
class Card:
    """One language: what it calls itself, the sentence in it, and its name for the staff."""

    code: str
    direction: str
    own_name: str
    says: str
    staff_name: str


@cache
def cards(language: str) -> tuple[Card, ...]:
    """The cards in the order of the file; `language`: the one that staff read."""
    said = yaml.safe_load(FILE.read_text(encoding="utf-8"))["cards"]
    names = Locale.parse(language).languages
    return tuple(
        Card(code, direction(code), own_name(code), says, str(names.get(code, code)))
        for code, says in said.items()
    )


@router.get("/card")
def staff_card(request: Request, house: HouseDep, session: SessionDep) -> Response:
    """Every card; open to everybody, with a visit or without."""
    tablet = find_tablet(request, house, session)
    language = chosen_language(request) if tablet is None else tablet.language
    go_back = "/" if tablet is None else next_address(session, tablet.opened)
    return show(request, "card.html", tablet, cards=cards(language), go_back=go_back)
