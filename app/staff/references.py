"""The healthy library: its list with filters, and the form that adds a picture."""

import hashlib
from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.deps import House, HouseDep, SessionDep
from app.intake.receive import Refusal, receive
from app.librarian import Keeper, covered, doubts, keep
from app.references.library import CSV_COLUMNS, Checked, Problem, check
from app.staff.auth import Member, MemberDep, see_other, staff_page
from app.staff.forms import FormDep, Paging, start_of
from app.storage import references
from app.storage.references import Filter
from app.storage.tables import Reference, now
from model.vocabulary import AGE_BANDS, MODALITIES, PLANES, REGIONS, SEXES, SIDES

router = APIRouter()
WORDS = {
    "regions": REGIONS,
    "modalities": MODALITIES[:-1],
    "planes": PLANES,
    "age_bands": AGE_BANDS,
    "sexes": SEXES,
    "sides": SIDES,
}
"""What the selects of the forms offer; a healthy example is never of an unknown kind."""


@router.get("/staff/references")
def library(
    request: Request,
    house: HouseDep,
    session: SessionDep,
    member: MemberDep,
    status: Annotated[str, Query(max_length=12)] = "",
    region: Annotated[str, Query(max_length=12)] = "",
    modality: Annotated[str, Query(max_length=8)] = "",
    plane: Annotated[str, Query(max_length=10)] = "",
    age_band: Annotated[str, Query(max_length=6)] = "",
    words: Annotated[str, Query(max_length=80)] = "",
    is_new: Annotated[bool, Query(alias="new")] = False,
    number: Annotated[int, Query(ge=1, le=10_000, alias="page")] = 1,
    done: Annotated[str, Query(max_length=12)] = "",
) -> Response:
    """The form and a page of the list; `new` fills the form instead of narrowing the list."""
    chosen = Filter(status, region, modality, plane, words)
    kind = {"region": region, "modality": modality, "plane": plane, "age_band": age_band}
    if is_new:
        return _show(request, house, session, member, typed=kind)
    return _show(request, house, session, member, chosen=chosen, number=number, done=done)


def _show(
    request: Request,
    house: House,
    session: Session,
    member: Member,
    *,
    chosen: Filter | None = None,
    number: int = 1,
    typed: Mapping[str, str] | None = None,
    problems: tuple[Problem, ...] = (),
    done: str = "",
) -> Response:
    chosen = chosen or Filter()
    rows, total = references.page_of(session, chosen, *_part(number))
    return staff_page(
        request,
        session,
        member,
        "references.html",
        status=422 if problems else 200,
        rows=rows,
        approvals=references.approvals_of(session, [row.reference_id for row in rows]),
        editions={row.reference_id: edition_of(row) for row in rows},
        needed=house.settings.reference_approvers,
        chosen=chosen,
        paging=Paging(number, total),
        typed=typed or {},
        problems=problems,
        done=done,
        structures=sorted(house.catalogue.structures),
        **WORDS,
    )


def _part(number: int) -> tuple[int, int]:
    start = start_of(number)
    return start, start_of(2)


@router.post("/staff/references")
def add_reference(
    request: Request, house: HouseDep, session: SessionDep, member: MemberDep, form: FormDep
) -> Response:
    """Take a picture into the library, or say everything that is wrong at once."""
    checked = checked_form(house, form.texts)
    problems = list(checked.problems)
    data = form.data("file")
    if not data:
        problems.insert(0, Problem("file", "missing"))
    received = receive(data) if data and not problems else None
    if isinstance(received, Refusal):
        problems.append(Problem("file", f"refused_{received.reason}"))
    elif received is not None and checked.particulars is not None:
        problems += doubts(session, received, checked.particulars, form.texts)
        if not problems:
            received = covered(received) if form.text("cover_text") else received
            row = keep(house, session, keeper_of(member), received, checked.particulars)
            return see_other(f"/staff/references?done={row.status}")
    values = {"typed": form.texts, "problems": tuple(problems)}
    return _show(request, house, session, member, **values)  # type: ignore[arg-type]


def keeper_of(member: Member) -> Keeper:
    """The member as the one who takes a picture in."""
    return Keeper(member.staff_id, member.name)


def checked_form(house: House, texts: Mapping[str, str]) -> Checked:
    """The particulars in a form, or what is wrong with them."""
    return check(texts, house.catalogue.structures.keys(), now().date())


def texts_of(row: Reference) -> dict[str, str]:
    """What a reference says, as a form shows it."""
    texts = {name: getattr(row, name) for name in CSV_COLUMNS if name not in ("file", "structures")}
    return {**texts, "structures": "; ".join(row.structures)}


def edition_of(row: Reference) -> str:
    """A digest of all that can be changed; two people who edit at once hold the same one."""
    parts = [row.status, row.image_digest, *texts_of(row).values()]
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:16]
