"""The question list: suggested ones, own words, order; all of it lives on the server."""

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.deps import House, HouseDep, SessionDep
from app.errors import AppError
from app.guardrail.check import Scan as GuardScan
from app.patient.access import Tablet, Use
from app.patient.forms import MAX_LISTED, MAX_LISTED_CHARS, Typed
from app.patient.release import allowed
from app.patient.showing import go_to, own_address, show
from app.patient.start import next_address
from app.report.compose import marked_structures
from app.storage import questions, scans, turns
from app.storage.questions import Question

router = APIRouter()
SOURCES = ("own", "suggested")
MAX_PARTS = 6
"""Parts with a question of their own; more would bury the others."""


def suggestions(house: House, language: str, listed: list[Question]) -> list[str]:
    """Questions worth asking, the same for everybody, without those on the list already."""
    have = {question.text.casefold() for question in listed}
    asked = house.guard.suggested_questions(language, GuardScan())
    return [text for text in asked if text.casefold() not in have]


def _named_parts(session: Session, house: House, tablet: Tablet) -> list[str]:
    """The parts that were named in any picture of this visit, each once."""
    if not allowed(tablet.opened.visit).look:
        return []
    names: list[str] = []
    for row in scans.all_of_visit(session, tablet.visit_id):
        marked = scans.regions_of(session, tablet.opened, row)
        parts = marked_structures(marked, house.catalogue, tablet.language)
        names += [f"{part.name[:1].upper()}{part.name[1:]}" for part in parts]
    return list(dict.fromkeys(names))[:MAX_PARTS]


@router.get("/questions")
def list_page(request: Request, house: HouseDep, session: SessionDep, tablet: Use) -> Response:
    """The list in big print, with everything that can be done to it."""
    return _page(request, house, session, tablet)


def _page(
    request: Request, house: House, session: Session, tablet: Tablet, error: str = ""
) -> Response:
    listed = questions.all_of_visit(session, tablet.opened)
    values = {
        "listed": listed,
        "suggested": suggestions(house, tablet.language, listed),
        "have": {question.text.casefold() for question in listed},
        "parts": _named_parts(session, house, tablet),
        "go_back": next_address(session, tablet.opened),
        "error": error,
    }
    return show(request, "questions.html", tablet, status=422 if error else 200, **values)


@router.post("/questions")
def add_question(
    request: Request,
    house: HouseDep,
    session: SessionDep,
    tablet: Use,
    text: Typed = "",
    source: Typed = "own",
    back: Typed = "/questions",
) -> Response:
    """Put a line on the list."""
    words = " ".join(text.split())[:MAX_LISTED_CHARS]
    if not words:
        return _page(request, house, session, tablet, "question_empty")
    if len(questions.all_of_visit(session, tablet.opened)) >= MAX_LISTED:
        return _page(request, house, session, tablet, "list_full")
    questions.add(session, tablet.opened, words, source if source in SOURCES else "own")
    return go_to(own_address(back, "/questions"))


@router.post("/questions/turn/{turn_id}")
def add_turn(
    session: SessionDep, tablet: Use, turn_id: str, back: Typed = "/questions"
) -> Response:
    """Put a question that was asked here on the list for the doctor."""
    turn = turns.find(session, tablet.visit_id, turn_id)
    if turn is None:
        raise AppError("not_found", 404, "/questions")
    words = " ".join(turns.question_of(tablet.opened, turn).split())[:MAX_LISTED_CHARS]
    questions.add(session, tablet.opened, words, "turn")
    return go_to(own_address(back, "/questions"))


@router.post("/questions/{question_id}/remove")
def remove_question(session: SessionDep, tablet: Use, question_id: str) -> Response:
    """Take a line off the list."""
    if not questions.remove(session, tablet.visit_id, question_id):
        raise AppError("not_found", 404, "/questions")
    return go_to("/questions")


@router.post("/questions/{question_id}/move")
def move_question(
    session: SessionDep, tablet: Use, question_id: str, direction: Typed = "up"
) -> Response:
    """Move a line one place up or down."""
    steps = 1 if direction == "down" else -1
    if not questions.move(session, tablet.visit_id, question_id, steps):
        raise AppError("not_found", 404, "/questions")
    return go_to("/questions")
