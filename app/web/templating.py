"""Templates: one environment per language, and the values every page gets."""

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from app.deps import House
from app.i18n import direction, own_name, words_of

ROOT = Path(__file__).parents[2]


@cache
def environment(language: str) -> Environment:
    """The Jinja environment of one language: autoescape, strict, gettext."""
    made = Environment(
        loader=FileSystemLoader(ROOT / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.install_gettext_translations(words_of(language), newstyle=True)  # type: ignore[attr-defined]
    made.globals.update(
        language=language,
        direction=direction(language),
        static=static_address,
    )
    return made


@cache
def static_address(name: str) -> str:
    """The address of a static file, with the digest of its content: a changed file has another."""
    digest = hashlib.sha256((ROOT / "static" / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={digest}"


def page(
    request: Request, name: str, language: str, *, status: int = 200, **values: Any
) -> HTMLResponse:  # Any: whatever the template takes
    """Render a template with the texts every page carries."""
    house: House = request.app.state.house
    fixed = {
        key: house.guard.fixed(key, language)
        for key in ("ai_line", "companion", "intended_purpose")
    }
    text = (
        environment(language)
        .get_template(name)
        .render(
            **fixed,
            clinic=house.clinic.now,
            clinic_name=house.clinic.clinic.name,
            languages=[(c, own_name(c), direction(c)) for c in house.clinic.languages],
            is_demonstration=not house.settings.model,
            is_kiosk=house.settings.kiosk,
            path=request.url.path,
            **values,
        )
    )
    return HTMLResponse(text, status_code=status)
