"""What clinic.yaml may say, read with file and line of every mistake; pure but for the reading."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from app.clinicfolder.contrast import LEAST_CONTRAST, is_colour, least_contrast
from app.guardrail.yamlfile import Mistakes, Part, check_keys, mapping, read_yaml, text, text_list
from app.i18n import LANGUAGES
from app.references.weights import Weights, read_weights
from app.report.content import PAPERS, SECTIONS, Paper, ReportContact

LEVELS: Final = ("hold", "anatomy", "guarded")
"""What an examination may begin with; full is a doctor's own act."""
LONGEST: Final = {"name": 80, "number": 30, "words": 200, "examination": 40}
MOST_CONTACTS: Final = 5


@dataclass(frozen=True)
class Clinic:
    """All that a clinic decides for itself; the defaults come from the settings of the process.

    `structures` empty means all that the model knows; `exam_levels` is examination to level.
    """

    name: str
    retention_hours: int
    emergency_number: str
    crisis_line: str
    colour: str = ""
    languages_off: tuple[str, ...] = ()
    emergency_words: Mapping[str, str] = field(default_factory=dict)
    contacts: tuple[ReportContact, ...] = ()
    structures: tuple[str, ...] = ()
    report_sections: tuple[str, ...] = SECTIONS
    report_header: str = ""
    report_footer: str = ""
    report_paper: Paper = "A4"
    report_large: bool = False
    exam_levels: Mapping[str, str] = field(default_factory=dict)
    match_weights: Weights = field(default_factory=Weights)
    ask_whose_picture: bool = False

    @property
    def retention(self) -> timedelta:
        """How long anything of a patient's may be kept."""
        return timedelta(hours=self.retention_hours)


def read_clinic(
    file: Path, defaults: Clinic, structures: Collection[str], mistakes: Mistakes
) -> Clinic:
    """What a clinic.yaml says over the defaults; every mistake is noted, unknown keys too."""
    keys = check_keys(
        read_yaml(file, mistakes), needed=(), allowed=tuple(_READERS), mistakes=mistakes
    )
    values: dict[str, Any] = {  # Any: as many types as keys
        name: _READERS[name](part, mistakes) for name, part in keys.items() if name in _READERS
    }
    listed = keys.get("structures")
    if listed is not None and isinstance(listed.value, list):
        for item in listed.value:
            if isinstance(item.value, str) and item.value not in structures:
                mistakes.add(file, item.line, f"unknown structure {item.value!r}")
    return replace(defaults, **values)


def _line(longest: str) -> Callable[[Part, Mistakes], str]:
    def read(part: Part, mistakes: Mistakes) -> str:
        value = " ".join(text(part, mistakes).split())
        if len(value) > LONGEST[longest]:
            mistakes.add(part.file, part.line, f"is longer than {LONGEST[longest]} characters")
        return value

    return read


def _name(part: Part, mistakes: Mistakes) -> str:
    value = _line("name")(part, mistakes)
    if not value:
        mistakes.add(part.file, part.line, "must not be empty")
    return value


def _hours(part: Part, mistakes: Mistakes) -> int:
    value = text(part, mistakes)
    if value.isdecimal() and 1 <= int(value) <= 720:
        return int(value)
    mistakes.add(part.file, part.line, "must be a whole number of hours from 1 to 720")
    return 1


def _yes_or_no(part: Part, mistakes: Mistakes) -> bool:
    value = text(part, mistakes)
    if value not in ("yes", "no"):
        mistakes.add(part.file, part.line, "must be 'yes' or 'no', in quotes")
    return value == "yes"


def _colour(part: Part, mistakes: Mistakes) -> str:
    value = text(part, mistakes)
    if not value:
        return ""
    if not is_colour(value):
        mistakes.add(part.file, part.line, "must be a colour such as '#0b5c63'")
        return ""
    if least_contrast(value) < LEAST_CONTRAST:
        seen = f"contrast {least_contrast(value):.2f}; {LEAST_CONTRAST} is needed to be read"
        mistakes.add(part.file, part.line, f"{value} is too pale on white: {seen}")
    return value


def _languages(part: Part, mistakes: Mistakes) -> tuple[str, ...]:
    found = text_list(part, mistakes)
    for code in found:
        if code == "en" or code not in LANGUAGES:
            mistakes.add(part.file, part.line, f"language {code!r} cannot be switched off")
    return found


def _by_language(part: Part, mistakes: Mistakes) -> dict[str, str]:
    found = {}
    for code, item in mapping(part, mistakes).items():
        if code not in LANGUAGES:
            mistakes.add(item.file, item.line, f"unknown language {code!r}")
        found[code] = _line("words")(item, mistakes)
    return {code: words for code, words in found.items() if words}


def _contacts(part: Part, mistakes: Mistakes) -> tuple[ReportContact, ...]:
    if not isinstance(part.value, list) or len(part.value) > MOST_CONTACTS:
        mistakes.add(part.file, part.line, f"must be a list of at most {MOST_CONTACTS}")
        return ()
    found = []
    for item in part.value:
        keys = check_keys(item, needed=("who", "where"), allowed=(), mistakes=mistakes)
        read = {name: _line("words")(one, mistakes) for name, one in keys.items()}
        found.append(ReportContact(read.get("who", ""), read.get("where", "")))
    return tuple(found)


def _sections(part: Part, mistakes: Mistakes) -> tuple[str, ...]:
    found = text_list(part, mistakes)
    for name in found:
        if name not in SECTIONS or found.count(name) > 1:
            mistakes.add(part.file, part.line, f"{name!r} is no section, or stands twice")
    return found


def _paper(part: Part, mistakes: Mistakes) -> str:
    value = text(part, mistakes)
    if value not in PAPERS:
        mistakes.add(part.file, part.line, f"paper {value!r} is none of {', '.join(PAPERS)}")
    return value


def _yes(part: Part, mistakes: Mistakes) -> bool:
    value = text(part, mistakes)
    if value not in ("yes", "no"):
        mistakes.add(part.file, part.line, "must be yes or no")
    return value == "yes"


def _levels(part: Part, mistakes: Mistakes) -> dict[str, str]:
    found = {}
    for examination, item in mapping(part, mistakes).items():
        level = text(item, mistakes)
        if level not in LEVELS:
            mistakes.add(item.file, item.line, f"level {level!r} is none of {', '.join(LEVELS)}")
        if len(examination) > LONGEST["examination"]:
            mistakes.add(item.file, item.line, "the name of the examination is too long")
        found[examination] = level
    return found


_READERS: Final[Mapping[str, Callable[[Part, Mistakes], Any]]] = {  # Any: a type per key
    "name": _name,
    "colour": _colour,
    "retention_hours": _hours,
    "languages_off": _languages,
    "emergency_number": _line("number"),
    "crisis_line": _line("number"),
    "emergency_words": _by_language,
    "contacts": _contacts,
    "structures": text_list,
    "report_sections": _sections,
    "report_header": _line("words"),
    "report_footer": _line("words"),
    "report_paper": _paper,
    "report_large": _yes,
    "exam_levels": _levels,
    "match_weights": read_weights,
    "ask_whose_picture": _yes_or_no,
}
