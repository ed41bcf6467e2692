"""What the clinic's machines delivered: the list, the right-patient check, and taking it back."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.delivery import filing, right_patient
from app.deps import House, HouseDep, SessionDep
from app.errors import AppError
from app.staff.auth import Member, MemberDep, see_other, staff_page
from app.staff.forms import NOTHING, PAGE_SIZE, FormDep, Typed, numbers_in, start_of
from app.staff.visits import opened_or_404
from app.storage import arrivals, audit, envelopes, expected, visits
from app.storage.tables import Arrival
from app.storage.visits import OpenedVisit

router = APIRouter()


@dataclass(frozen=True)
class Line:
    """One delivery as staff see it: nothing that names the person."""

    arrival: Arrival
    facts: dict[str, str]

    @property
    def is_numbered(self) -> bool:
        """Whether it carries a number that can be compared."""
        return right_patient.of_arrival(self.arrival).is_numbered

    @property
    def needs_a_look(self) -> bool:
        """Whether comparing a number is not enough: somebody has to say that they looked."""
        return not self.is_numbered or self.arrival.reason == "cut_short"


@router.get("/staff/arrivals")
def list_arrivals(
    request: Request,
    house: HouseDep,
    session: SessionDep,
    member: MemberDep,
    number: Annotated[int, Query(ge=1, le=10_000, alias="page")] = 1,
) -> Response:
    """Deliveries, those that need a person first."""
    found = arrivals.listed(session, start_of(number), PAGE_SIZE)
    lines = [_line(house, one) for one in found]
    return staff_page(request, session, member, "arrivals.html", lines=lines)


@router.get("/staff/arrivals/{arrival_id}")
def arrival_page(
    request: Request, house: HouseDep, session: SessionDep, member: MemberDep, arrival_id: str
) -> Response:
    """The right-patient check: which visit, and a number from the paper or the wristband."""
    return _page(request, house, session, member, _found(session, arrival_id))


@router.post("/staff/arrivals/{arrival_id}/attach")
def attach(
    request: Request,
    house: HouseDep,
    session: SessionDep,
    member: MemberDep,
    arrival_id: str,
    form: FormDep,
) -> Response:
    """Hang a delivery under a visit, once numbers were compared; else say what does not fit."""
    arrival = _found(session, arrival_id)
    opened = visits.find_by_code(session, house.master, form.text("code", longest=40))
    problem = "code" if opened is None else doubt(house, session, arrival, opened, form)
    if opened is None or problem:
        audit.record(session, member.name, f"arrival.refuse.{problem}", arrival_id)
        return _page(request, house, session, member, arrival, form, problem)
    if not filing.give(session, arrival_id, opened.visit.visit_id, member.name):
        return _page(request, house, session, member, arrival, form, "gone")
    return see_other(f"/staff/visits/{opened.visit.visit_id}")


@router.post("/staff/arrivals/{arrival_id}/take-back")
def take_back(house: HouseDep, session: SessionDep, member: MemberDep, arrival_id: str) -> Response:
    """Take a delivery off its visit again; for ten minutes it can be given to another one."""
    visit_id = _found(session, arrival_id).visit_id
    if not filing.take_back(house, session, arrival_id, member.name):
        raise AppError("not_found", 404, "/staff/arrivals")
    return see_other(f"/staff/visits/{visit_id}")


@router.post("/staff/visits/{visit_id}/expected")
def expect(
    house: HouseDep, session: SessionDep, member: MemberDep, visit_id: str, form: FormDep
) -> Response:
    """Say whose scans belong to a visit; what waits and fits is attached at once."""
    opened_or_404(house, session, visit_id)
    typed = numbers_in(form)
    if typed is None or not typed.names_a_person:
        reason = "bad_date" if typed is None else "no_number"
        return see_other(f"/staff/visits/{visit_id}?refused={reason}")
    expected.expect(session, house.master, visit_id, typed)
    audit.record(session, member.name, "visit.expect", visit_id)
    for one in arrivals.waiting(session):
        filing.match_waiting(session, one.arrival_id)
    return see_other(f"/staff/visits/{visit_id}")


def delivered_to(session: Session, opened: OpenedVisit) -> dict[str, Any]:  # of a template
    """What the page of a visit says of deliveries."""
    visit_id = opened.visit.visit_id
    return {
        "is_expected": expected.of_visit(session, visit_id) is not None,
        "deliveries": arrivals.of_visit(session, visit_id),
        "is_disowned": envelopes.disowned(session, visit_id),
    }


def doubt(
    house: House, session: Session, arrival: Arrival, opened: OpenedVisit, form: Typed
) -> str:
    """The key of what speaks against a match; empty for nothing."""
    line, typed = Line(arrival, {}), numbers_in(form)
    doubts = (
        ("gone", arrival.status != "waiting"),
        ("two_patients", arrival.reason == "two_patients"),
        ("bad_date", typed is None),
        ("no_number", line.is_numbered and typed is not None and not typed.names_a_person),
    )
    early = next((key for key, holds in doubts if holds), "")
    if early or typed is None:
        return early
    mine = right_patient.of_arrival(arrival)
    found = right_patient.doubt(house, session, mine, opened.visit.visit_id, typed)
    return found or ("unchecked" if line.needs_a_look and not form.text("is_checked") else "")


def _found(session: Session, arrival_id: str) -> Arrival:
    arrival = arrivals.find(session, arrival_id)
    if arrival is None:
        raise AppError("not_found", 404, "/staff/arrivals")
    return arrival


def _line(house: House, arrival: Arrival) -> Line:
    vault = arrivals.vault_of(house.master, arrival)
    return Line(arrival, {} if vault is None else arrivals.facts_of(vault, arrival))


def _page(
    request: Request,
    house: House,
    session: Session,
    member: Member,
    arrival: Arrival,
    form: Typed = NOTHING,
    problem: str = "",
) -> Response:
    """The form; after a problem with what was typed, said at the field it belongs to."""
    return staff_page(
        request,
        session,
        member,
        "arrival.html",
        status=409 if problem else 200,
        line=_line(house, arrival),
        typed=form.texts,
        problem=problem,
    )
