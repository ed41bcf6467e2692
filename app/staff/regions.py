"""Marked regions by hand: a doctor removes, redraws or adds one, and can take each step back."""

from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.analysis.drawn import drawn_region, points_from
from app.deps import House, HouseDep, SessionDep
from app.errors import AppError
from app.staff.auth import MemberDep, see_other, staff_page
from app.staff.forms import FormDep
from app.staff.pictures import found_scan, structure_name
from app.staff.visits import opened_or_404
from app.storage import audit, region_edits, scans, slices, visits
from app.storage.scans import StoredRegion

router = APIRouter()


@dataclass(frozen=True)
class Editable:
    """One structure of the editor; `path` is empty where nothing is marked yet."""

    key: str
    name: str
    colour: str
    path: str
    drawn_by: str


@router.get("/staff/visits/{visit_id}/scans/{scan_id}/regions")
def edit_regions(
    request: Request,
    house: HouseDep,
    session: SessionDep,
    member: MemberDep,
    visit_id: str,
    scan_id: str,
) -> Response:
    """The editor: the picture, its marked regions, and every structure that could be added."""
    opened = opened_or_404(house, session, visit_id)
    scan = found_scan(session, visit_id, scan_id)
    marked = {one.structure: one for one in scans.regions_of(session, opened, scan)}
    audit.record(session, member.name, "region.read", scan_id)
    return staff_page(
        request,
        session,
        member,
        "regions.html",
        visit=opened.visit,
        code=visits.code_of(opened),
        scan=scan,
        facts=scans.facts_of(opened, scan),
        structures=_editable(house, marked),
        steps=region_edits.count(session, scan_id),
    )


def _editable(house: House, marked: dict[str, StoredRegion]) -> list[Editable]:
    known = house.catalogue.structures
    rows = [
        Editable(
            key=key,
            name=structure_name(house, key),
            colour=known[key].colour,
            path=marked[key].path if key in marked else "",
            drawn_by=marked[key].drawn_by if key in marked else "",
        )
        for key in known
    ]
    return sorted(rows, key=lambda row: (not row.path, row.name))


@router.post("/staff/visits/{visit_id}/scans/{scan_id}/regions")
def change_regions(
    house: HouseDep,
    session: SessionDep,
    member: MemberDep,
    visit_id: str,
    scan_id: str,
    form: FormDep,
) -> Response:
    """Remove one region, draw one, or undo; the patient sees the result with the next step."""
    opened = opened_or_404(house, session, visit_id)
    scan = found_scan(session, visit_id, scan_id)
    here = f"/staff/visits/{visit_id}/scans/{scan_id}/regions"
    act, structure = form.text("act"), form.text("structure")
    number = form.text("slice", longest=6)
    if number.isdecimal():
        if act != "remove" or not slices.take_away(session, opened, scan, int(number), structure):
            raise AppError("not_found", 404, here)
        here = f"/staff/visits/{visit_id}"
    elif act == "undo":
        region_edits.undo(session, opened, scan)
    elif act in ("draw", "remove") and structure in house.catalogue.structures:
        before = scans.regions_of(session, opened, scan)
        after = [one for one in before if one.structure != structure]
        if act == "draw":
            facts = scans.facts_of(opened, scan)
            points = points_from(form.text("points", longest=8000))
            drawn = drawn_region(structure, points, (facts.width, facts.height), member.name)
            if drawn is None:
                raise AppError("bad_shape", 422, here)
            after.append(drawn)
        if after == before:
            raise AppError("not_found", 404, here)
        region_edits.change(session, opened, scan, member.staff_id, after)
    else:
        raise AppError("not_found", 404, here)
    audit.record(session, member.name, f"region.{act}", scan_id)
    return see_other(here)
