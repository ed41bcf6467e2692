"""What is kept of a file, read from the lists that intake itself goes by."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.deps import HouseDep, SessionDep
from app.intake.deidentify import reasons_in
from app.intake.envelope import IDENTIFIERS
from app.patient.access import chosen_language, find_tablet
from app.patient.showing import show

router = APIRouter()


@router.get("/privacy")
def privacy_page(request: Request, house: HouseDep, session: SessionDep) -> Response:
    """The entries of a file that are kept, each with its reason; all others are left out."""
    tablet = find_tablet(request, house, session)
    kept = reasons_in(chosen_language(request) if tablet is None else tablet.language)
    return show(request, "privacy.html", tablet, kept=kept, filed=IDENTIFIERS)
