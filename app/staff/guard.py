"""The page of the guard: its policy, its languages, and what the red-team suite found last."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from app.clinicfolder.folder import POLICY
from app.deps import HouseDep, SessionDep
from app.guardrail.record import read_record
from app.guardrail.suite import CASES, read_run, start_suite
from app.i18n import LANGUAGES, own_name
from app.staff.auth import MemberDep, see_other, staff_page
from app.storage import audit

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
        run=read_run(house.settings.data_dir),
        may_run=CASES.exists(),
        data_dir=house.settings.data_dir,
        all_languages={code: own_name(code) for code in LANGUAGES},
    )


@router.post("/staff/guard")
def run_suite(house: HouseDep, session: SessionDep, member: MemberDep) -> Response:
    """Start the suite with the policy that is in use; one run at a time."""
    policy = house.clinic.path / POLICY
    own = policy if policy.exists() else None
    if CASES.exists() and start_suite(house.settings.data_dir, own, CASES):
        audit.record(session, member.name, "guard.suite", house.guard.policy_version)
    return see_other("/staff/guard")
