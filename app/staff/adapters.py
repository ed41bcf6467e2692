"""Adapters: the folders there are, what speaks for or against each, and pressing Activate."""

import json
from dataclasses import dataclass, field
from pathlib import Path

import structlog
from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.deps import House, HouseDep, SessionDep
from app.errors import AppError
from app.settings import Settings
from app.staff.auth import MemberDep, see_other, staff_page
from app.staff.forms import FormDep
from app.storage import activations, audit, staff, work
from model.adapters import read_adapter
from model.compact_folder import shipped_adapter
from model.types import ModelError

router = APIRouter()
log = structlog.get_logger()
MAX_METRICS = 40


@dataclass(frozen=True)
class AdapterRow:
    """One folder: what it says of itself, or why it cannot be used."""

    name: str
    title: str = ""
    digest: str = ""
    base: str = ""
    card: str = ""
    metrics: dict[str, str] = field(default_factory=dict)
    refusal: str = ""
    is_live: bool = False


def adapters_root(settings: Settings) -> Path:
    """Where the clinic's adapter folders lie."""
    return settings.adapters_dir or settings.data_dir / "clinic" / "adapters"


@router.get("/staff/adapters")
def list_adapters(
    request: Request, house: HouseDep, session: SessionDep, member: MemberDep
) -> Response:
    """Every adapter folder, what is live, what was asked for, and what was refused."""
    past = activations.everything(session)
    return staff_page(
        request,
        session,
        member,
        "adapters.html",
        rows=_rows(house, session),
        waiting=activations.waiting(session),
        history=[(row, staff.name_of(session, row.asked_by)) for row in past[:30]],
        folder=adapters_root(house.settings),
    )


def _rows(house: House, session: Session) -> list[AdapterRow]:
    note = work.latest_note(session)
    base = "" if note is None else str(note.loaded.get("base_sha256", ""))
    live = activations.live(session)
    on = activations.SHIPPED if live is None else live.adapter
    root = adapters_root(house.settings)
    folders = sorted(path for path in root.iterdir() if path.is_dir()) if root.is_dir() else []
    rows = [
        _row(folder, base, name=folder.name, is_live=folder.name == on)
        for folder in folders
        if folder.name != activations.SHIPPED
    ]
    shipped = None if house.settings.model else shipped_adapter()
    if shipped is not None:
        is_live = on == activations.SHIPPED
        rows.insert(0, _row(shipped, base, name=activations.SHIPPED, is_live=is_live))
    return rows


def _row(folder: Path, base: str, *, name: str, is_live: bool) -> AdapterRow:
    """Read one folder without its weights; whatever is wrong with it is a sentence."""
    try:
        checked = read_adapter(folder, base)
    except ModelError as error:
        return AdapterRow(name=name, refusal=str(error), is_live=is_live)
    return AdapterRow(
        name=name,
        title=checked.name,
        digest=checked.digest,
        base=str(checked.manifest.base or ""),
        card=_text(folder / "README.md"),
        metrics=_metrics(folder / "metrics.json"),
        is_live=is_live,
    )


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")[:20_000]
    except (OSError, UnicodeDecodeError):
        return ""


def _metrics(path: Path) -> dict[str, str]:
    """The numbers of metrics.json by their dotted names; empty when it is not readable."""
    try:
        numbers = dict(_flat("", json.loads(_text(path) or "{}")))
    except ValueError:
        return {}
    return dict(list(numbers.items())[:MAX_METRICS])


def _flat(prefix: str, value: object) -> list[tuple[str, str]]:
    if isinstance(value, dict):
        parts = [_flat(f"{prefix}.{key}" if prefix else str(key), v) for key, v in value.items()]
        return [pair for part in parts for pair in part]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return []
    return [(prefix, f"{value:.4g}")]


@router.post("/staff/adapters")
def activate(house: HouseDep, session: SessionDep, member: MemberDep, form: FormDep) -> Response:
    """Ask the worker to take an adapter over between two jobs."""
    name = form.text("adapter")
    row = next((row for row in _rows(house, session) if row.name == name), None)
    if row is None or row.refusal:
        raise AppError("adapter_refused", 409, "/staff/adapters")
    activations.ask(session, row.name, row.digest, member.staff_id)
    audit.record(session, member.name, "adapter.activate", row.name[:80])
    log.info("adapter_asked", adapter=row.name)
    return see_other("/staff/adapters")
