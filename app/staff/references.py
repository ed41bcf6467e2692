"""The healthy library: its list with filters, and the form that adds a picture."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.deps import House, HouseDep, SessionDep
from app.intake.receive import ReceivedScan, Refusal, receive
from app.references.library import (
    CSV_COLUMNS,
    Checked,
    Particulars,
    Problem,
    check,
    is_near,
    likeness,
)
from app.staff.auth import Member, MemberDep, see_other, staff_page
from app.staff.forms import FormDep, Paging, start_of
from app.storage import audit, references
from app.storage.references import Filter, ReferenceRecord
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
    words: Annotated[str, Query(max_length=80)] = "",
    number: Annotated[int, Query(ge=1, le=10_000, alias="page")] = 1,
    done: Annotated[str, Query(max_length=12)] = "",
) -> Response:
    """The form and a page of the list."""
    chosen = Filter(status, region, modality, plane, words)
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
            row = keep(house, session, member, received, checked.particulars)
            return see_other(f"/staff/references?done={row.status}")
    values = {"typed": form.texts, "problems": tuple(problems)}
    return _show(request, house, session, member, **values)  # type: ignore[arg-type]


def checked_form(house: House, texts: Mapping[str, str]) -> Checked:
    """The particulars in a form, or what is wrong with them."""
    return check(texts, house.catalogue.structures.keys(), now().date())


def doubts(
    session: Session, received: ReceivedScan, said: Particulars, confirmed: Mapping[str, str]
) -> list[Problem]:
    """Why a picture that could be read should still not go in without a second look.

    The same picture twice is never taken. A near duplicate, and a picture with text that may be a
    name, are taken once staff confirm them (`confirm_near`, `confirm_text`).
    """
    if references.same_picture(session, received.image_digest):
        return [Problem("file", "duplicate")]
    found: list[Problem] = []
    if "burned_in_annotation" in received.notes and not confirmed.get("confirm_text"):
        found.append(Problem("file", "burned_in_text"))
    if confirmed.get("confirm_near"):
        return found
    mine = likeness(received.image_png)
    for reference_id, other in references.likenesses(session, said.region, said.modality):
        if is_near(mine, other):
            return [*found, Problem("file", "near_duplicate", reference_id)]
    return found


def keep(
    house: House, session: Session, member: Member, received: ReceivedScan, said: Particulars
) -> Reference:
    """Store a reference; it is live at once where the clinic asks for no approval."""
    row = references.add(
        session,
        house.blobs,
        ReferenceRecord(**asdict(said)),
        received.image_png,
        (received.width, received.height),
        received.image_digest,
        member.staff_id,
        likeness=likeness(received.image_png),
    )
    if house.settings.reference_approvers == 0:
        references.approve(session, row, member.staff_id, 0)
    audit.record(session, member.name, "reference.add", row.reference_id)
    return row


def texts_of(row: Reference) -> dict[str, str]:
    """What a reference says, as a form shows it."""
    texts = {name: getattr(row, name) for name in CSV_COLUMNS if name not in ("file", "structures")}
    return {**texts, "structures": "; ".join(row.structures)}


def edition_of(row: Reference) -> str:
    """A digest of all that can be changed; two people who edit at once hold the same one."""
    parts = [row.status, row.image_digest, *texts_of(row).values()]
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:16]
