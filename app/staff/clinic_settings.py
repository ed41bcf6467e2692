"""The clinic's settings: the folder on disk is the truth, this page shows, tries and writes it."""

import hashlib
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from difflib import unified_diff
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.clinicfolder.contents import LEVELS, MOST_CONTACTS, Clinic
from app.clinicfolder.contrast import LEAST_CONTRAST, is_colour, least_contrast, shades
from app.clinicfolder.folder import (
    CLINIC,
    FILES,
    LOGO,
    POLICY,
    TEMPLATE,
    earlier,
    read_earlier,
    template_problems,
    write,
)
from app.clinicfolder.form import texts_of, yaml_of
from app.clinicfolder.logo import logo_png
from app.deps import House, HouseDep, SessionDep
from app.errors import AppError
from app.guardrail.check import Guard, PolicyError, Scan
from app.i18n import offered_languages, own_name
from app.intake.receive import Refusal, receive
from app.report.content import SECTIONS
from app.report.render import ReportError, render_pdf
from app.staff.auth import Member, MemberDep, see_other, staff_page
from app.staff.forms import FormDep
from app.staff.sample_report import sample_report
from app.storage import audit
from app.web.clinic import colour_rules, style_sheet

router = APIRouter()
HOME = "/staff/settings"
LONGEST_POLICY = 40_000
MOST_SAMPLES = 20


@dataclass(frozen=True)
class Trial:
    """A file as it would be: how it differs, what is wrong with it, what it comes to."""

    text: str
    diff: tuple[str, ...]
    mistakes: tuple[str, ...] = ()
    clinic: Clinic | None = None
    samples: tuple[tuple[str, str, str], ...] = ()


@router.get("/staff/settings")
def settings_page(
    request: Request,
    house: HouseDep,
    session: SessionDep,
    member: MemberDep,
    done: Annotated[str, Query(max_length=12)] = "",
) -> Response:
    """The form as the folder says, and what was there before."""
    return _show(request, house, session, member, done=done)


def _show(
    request: Request,
    house: House,
    session: Session,
    member: Member,
    *,
    typed: Mapping[str, str] | None = None,
    trial: Trial | None = None,
    policy: Trial | None = None,
    problem: str = "",
    done: str = "",
) -> Response:
    folder = house.clinic
    wrong = problem or (trial and trial.mistakes) or (policy and policy.mistakes)
    return staff_page(
        request,
        session,
        member,
        "settings.html",
        status=422 if wrong else 200,
        typed=typed or texts_of(folder.clinic),
        trial=trial,
        policy=policy,
        policy_text=policy.text if policy else folder.text_of(POLICY),
        samples=(typed or {}).get("samples", ""),
        problem=problem,
        done=done,
        folder=folder.path,
        broken=folder.mistakes,
        editions={name: edition(house, name) for name in (CLINIC, POLICY)},
        earlier=[(name, earlier(folder.path, name)[:5]) for name in FILES],
        all_languages=[(code, own_name(code)) for code in offered_languages()],
        sections=SECTIONS,
        levels=LEVELS,
        contacts=range(MOST_CONTACTS),
        weights=asdict(folder.clinic.match_weights),
        structures=sorted(house.catalogue.structures),
        least_contrast=LEAST_CONTRAST,
    )


def edition(house: House, name: str) -> str:
    """A digest of a file; two people who edit at once hold the same one."""
    return hashlib.sha256(house.clinic.text_of(name).encode()).hexdigest()[:16]


@router.post("/staff/settings")
def change_settings(
    request: Request, house: HouseDep, session: SessionDep, member: MemberDep, form: FormDep
) -> Response:
    """Show what a change comes to, print it, or write it; a wrong one changes nothing."""
    trial = _tried(house, yaml_of(form.texts))
    act = form.text("act")
    if trial.clinic is not None and act == "report":
        return _sample(house, trial.clinic)
    is_stale = form.text("edition") != edition(house, CLINIC)
    if act != "save" or trial.mistakes or is_stale:
        problem = "changed_meanwhile" if is_stale else ""
        values = {"typed": form.texts, "trial": trial, "problem": problem}
        return _show(request, house, session, member, **values)  # type: ignore[arg-type]
    _write(house, session, member, CLINIC, trial.text.encode())
    return see_other(f"{HOME}?done=saved")


def _tried(house: House, text: str) -> Trial:
    diff = _diff(house.clinic.text_of(CLINIC), text)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / CLINIC
        file.write_text(text, encoding="utf-8")
        try:
            return Trial(text, diff, clinic=house.clinic.checked_clinic(file))
        except PolicyError as error:
            return Trial(text, diff, mistakes=error.mistakes)


