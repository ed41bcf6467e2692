"""A clinic.yaml out of a form and back, so that page and file say the same; pure."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

import yaml

from app.clinicfolder.contents import MOST_CONTACTS, Clinic
from app.i18n import LANGUAGES
from app.references.weights import NAMES, Weights
from app.report.content import SECTIONS

_LINES: Final = ("name", "colour", "retention_hours", "emergency_number", "crisis_line")
_PAPER: Final = ("report_header", "report_footer")


def texts_of(clinic: Clinic) -> dict[str, str]:
    """What a clinic decided, as the fields of the form show it."""
    texts = {name: str(getattr(clinic, name)) for name in _LINES}
    texts |= {f"language_{c}": "" if c in clinic.languages_off else "yes" for c in LANGUAGES}
    texts |= {f"words_{code}": clinic.emergency_words.get(code, "") for code in LANGUAGES}
    for at, contact in enumerate(clinic.contacts):
        texts |= {f"who_{at}": contact.who, f"where_{at}": contact.where}
    texts["structures"] = "\n".join(clinic.structures)
    for name in SECTIONS:
        is_on = name in clinic.report_sections
        texts[f"section_{name}"] = str(clinic.report_sections.index(name) + 1) if is_on else ""
    texts |= {name: getattr(clinic, name) for name in _PAPER}
    texts["report_paper"] = clinic.report_paper
    texts["report_large"] = "yes" if clinic.report_large else ""
    texts["exam_levels"] = "\n".join(f"{k}: {v}" for k, v in clinic.exam_levels.items())
    texts |= {f"weight_{n}": f"{v:g}" for n, v in asdict(clinic.match_weights).items()}
    texts["ask_whose_picture"] = "yes" if clinic.ask_whose_picture else ""
    return texts


def yaml_of(texts: Mapping[str, str]) -> str:
    """The clinic.yaml that a form asks for; what is as the program has it is left out."""
    values: dict[str, Any] = {name: _said(texts, name) for name in _LINES}
    off = [code for code in LANGUAGES[1:] if not texts.get(f"language_{code}")]
    said = {code: _said(texts, f"words_{code}") for code in LANGUAGES}
    values |= {
        "languages_off": off,
        "emergency_words": {code: words for code, words in said.items() if words},
        "contacts": _contacts(texts),
        "structures": _lines(texts, "structures"),
        "exam_levels": _levels(texts),
        "match_weights": _weights(texts),
        "ask_whose_picture": _said(texts, "ask_whose_picture"),
    }
    values |= {name: _said(texts, name) for name in _PAPER}
    values["report_paper"] = _said(texts, "report_paper").removeprefix("A4")
    values["report_large"] = "yes" if texts.get("report_large") else ""
    sections = _sections(texts)
    kept = {name: value for name, value in values.items() if value}
    if sections != list(SECTIONS):
        kept["report_sections"] = sections
    return yaml.safe_dump(kept, sort_keys=False, allow_unicode=True, width=90) if kept else ""


def _said(texts: Mapping[str, str], name: str) -> str:
    return " ".join(texts.get(name, "").split())


def _lines(texts: Mapping[str, str], name: str) -> list[str]:
    return [line.strip() for line in texts.get(name, "").splitlines() if line.strip()]


def _contacts(texts: Mapping[str, str]) -> list[dict[str, str]]:
    pairs = [(_said(texts, f"who_{n}"), _said(texts, f"where_{n}")) for n in range(MOST_CONTACTS)]
    return [{"who": who, "where": where} for who, where in pairs if who or where]


def _levels(texts: Mapping[str, str]) -> dict[str, str]:
    pairs = (line.rpartition(":") for line in _lines(texts, "exam_levels"))
    return {name.strip(): level.strip() for name, _, level in pairs}


def _sections(texts: Mapping[str, str]) -> list[str]:
    """The sections that have a number, in the order of the numbers."""
    places = {name: _said(texts, f"section_{name}") for name in SECTIONS}
    chosen = [name for name, place in places.items() if place.isdecimal()]
    return sorted(chosen, key=lambda name: (int(places[name]), SECTIONS.index(name)))


def _weights(texts: Mapping[str, str]) -> dict[str, str]:
    usual = asdict(Weights())
    said = {name: _said(texts, f"weight_{name}") for name in NAMES}
    return {name: text for name, text in said.items() if text and text != f"{usual[name]:g}"}
