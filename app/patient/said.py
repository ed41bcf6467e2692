"""Texts stored with a turn that are page words too: rendered from templates/patient/said."""

from typing import Any

from app.web.templating import environment


def said(name: str, language: str, **values: Any) -> str:  # Any: whatever the template takes
    """The words of one small template, as plain text."""
    text = environment(language).get_template(f"patient/said/{name}.txt").render(**values)
    return " ".join(text.split())
