"""The allow-list at work: which DICOM attributes survive, each rebuilt from a closed form."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

ALLOW_LIST: Final = Path(__file__).with_name("kept_attributes.yaml")
REASONS_FOLDER: Final = Path(__file__).with_name("kept_reasons")
"""A file for each language but English, whose reasons stand in the allow-list itself."""
_REASONS_FORM: Final = {"version", "reviewed", "reasons"}
SEPARATOR: Final = "\\"
"""Between the values of one attribute, as DICOM itself writes them (PS3.5, 6.4)."""
_MAX_VALUES: Final = 16
_FORMS: Final = {
    "code": {"form", "reason", "of"},
    "number": {"form", "reason", "least", "most"},
    "uid": {"form", "reason"},
}
_STANDARD_UID: Final = re.compile(r"1\.2\.840\.10008(\.[0-9]{1,6}){1,9}")
"""The root of the standard's own UIDs (PS3.6 annex A); instances live under other roots."""


@dataclass(frozen=True)
class KeptAttribute:
    """One row of the allow-list."""

    keyword: str
    form: str
    reason: str
    words: frozenset[str] = frozenset()
    least: float = 0.0
    most: float = 0.0


class AllowListError(Exception):
    """The allow-list does not follow its own form; the message names the attribute."""


@cache
def kept_attributes() -> Mapping[str, KeptAttribute]:
    """The allow-list of this product by DICOM keyword."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    rows = yaml.load(ALLOW_LIST.read_text(encoding="utf-8"), Loader=loader)
    return {keyword: _attribute(keyword, row) for keyword, row in rows.items()}


@cache
def reasons_in(language: str) -> Mapping[str, str]:
    """Why each attribute is kept, by keyword, for those who read the page in this language.

    Raises:
        AllowListError: a file whose keywords are not those of the list, or with an empty reason.
    """
    own = {keyword: attribute.reason for keyword, attribute in kept_attributes().items()}
    path = REASONS_FOLDER / f"{language}.yaml"
    if language == "en" or not path.is_file():
        return own
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    read = yaml.load(path.read_text(encoding="utf-8"), Loader=loader)
    if set(read) != _REASONS_FORM or set(read["reasons"]) != set(own):
        raise AllowListError(f"{path.name}: its keys are not those of the list")
    if not all(isinstance(one, str) and one.strip() for one in read["reasons"].values()):
        raise AllowListError(f"{path.name}: every reason is text")
    reasons: Mapping[str, str] = read["reasons"]
    return reasons


def keep(values_of: Callable[[str], Sequence[object]]) -> dict[str, str]:
    """What survives, by keyword, out of whatever a file holds.

    Args:
        values_of: the values of an attribute by keyword; empty where the file has none.
    """
    kept = {}
    for keyword, attribute in kept_attributes().items():
        written = written_as(attribute, values_of(keyword))
        if written:
            kept[keyword] = written
    return kept


def written_as(attribute: KeptAttribute, values: Sequence[object]) -> str:
    """The values in the attribute's closed form; empty when nothing of them may be kept."""
    if len(values) > _MAX_VALUES:
        return ""
    parts = [_written(attribute, value) for value in values]
    if attribute.form == "number" and "" in parts:
        # A list of numbers with a hole would change the meaning of the others.
        return ""
    return SEPARATOR.join(part for part in parts if part)


def is_allowed(keyword: str, value: object) -> bool:
    """Whether this is a listed attribute with a value in its closed form."""
    attribute = kept_attributes().get(keyword)
    if attribute is None or not isinstance(value, str) or not value:
        return False
    return written_as(attribute, value.split(SEPARATOR)) == value


def _written(attribute: KeptAttribute, value: object) -> str:
    text = str(value).strip()
    if attribute.form == "code":
        folded = text.upper()
        return folded if folded in attribute.words else ""
    if attribute.form == "uid":
        return text if _STANDARD_UID.fullmatch(text) else ""
    try:
        number = float(text)
    except ValueError:
        return ""
    if not math.isfinite(number) or not attribute.least <= number <= attribute.most:
        return ""
    return f"{number:.6g}"


def _attribute(keyword: str, row: Mapping[str, Any]) -> KeptAttribute:
    form = row.get("form")
    if form not in _FORMS or set(row) != _FORMS[form] or not row["reason"]:
        raise AllowListError(f"{keyword}: form, reason and limits do not fit together")
    if form != "code":
        return KeptAttribute(keyword, **row)
    if not all(isinstance(word, str) for word in row["of"]):
        raise AllowListError(f"{keyword}: every word is text (quote YES and NO)")
    return KeptAttribute(keyword, form, row["reason"], words=frozenset(row["of"]))
