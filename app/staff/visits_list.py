"""The list of visits: who is where, how long they have waited, search, and a new visit."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.analysis.converse import TIME_CRITICAL
from app.deps import House, HouseDep, SessionDep
from app.errors import AppError
from app.i18n import LANGUAGES
from app.staff.access import levels_for
from app.staff.auth import MemberDep, see_other, staff_page
from app.staff.forms import PAGE_SIZE, FormDep, Paging, start_of
from app.staff.visits import minutes_to_erasure
from app.storage import alerts, audit, handovers, visit_list, visits
from app.storage.tables import Visit, now
from app.storage.visit_list import Line

router = APIRouter()


@dataclass(frozen=True)
class VisitRow:
    """One line of the list; nothing in it says what a picture shows."""

    visit: Visit
    code: str
    minutes: int
    line: Line
    is_calling: bool
    left_minutes: int = 0


@router.get("/staff/visits")
def list_visits(
    request: Request,
    house: HouseDep,
    session: SessionDep,
    member: MemberDep,
    number: Annotated[int, Query(ge=1, le=10_000, alias="page")] = 1,
    search: Annotated[str, Query(max_length=80, alias="q")] = "",
    done: Annotated[str, Query(max_length=12)] = "",
) -> Response:
    """The open visits, and those whose close can still be undone.

    What a raw answer holds that must not wait brings its visit to the top of a doctor's list,
    without a word about it: whoever looks over a shoulder sees nothing.
    """
    if search.strip():
        found = visit_list.found(session, house.master, search.strip())
        total = len(found)
    else:
        found, total = visit_list.page_of_open(session, start_of(number), PAGE_SIZE)
    rows = _rows(house, session, found)
    if "doctor" in member.roles:
        ids = [row.visit.visit_id for row in rows]
        urgent = visit_list.urgent(session, ids, TIME_CRITICAL)
        rows.sort(key=lambda row: row.visit.visit_id not in urgent)
    shifts = handovers.latest(session, house.master, 1)
    return staff_page(
        request,
        session,
        member,
        "visits.html",
        rows=rows,
        closed=_rows(house, session, visit_list.just_closed(session)),
        paging=Paging(number, 0 if search.strip() else total),
        search=search.strip(),
        total=total,
        levels=levels_for(member.roles),
        examinations=house.clinic.clinic.exam_levels,
        shift=next((one for one in shifts if one.acknowledged_at is None), None),
        offered=LANGUAGES,
        done=done,
    )


def _rows(house: House, session: Session, found: list[Visit]) -> list[VisitRow]:
    ids = [visit.visit_id for visit in found]
    idle = timedelta(seconds=house.settings.idle_seconds)
    lines = visit_list.lines_of(session, ids, idle)
    calling = {alert.visit_id for alert in alerts.unseen(session)}
    return [
        VisitRow(
            visit=opened.visit,
            code=visits.code_of(opened),
            minutes=int((now() - opened.visit.opened_at).total_seconds() // 60),
            line=lines[opened.visit.visit_id],
            is_calling=opened.visit.visit_id in calling,
            left_minutes=minutes_to_erasure(opened.visit),
        )
        for opened in visit_list.opened_all(session, house.master, found)
    ]


@router.post("/staff/visits")
def new_visit(house: HouseDep, session: SessionDep, member: MemberDep, form: FormDep) -> Response:
    """A visit with a fresh code; its sheet is the next page.

    The kind of examination decides where it begins, unless a level was chosen by hand.
    """
    language, examination = form.text("language") or "en", form.text("examination")
    by_examination = house.clinic.clinic.exam_levels
    level = form.text("level") or by_examination.get(examination, "guarded")
    is_known = language in LANGUAGES and (not examination or examination in by_examination)
    if not is_known or level not in levels_for(member.roles):
        raise AppError("forbidden", 403, "/staff/visits")
    opened = visits.open_visit(session, house.master, language=language)
    opened.visit.examination = examination
    visits.change_level(opened.visit, level)
    audit.record(session, member.name, "visit.open", opened.visit.visit_id)
    return see_other(f"/staff/visits/{opened.visit.visit_id}/sheet")
