"""Turns: what was asked, what the model wrote, what the patient was shown."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.storage.tables import Turn, new_id, now
from app.storage.visits import OpenedVisit

TURN_KINDS = ("what", "healthy", "might", "question")


@dataclass(frozen=True)
class Asked:
    """A question with the verdict of the input check."""

    kind: str
    question: str
    language: str
    verdict: str
    rule: str
    policy_version: str
    scan_id: str | None = None
    slice_number: int | None = None
    shown: str | None = None
    note: str | None = None


@dataclass(frozen=True)
class Answered:
    """What came back for a turn, with the verdict of the output check."""

    raw: str
    shown: str
    verdict: str
    rule: str
    policy_version: str
    adapter: str | None
    model_seconds: float
    mean_logprob: float
    note: str | None = None


def add_turn(session: Session, opened: OpenedVisit, asked: Asked) -> Turn:
    """Store a question; one that already has its text (`shown`) needs no model."""
    turn_id = new_id()
    turn = Turn(
        turn_id=turn_id,
        visit_id=opened.visit.visit_id,
        scan_id=asked.scan_id,
        slice_number=asked.slice_number,
        kind=asked.kind,
        language=asked.language,
        question=opened.vault.seal(asked.question.encode(), f"turns.question:{turn_id}"),
        input_verdict=asked.verdict,
        input_rule=asked.rule,
        policy_version=asked.policy_version,
        note=asked.note,
    )
    if asked.shown is not None:
        turn.shown = opened.vault.seal(asked.shown.encode(), f"turns.shown:{turn_id}")
        turn.status, turn.answered_at = "answered", now()
    session.add(turn)
    return turn


def store_answer(opened: OpenedVisit, turn: Turn, answered: Answered) -> None:
    """Keep raw text, shown text and verdict of a turn."""
    vault, turn_id = opened.vault, turn.turn_id
    turn.raw = vault.seal(answered.raw.encode(), f"turns.raw:{turn_id}")
    turn.shown = vault.seal(answered.shown.encode(), f"turns.shown:{turn_id}")
    turn.output_verdict, turn.output_rule = answered.verdict, answered.rule
    turn.policy_version, turn.adapter = answered.policy_version, answered.adapter
    turn.model_seconds, turn.mean_logprob = answered.model_seconds, answered.mean_logprob
    turn.note = answered.note or turn.note
    turn.status, turn.answered_at = "answered", now()


def question_of(opened: OpenedVisit, turn: Turn) -> str:
    """The patient's own words."""
    return opened.vault.open(turn.question, f"turns.question:{turn.turn_id}").decode()


def shown_of(opened: OpenedVisit, turn: Turn) -> str | None:
    """The text for the patient, or None while it is not final."""
    if turn.shown is None:
        return None
    return opened.vault.open(turn.shown, f"turns.shown:{turn.turn_id}").decode()


def raw_of(opened: OpenedVisit, turn: Turn) -> str | None:
    """The raw model text: for the doctor's page, never for a patient's."""
    if turn.raw is None:
        return None
    return opened.vault.open(turn.raw, f"turns.raw:{turn.turn_id}").decode()


def release(opened: OpenedVisit, turn: Turn, words: str) -> None:
    """Keep the doctor's wording of an answer, shown at level full; empty words take it back."""
    sealed = opened.vault.seal(words.encode(), f"turns.released:{turn.turn_id}")
    turn.released = sealed if words else None


def released_of(opened: OpenedVisit, turn: Turn) -> str | None:
    """The doctor's wording of an answer, or None."""
    if turn.released is None:
        return None
    return opened.vault.open(turn.released, f"turns.released:{turn.turn_id}").decode()


def all_of_visit(session: Session, visit_id: str) -> list[Turn]:
    """The turns of a visit in the order they were asked."""
    query = select(Turn).where(Turn.visit_id == visit_id).order_by(Turn.asked_at)
    return list(session.scalars(query))


def answered_before(
    session: Session, opened: OpenedVisit, turn: Turn, adapter: str | None
) -> Turn | None:
    """An answered turn with the same words about the same picture, through this adapter."""
    query = select(Turn).where(
        Turn.visit_id == turn.visit_id,
        Turn.turn_id != turn.turn_id,
        Turn.kind == turn.kind,
        Turn.language == turn.language,
        Turn.scan_id.is_not_distinct_from(turn.scan_id),
        Turn.slice_number.is_not_distinct_from(turn.slice_number),
        Turn.adapter.is_not_distinct_from(adapter),
        Turn.raw.is_not(None),
        Turn.model_seconds > 0,
    )
    asked = question_of(opened, turn)
    return next((one for one in session.scalars(query) if question_of(opened, one) == asked), None)


def find(session: Session, visit_id: str, turn_id: str) -> Turn | None:
    """A turn of this visit, or None."""
    turn = session.get(Turn, turn_id)
    return turn if turn is not None and turn.visit_id == visit_id else None


def waiting_before(session: Session, turn: Turn) -> int:
    """How many questions stand before this one."""
    query = select(func.count()).where(
        Turn.status.in_(("asked", "answering")), Turn.asked_at < turn.asked_at
    )
    return session.scalar(query) or 0
