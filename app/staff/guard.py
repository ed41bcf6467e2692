"""The page of the guard: its policy, its languages, and what the red-team suite found last."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.deps import HouseDep, SessionDep
from app.guardrail.record import read_record
from app.i18n import LANGUAGES, own_name
from app.staff.auth import MemberDep, staff_page

router = APIRouter()


@router.get("/staff/guard")
def guard(request: Request, house: HouseDep, session: SessionDep, member: MemberDep) -> Response:
    """The policy in use and the last run of the suite; no patient's words in it."""
    policy = house.guard.policy
    return staff_page(
        request,
        session,
        member,
        "guard.html",
        policy=policy,
        policy_version=house.guard.policy_version,
        digest=house.guard.digest,
        record=read_record(house.settings.data_dir),
        data_dir=house.settings.data_dir,
        all_languages={code: own_name(code) for code in LANGUAGES},
    )
