"""The clinic's own report template: tried on a drawn report, then written; a wrong one is not."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from markupsafe import Markup
from sqlalchemy.orm import Session

from app.clinicfolder.folder import TEMPLATE, template_problems, write
from app.deps import House, HouseDep, SessionDep
from app.errors import AppError
from app.i18n import offered_languages, own_name
from app.report.content import Edition, ReportContent
from app.report.render import ReportError, render_article, render_pdf
from app.report.template import LONGEST
from app.staff.auth import Member, MemberDep, see_other, staff_page
from app.staff.clinic_settings import edition
from app.staff.forms import FormDep
from app.staff.sample_report import sample_report
from app.storage import audit
from app.web.report_assets import asset_response

router = APIRouter()
HOME = "/staff/settings/paper"
ASSETS = f"{HOME}/asset/"


@router.get("/staff/settings/paper")
def template_page(
    request: Request,
    house: HouseDep,
    session: SessionDep,
    member: MemberDep,
    done: Annotated[str, Query(max_length=12)] = "",
) -> Response:
    """The template as it stands, and what the report looks like with it."""
    text = house.clinic.text_of(TEMPLATE)
    return _show(request, house, session, member, text=text, done=done)


@router.post("/staff/settings/paper")
def change_template(
    request: Request, house: HouseDep, session: SessionDep, member: MemberDep, form: FormDep
) -> Response:
    """Try a template, print a drawn report with it, or write it; an empty one goes away."""
    text, act = _said(form), form.text("act")
    language = form.text("language")
    language = language if language in offered_languages() else "en"
    later: Edition = "after" if form.text("later") else "before"
    is_stale = form.text("edition") != edition(house, TEMPLATE)
    wrong = template_problems(text)
    sample = _sample(house, text, language, later)
    if act == "print" and not wrong:
        return _printed(sample)
    article = None if wrong else _article(sample)
    if act != "save" or wrong or article is None or is_stale:
        problem = "changed_meanwhile" if is_stale else ""
        if not wrong and article is None:
            wrong = ("report.html:1: the report cannot be made with it",)
        return _show(
            request,
            house,
            session,
            member,
            text=text,
            wrong=wrong,
            article=article,
            problem=problem,
            language=language,
            later=later == "after",
        )
    write(house.clinic.path, TEMPLATE, text.encode() or None)
    assert house.clinic.now  # read at once: it is what holds should somebody break it by hand
    audit.record(session, member.name, "settings.change", TEMPLATE)
    return see_other(f"{HOME}?done=saved")


def _said(form: FormDep) -> str:
    """What was typed, or the file that was chosen."""
    chosen = form.files.get("file")
    data = chosen.file.read(LONGEST * 4 + 1) if chosen is not None and chosen.filename else b""
    text = data.decode("utf-8", "replace") if data else form.text("template", longest=LONGEST)
    text = text.replace("\r\n", "\n").strip()
    return f"{text}\n" if text else ""


def _sample(house: House, template: str, language: str, later: Edition) -> ReportContent:
    content = sample_report(house, house.clinic.clinic, language=language, edition=later)
    return replace(content, style=replace(content.style, template=template))


def _article(content: ReportContent) -> Markup | None:
    try:
        return Markup(render_article(content, ASSETS))
    except ReportError:
        return None


def _printed(content: ReportContent) -> Response:
    try:
        pdf = render_pdf(content)
    except ReportError as error:
        raise AppError(error.key, 503, HOME) from None
    return Response(pdf, media_type="application/pdf")


def _show(
    request: Request,
    house: House,
    session: Session,
    member: Member,
    *,
    text: str,
    wrong: tuple[str, ...] = (),
    article: Markup | None = None,
    problem: str = "",
    done: str = "",
    language: str = "en",
    later: bool = False,
) -> Response:
    return staff_page(
        request,
        session,
        member,
        "paper_template.html",
        status=422 if wrong or problem else 200,
        text=text,
        wrong=wrong,
        article=article,
        problem=problem,
        done=done,
        edition=edition(house, TEMPLATE),
        assets=ASSETS,
        sample_language=language,
        later=later,
        all_languages=[(code, own_name(code)) for code in offered_languages()],
    )


@router.get("/staff/settings/paper/asset/{name}")
def sample_asset(house: HouseDep, name: str) -> Response:
    """A picture or a style sheet of the drawn report."""
    return asset_response(sample_report(house, house.clinic.clinic), ASSETS, name)
