"""A question is asked: the emergency check first, then the level, then a row for the worker."""

from dataclasses import dataclass

import structlog
from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.analysis.converse import guard_scan
from app.deps import House, HouseDep
from app.errors import AppError, VisitNeeded
from app.guardrail.check import Scan as GuardScan
from app.guardrail.check import Verdict
from app.outbox import outbox_of
from app.patient.access import Tablet, cookie_name, find_tablet
from app.patient.conversation import PERSON_AT_RISK, SAVED
from app.patient.forms import MAX_LISTED, MAX_LISTED_CHARS, Typed
from app.patient.release import Allowed, allowed
from app.patient.said import said
from app.patient.scan_page import page_values, slice_named
from app.patient.seen import SeenScan, count_miss, healthy_examples, see
from app.patient.showing import go_to, show
from app.storage import alerts, audit, questions, scans, turns
from app.storage.tables import Scan
from app.storage.turns import Asked

router = APIRouter()
log = structlog.get_logger()
KINDS = ("what", "healthy", "might", "question")
MAX_PENDING = 6
"""Questions of one visit that wait at once: nobody reads faster than that."""


@dataclass(frozen=True)
class Asking:
    """Where and by whom a question is asked."""

    house: House
    session: Session
    tablet: Tablet
    can: Allowed
    seen: SeenScan
    scan: GuardScan


@router.post("/scan/{scan_id}/ask")
def ask(
    request: Request,
    house: HouseDep,
    scan_id: str,
    kind: Typed = "question",
    question: Typed = "",
    language: Typed = "en",
    slice_number: Typed = "",
    part: Typed = "",
) -> Response:
    """Take a question. An emergency is answered even when the database is gone."""
    if kind not in KINDS:
        raise AppError("not_found", 404, f"/scan/{scan_id}")
    if kind == "question" and not part:
        spoken = language if language in house.clinic.languages else "en"
        verdict = house.guard.check_question(question, spoken, GuardScan())
        if verdict.verdict == "escalate":
            return _call_staff(request, house, scan_id, question, verdict, spoken)
    with house.sessions() as session, session.begin():
        tablet, row = _who(request, house, session, scan_id)
        problem = _problem(session, tablet, kind, part or question)
        if problem:
            values = page_values(request, house, session, tablet, row) | {"problem": problem}
            status = 422 if problem == "question_empty" else 429
            return show(request, "scan.html", tablet, status=status, **values)
        at = _asking(house, session, tablet, row, slice_number)
        asked = _about_part(at, part) if part else _asked(at, kind, question)
        turn = turns.add_turn(session, tablet.opened, asked)
        audit.record(session, "patient", f"ask.{kind}", turn.turn_id)
        log.info("asked", turn_id=turn.turn_id, kind=kind, verdict=asked.verdict)
        shown = "" if turn.slice_number is None else f"?slice={turn.slice_number}"
    return go_to(f"/scan/{scan_id}{shown}#turn-{turn.turn_id}")


def _who(request: Request, house: House, session: Session, scan_id: str) -> tuple[Tablet, Scan]:
    tablet = find_tablet(request, house, session)
    if tablet is None:
        raise VisitNeeded
    if tablet.opened.visit.consented_at is None:
        raise AppError("consent_needed", 403, "/consent")
    row = scans.find(session, tablet.visit_id, scan_id)
    if row is None:
        raise AppError("not_found", 404)
    return tablet, row


def _problem(session: Session, tablet: Tablet, kind: str, question: str) -> str:
    if kind == "question" and not question.strip():
        return "question_empty"
    waiting = [
        turn
        for turn in turns.all_of_visit(session, tablet.visit_id)
        if turn.status in ("asked", "answering")
    ]
    return "too_many" if len(waiting) >= MAX_PENDING else ""


def _asking(
    house: House, session: Session, tablet: Tablet, row: Scan, slice_number: str = ""
) -> Asking:
    number = slice_named(slice_number, tablet.opened, row)
    seen = see(session, tablet.opened, row, house.catalogue, tablet.language, number=number)
    known = GuardScan() if seen.look is None else guard_scan(seen.look, seen.regions)
    return Asking(house, session, tablet, allowed(tablet.opened.visit), seen, known)


def _asked(at: Asking, kind: str, question: str) -> Asked:
    """The row of a question: with its text at once where no model is needed."""
    language = at.tablet.language
    if kind != "question":
        words = said("asked", language, kind=kind, part="")
        if not at.can.look or at.seen.look is None or (kind == "might" and not at.can.conditions):
            return _saved(at, kind, words)
        if kind == "might":
            return _row(at, kind, words, "soften", "button.might", None)
        return _row(at, kind, words, "allow", f"button.{kind}", _composed(at, kind))
    return _typed(at, question)


