"""The turns of a visit as its page shows them: when an answer is due, and which may be seen."""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from app.patient.release import Allowed
from app.storage import turns
from app.storage.tables import Turn, now
from app.storage.visits import OpenedVisit

TICK_SECONDS = 1.0
SAVED = "release_level"
"""The rule of a question that was kept for the doctor because of the level it was asked at."""
UNREAD = "ask.unread_language"
"""The rule of a question in a language that is not read well enough."""
PERSON_AT_RISK = "person_at_risk"
"""The kind of a call that must not be seen on the screen by whoever stands beside."""


@dataclass(frozen=True)
class TurnOnPage:
    """One question and its answer; `text` is None while it is not final.

    `is_saved`: the question waits for the doctor, no answer is shown. `is_urgent`: what to do now.
    `by_doctor`: the answer is a doctor's wording. `is_unread`: in a language that is not read.
    """

    turn_id: str
    kind: str
    question: str
    text: str | None
    before: int
    is_saved: bool
    is_urgent: bool
    by_doctor: bool = False
    is_unread: bool = False


def is_due(turn: Turn, floor_seconds: float, at: datetime) -> bool:
    """Whether a finished answer may be seen: after the floor, then on whole ticks only.

    Every answer waits alike, so that neither its length nor what the guard did shows in time.
    An emergency does not wait.
    """
    if turn.answered_at is None:
        return False
    if called_staff(turn):
        return True
    taken = (turn.answered_at - turn.asked_at).total_seconds()
    ticks = math.ceil(max(0.0, taken - floor_seconds) / TICK_SECONDS)
    return at >= turn.asked_at + timedelta(seconds=floor_seconds + ticks * TICK_SECONDS)


def called_staff(turn: Turn) -> bool:
    """Whether the question called for staff."""
    return turn.input_verdict == "escalate"


def may_show_answer(turn: Turn, can: Allowed) -> bool:
    """Whether the answer of a turn may be seen at this level.

    Without conditions only anatomy is shown: what the guard left word for word, and fixed texts.
    """
    if called_staff(turn) or can.conditions:
        return True
    if not can.look or turn.kind == "might" or turn.input_verdict == "soften":
        return False
    return turn.kind in ("what", "healthy") or turn.output_verdict in (None, "allow")


def on_page(
    session: Session, opened: OpenedVisit, can: Allowed, floor_seconds: float
) -> list[TurnOnPage]:
    """The turns of a visit in their order; an answer is shown only after the ones before it."""
    shown: list[TurnOnPage] = []
    at, is_open = now(), True
    for turn in turns.all_of_visit(session, opened.visit.visit_id):
        may_show = may_show_answer(turn, can)
        is_ready = is_due(turn, floor_seconds, at) and (is_open or called_staff(turn))
        is_open = is_open and is_ready
        is_saved = is_ready and (not may_show or turn.input_rule == SAVED)
        released = turns.released_of(opened, turn) if can.doctors_words else None
        words = released or turns.shown_of(opened, turn)
        text = words if is_ready and not is_saved else None
        shown.append(
            TurnOnPage(
                turn_id=turn.turn_id,
                kind=turn.kind,
                question=turns.question_of(opened, turn),
                text=text,
                before=0 if is_ready else turns.waiting_before(session, turn),
                is_saved=is_saved,
                is_urgent=called_staff(turn) and turn.note != PERSON_AT_RISK,
                by_doctor=bool(released and text),
                is_unread=is_ready and turn.input_rule == UNREAD,
            )
        )
    return shown
