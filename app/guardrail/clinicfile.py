"""Reads a clinic's own policy file: additions that make the guard stricter or name its numbers."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from app.guardrail.normalise import fold, words
from app.guardrail.policy import LANGUAGES, Clinic
from app.guardrail.rulefiles import check_entries
from app.guardrail.yamlfile import Mistakes, Part, check_keys, mapping, read_yaml, text, text_list

_Check = Callable[[Sequence[str], Part, Mistakes], None]
_KEYS: Final = (
    "use_categories",
    "languages_off",
    "never_say",
    "alarm_phrases",
    "questions",
    "emergency_number",
    "crisis_line",
    "switch_off",
)


def read_clinic(file: Path, mistakes: Mistakes) -> Clinic:
    """The clinic's additions; unknown keys and languages are mistakes."""
    keys = check_keys(read_yaml(file, mistakes), needed=(), allowed=_KEYS, mistakes=mistakes)
    return Clinic(
        use_categories=_flag(keys.get("use_categories"), mistakes),
        languages_off=_languages(keys.get("languages_off"), mistakes),
        never_say=_by_language(keys.get("never_say"), mistakes, _check_words),
        alarm_phrases=_by_language(keys.get("alarm_phrases"), mistakes, check_entries),
        questions=_by_language(keys.get("questions"), mistakes),
        emergency_number=text(keys.get("emergency_number"), mistakes) or "112",
        crisis_line=text(keys.get("crisis_line"), mistakes)
        or text(keys.get("emergency_number"), mistakes)
        or "112",
        switch_off=text_list(keys.get("switch_off"), mistakes),
    )


def _flag(part: Part | None, mistakes: Mistakes) -> bool:
    value = text(part, mistakes).lower()
    if part is not None and value not in ("yes", "no", "true", "false"):
        mistakes.add(part.file, part.line, "must be yes or no")
    return value in ("yes", "true")


def _languages(part: Part | None, mistakes: Mistakes) -> tuple[str, ...]:
    found = text_list(part, mistakes)
    for code in found:
        if part is not None and (code not in LANGUAGES or code == "en"):
            mistakes.add(part.file, part.line, f"language {code!r} cannot be switched off")
    return found


def _by_language(
    part: Part | None, mistakes: Mistakes, check: _Check | None = None
) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for code, item in mapping(part, mistakes).items():
        if code not in LANGUAGES:
            mistakes.add(item.file, item.line, f"unknown language {code!r}")
        found[code] = text_list(item, mistakes)
        if check:
            check(found[code], item, mistakes)
    return found


def _check_words(phrases: Sequence[str], part: Part, mistakes: Mistakes) -> None:
    for phrase in phrases:
        if not words(fold(phrase)):
            mistakes.add(part.file, part.line, f"{phrase!r} holds no word")