def _about_part(at: Asking, key: str) -> Asked:
    """A ready question about a part that was named: the catalogue answers, no model is needed."""
    part = next((one for one in at.seen.parts if one.key == key), None)
    if part is None or not at.can.look:
        raise AppError("not_found", 404, f"/scan/{at.seen.scan_id}")
    words = said("asked", at.tablet.language, kind="", part=part.name)
    text = said("part", at.tablet.language, part=part)
    return _row(at, "what", words, "allow", "button.part", text)


def _typed(at: Asking, question: str) -> Asked:
    """A question in the patient's own words.

    One about a condition goes to the model like the button, although its words are known before:
    neither the time it takes nor the row it leaves tells it apart.
    """
    verdict = at.house.guard.check_question(question, at.tablet.language, at.scan)
    is_condition = verdict.kind == "condition"
    if not at.can.look or at.seen.look is None or (is_condition and not at.can.conditions):
        return _saved(at, "question", question)
    for_model = is_condition or verdict.verdict == "allow"
    return _row(
        at,
        "might" if is_condition else "question",
        question,
        verdict.verdict,
        verdict.rule,
        None if for_model else verdict.text,
        verdict.note,
    )


def _row(
    at: Asking,
    kind: str,
    question: str,
    verdict: str,
    rule: str,
    shown: str | None,
    note: str | None = None,
) -> Asked:
    return Asked(
        kind=kind,
        question=question,
        language=at.tablet.language,
        verdict=verdict,
        rule=rule,
        policy_version=at.house.guard.policy_version,
        scan_id=at.seen.scan_id,
        slice_number=None if at.seen.number == at.seen.first else at.seen.number,
        shown=shown,
        note=note,
    )


def _saved(at: Asking, kind: str, question: str) -> Asked:
    """A question that waits for the doctor: on the list, with the text that says so."""
    words = " ".join(question.split())[:MAX_LISTED_CHARS]
    if len(questions.all_of_visit(at.session, at.tablet.opened)) < MAX_LISTED:
        questions.add(at.session, at.tablet.opened, words, "turn")
    text = said("saved", at.tablet.language)
    return _row(at, kind, question, "withhold", SAVED, text)


def _composed(at: Asking, kind: str) -> str:
    """The answer to "what" and "healthy": from the marked parts and approved texts alone."""
    language = at.tablet.language
    if kind == "healthy":
        found = healthy_examples(at.session, at.seen, at.house.clinic.clinic.match_weights)
        if not found:
            count_miss(at.session, at.seen)
        return said("healthy", language, count=len(found))
    return said(
        "what",
        language,
        look=at.seen.look,
        names=[part.name for part in at.seen.parts],
        general=at.house.guard.general_part(language, at.scan),
    )


def _call_staff(
    request: Request, house: House, scan_id: str, question: str, verdict: Verdict, language: str
) -> Response:
    """Words at once; the message to staff beside them, whatever else fails."""
    text = _urgent_words(house, verdict, language)

    def store() -> str:
        with house.sessions() as session, session.begin():
            tablet = find_tablet(request, house, session)
            _alert(session, tablet, verdict)
            row = None if tablet is None else scans.find(session, tablet.visit_id, scan_id)
            if tablet is None or row is None:
                return ""
            at = _asking(house, session, tablet, row)
            known = _row(at, "question", question, "escalate", verdict.rule, text, verdict.kind)
            turns.add_turn(session, tablet.opened, known)
            # While the picture is looked at, its page has no answers: the words stand alone then.
            has_answers = row.status == "looked" or not at.can.look
        return f"/scan/{scan_id}#answers" if has_answers else ""

    is_silent = verdict.kind == PERSON_AT_RISK
    token = request.cookies.get(cookie_name(house.settings), "")
    address = outbox_of(request).deliver(
        token, verdict.kind, is_silent=is_silent, action="alert.question", store=store
    )
    if address:
        return go_to(address)
    return show(request, "emergency.html", None, text=text, go_back=f"/scan/{scan_id}")


def _alert(session: Session, tablet: Tablet | None, verdict: Verdict) -> None:
    alert = alerts.raise_alert(
        session,
        None if tablet is None else tablet.visit_id,
        verdict.kind,
        is_silent=verdict.kind == PERSON_AT_RISK,
        tablet_id=None if tablet is None else tablet.row.tablet_id,
    )
    audit.record(session, "patient", "alert.question", alert.alert_id)
    log.info("alert_raised", alert_id=alert.alert_id, reason=verdict.rule)


def _urgent_words(house: House, verdict: Verdict, language: str) -> str:
    """The approved words, with the clinic's own number where a text names one."""
    if verdict.kind != "self_harm":
        return verdict.text
    return house.guard.fixed("self_harm", language, crisis_line=house.clinic.clinic.crisis_line)