def _diff(before: str, after: str) -> tuple[str, ...]:
    lines = unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=1)
    return tuple(lines)[2:]


def _write(house: House, session: Session, member: Member, name: str, data: bytes | None) -> None:
    write(house.clinic.path, name, data)
    assert house.clinic.now  # read at once: it is what holds should somebody break it by hand
    audit.record(session, member.name, "settings.change", name)


def _sample(house: House, clinic: Clinic) -> Response:
    try:
        pdf = render_pdf(sample_report(house, clinic))
    except ReportError as error:
        raise AppError(error.key, 503, HOME) from None
    return Response(pdf, media_type="application/pdf")


@router.post("/staff/settings/policy")
def change_policy(
    request: Request, house: HouseDep, session: SessionDep, member: MemberDep, form: FormDep
) -> Response:
    """Try a policy on sample sentences, or write it, read by the guard's own loader."""
    text = form.text("policy", LONGEST_POLICY).replace("\r\n", "\n")
    text = f"{text}\n" if text else ""
    trial = _tried_policy(house, text, form.text("samples", 4000).splitlines())
    is_stale = form.text("edition") != edition(house, POLICY)
    if form.text("act") != "save" or trial.mistakes or is_stale:
        typed = texts_of(house.clinic.clinic) | {"samples": form.text("samples", 4000)}
        problem = "changed_meanwhile" if is_stale else ""
        values = {"typed": typed, "policy": trial, "problem": problem}
        return _show(request, house, session, member, **values)  # type: ignore[arg-type]
    _write(house, session, member, POLICY, text.encode() or None)
    return see_other(f"{HOME}?done=saved")


def _tried_policy(house: House, text: str, samples: list[str]) -> Trial:
    diff = _diff(house.clinic.text_of(POLICY), text)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / POLICY
        file.write_text(text, encoding="utf-8")
        try:
            guard = Guard.load(file if text else None)
        except PolicyError as error:
            return Trial(text, diff, mistakes=error.mistakes)
    said = [line.strip() for line in samples if line.strip()][:MOST_SAMPLES]
    judged = [(line, _verdicts(house.guard, line), _verdicts(guard, line)) for line in said]
    return Trial(text, diff, samples=tuple(judged))


def _verdicts(guard: Guard, line: str) -> str:
    """What a guard says to a sentence as a question and as an answer of the model."""
    question = guard.check_question(line, "en", Scan())
    answer = guard.check_answer("", line, "en", Scan())
    return f"{question.verdict} / {answer.verdict}"


@router.post("/staff/settings/logo")
def change_logo(
    request: Request, house: HouseDep, session: SessionDep, member: MemberDep, form: FormDep
) -> Response:
    """Another logo, written anew as a small PNG; or none."""
    if form.text("act") == "remove":
        _write(house, session, member, LOGO, None)
        return see_other(f"{HOME}?done=saved")
    received = receive(form.data("file"))
    if isinstance(received, Refusal):
        problem = f"refused_{received.reason}"
        return _show(request, house, session, member, problem=problem)
    _write(house, session, member, LOGO, logo_png(received.image_png))
    return see_other(f"{HOME}?done=saved")


@router.post("/staff/settings/earlier")
def go_back(house: HouseDep, session: SessionDep, member: MemberDep, form: FormDep) -> Response:
    """Put an earlier file in place of the present one, which is kept as an earlier one itself."""
    kept = form.text("kept")
    data = read_earlier(house.clinic.path, kept)
    if data is None:
        raise AppError("not_found", 404, HOME)
    plain = kept.split("-", 3)[3]
    name = next(one for one in FILES if Path(one).name == plain)
    text = data.decode("utf-8", "replace") if name != LOGO else ""
    if (
        (name == CLINIC and _tried(house, text).mistakes)
        or (name == POLICY and _tried_policy(house, text, []).mistakes)
        or (name == TEMPLATE and template_problems(text))
    ):
        raise AppError("not_found", 409, HOME)  # written for an older version of the program
    _write(house, session, member, name, data)
    return see_other(f"{HOME}?done=saved")


@router.get("/staff/settings/preview.css")
def preview_colours(colour: Annotated[str, Query(max_length=7)] = "") -> Response:
    """A colour on the preview alone."""
    if not is_colour(colour) or least_contrast(colour) < LEAST_CONTRAST:
        return style_sheet("")
    return style_sheet(colour_rules(shades(colour), ".preview-page"))
