"""Adapters: the folders there are, the gate each must pass, and pressing Activate."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import structlog
from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from app.adapter_swap import adapters_root
from app.deps import House, HouseDep, SessionDep
from app.errors import AppError
from app.gate.gate import Gate, judge
from app.staff.auth import MemberDep, see_other, staff_page
from app.staff.forms import FormDep
from app.storage import activations, audit, staff, work
from model.adapters import AdapterFolder, read_adapter
from model.compact_folder import shipped_adapter
from model.types import ModelError
from model.vocabulary import MODALITIES

router = APIRouter()
log = structlog.get_logger()
SPECIAL_FOR: Final = tuple(word for word in MODALITIES if word != "other")
"""The kinds of picture that may have an adapter of their own."""


@dataclass(frozen=True)
class AdapterRow:
    """One folder: what it says of itself, or why it cannot be used; `live_for` names modalities."""

    name: str
    folder: AdapterFolder | None = None
    gate: Gate | None = None
    card: str = ""
    refusal: str = ""
    live_for: tuple[str, ...] = ()

    @property
    def may_go_live(self) -> bool:
        """Whether the folder is whole, fits the base, and the gate is open to it."""
        return self.gate is not None and self.gate.is_open


@router.get("/staff/adapters")
def list_adapters(
    request: Request, house: HouseDep, session: SessionDep, member: MemberDep
) -> Response:
    """Every adapter folder, what is live, what was asked for, and what was refused."""
    waiting = activations.waiting(session)  # first: what is done meanwhile renews the page again
    past = activations.latest(session)
    return staff_page(
        request,
        session,
        member,
        "adapters.html",
        rows=_rows(house, session),
        specials=activations.live_by_modality(session),
        special_for=SPECIAL_FOR,
        fallen=activations.fallen(session),
        waiting=waiting,
        history=[(row, staff.name_of(session, row.asked_by)) for row in past],
        note=work.latest_note(session),
    )


def _rows(house: House, session: Session) -> list[AdapterRow]:
    note = work.latest_note(session)
    base = "" if note is None else str(note.loaded.get("base_sha256", ""))
    general = activations.live(session)
    on = {activations.EVERYTHING: activations.SHIPPED if general is None else general.adapter}
    on |= {word: row.adapter for word, row in activations.live_by_modality(session).items()}
    root = adapters_root(house.settings)
    folders = sorted(path for path in root.iterdir() if path.is_dir()) if root.is_dir() else []
    named = {path.name: path for path in folders if path.name not in activations.RESERVED}
    shipped = None if house.settings.model else shipped_adapter()
    if shipped is not None:
        named = {activations.SHIPPED: shipped, **named}
    return [
        _row(house, name, folder, base, tuple(word for word in on if on[word] == name))
        for name, folder in named.items()
    ]


def _row(house: House, name: str, folder: Path, base: str, live_for: tuple[str, ...]) -> AdapterRow:
    """Read one folder without its weights; whatever is wrong with it is a sentence."""
    try:
        checked = read_adapter(folder, base)
    except ModelError as error:
        return AdapterRow(name=name, refusal=str(error), live_for=live_for)
    return AdapterRow(
        name=name,
        folder=checked,
        gate=judge(checked.manifest, _metrics(folder), house.guard),
        card=_text(folder / "README.md"),
        live_for=live_for,
    )


def digest_in_use(house: House, session: Session) -> str:
    """Of the adapter that is live for everything; that of the shipped one as its folder says."""
    general = activations.live(session)
    if general is not None:
        return general.sha256
    shipped = next((row for row in _rows(house, session) if row.name == activations.SHIPPED), None)
    return "" if shipped is None or shipped.folder is None else shipped.folder.digest


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")[:20_000]
    except (OSError, UnicodeDecodeError):
        return ""


def _metrics(folder: Path) -> Mapping[str, Any]:
    """metrics.json as it stands; empty when it is not there or no object."""
    try:
        found = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


@router.post("/staff/adapters")
def activate(house: HouseDep, session: SessionDep, member: MemberDep, form: FormDep) -> Response:
    """Ask the worker to take an adapter over between two jobs, for everything or one modality."""
    name, modality = form.text("adapter"), form.text("modality")
    if modality and modality not in SPECIAL_FOR:
        raise AppError("adapter_refused", 409, "/staff/adapters")
    if name == activations.GENERAL and modality:
        digest = ""
    else:
        row = next((row for row in _rows(house, session) if row.name == name), None)
        if row is None or row.folder is None or not row.may_go_live:
            raise AppError("adapter_refused", 409, "/staff/adapters")
        digest = row.folder.digest
    activations.ask(session, name, digest, member.staff_id, modality)
    audit.record(session, member.name, "adapter.activate", f"{name} {modality}".strip()[:80])
    log.info("adapter_asked", adapter=name)
    return see_other("/staff/adapters")
