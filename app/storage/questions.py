"""The question list of a visit."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.storage.tables import ListedQuestion, new_id
from app.storage.visits import OpenedVisit


@dataclass(frozen=True)
class Question:
    """One line: where it came from is 'suggested', 'own' or 'turn'."""

    question_id: str
    text: str
    source: str


def add(session: Session, opened: OpenedVisit, text: str, source: str) -> str | None:
    """Put a question at the end; None when the same words already stand there."""
    if any(q.text.casefold() == text.casefold() for q in all_of_visit(session, opened)):
        return None
    question_id, visit_id = new_id(), opened.visit.visit_id
    last = session.scalar(
        select(func.max(ListedQuestion.position)).where(ListedQuestion.visit_id == visit_id)
    )
    session.add(
        ListedQuestion(
            question_id=question_id,
            visit_id=visit_id,
            position=(last or 0) + 1,
            text=opened.vault.seal(text.encode(), f"listed_questions.text:{question_id}"),
            source=source,
        )
    )
    session.flush()
    return question_id


def all_of_visit(session: Session, opened: OpenedVisit) -> list[Question]:
    """The list in its order."""
    return [_opened(opened, row) for row in _rows(session, opened.visit.visit_id)]


def _rows(session: Session, visit_id: str) -> list[ListedQuestion]:
    query = select(ListedQuestion).where(ListedQuestion.visit_id == visit_id)
    return list(session.scalars(query.order_by(ListedQuestion.position)))


def _opened(opened: OpenedVisit, row: ListedQuestion) -> Question:
    text = opened.vault.open(row.text, f"listed_questions.text:{row.question_id}").decode()
    return Question(row.question_id, text, row.source)


def remove(session: Session, visit_id: str, question_id: str) -> bool:
    """Take one line away; False when it is not on this list."""
    row = session.get(ListedQuestion, question_id)
    if row is None or row.visit_id != visit_id:
        return False
    session.delete(row)
    session.flush()
    return True


def move(session: Session, visit_id: str, question_id: str, steps: int) -> bool:
    """Move one line up (negative) or down; False when it is not on this list."""
    rows = _rows(session, visit_id)
    places = [place for place, row in enumerate(rows) if row.question_id == question_id]
    if not places:
        return False
    target = min(max(places[0] + steps, 0), len(rows) - 1)
    rows.insert(target, rows.pop(places[0]))
    for position, row in enumerate(rows, start=1):
        row.position = position
    return True
