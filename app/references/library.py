"""What a reference must say before it may enter the library; pure, from forms and CSV alike."""

import csv
import io
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
from PIL import Image

from model.vocabulary import AGE_BANDS, MODALITIES, PLANES, REGIONS, SEXES, SIDES

CSV_COLUMNS: Final = (
    "file",
    "region",
    "structures",
    "modality",
    "sequence",
    "plane",
    "level",
    "side",
    "age_band",
    "sex",
    "source",
    "licence",
    "consent_ref",
    "expires_on",
    "caption",
)
MAX_CSV_ROWS: Final = 5000
LONGEST: Final = {
    "sequence": 40,
    "level": 60,
    "source": 200,
    "licence": 200,
    "consent_ref": 200,
    "caption": 500,
}
"""Characters that the database keeps of each free text."""
NEAR_DUPLICATE_BITS: Final = 6
"""Of 64; the same slice saved anew differs by 0 to 4, the next slice of a CT by 8 and more."""


@dataclass(frozen=True)
class Particulars:
    """What staff say about a reference: the columns of the record without the file."""

    region: str
    modality: str
    plane: str
    structures: tuple[str, ...] = ()
    sequence: str = ""
    level: str = ""
    side: str = "none"
    age_band: str = ""
    sex: str = "any"
    source: str = ""
    licence: str = ""
    consent_ref: str = ""
    expires_on: str = ""
    caption: str = ""
    is_drawn: bool = False


@dataclass(frozen=True)
class Problem:
    """One thing to put right: the field and a reason key.

    Reason keys: missing, unknown, too_long, no_licence_or_consent, bad_date, expired,
    duplicate, near_duplicate, in_colour, burned_in_text, face, unknown_column,
    missing_column, no_rows, too_many_rows, same_file_twice.
    """

    field: str
    reason: str
    value: str = ""


@dataclass(frozen=True)
class Checked:
    """Particulars when there is no problem, else the problems, all of them."""

    particulars: Particulars | None
    problems: tuple[Problem, ...]


@dataclass(frozen=True)
class Row:
    """One line of a CSV, numbered as a spreadsheet shows it."""

    line: int
    file: str
    checked: Checked


def check(values: Mapping[str, str], structures: Collection[str], today: date) -> Checked:
    """Particulars out of the texts of a form or CSV line, or everything that is wrong with them.

    Args:
        values: field name to typed text; what is not there counts as empty.
        structures: the structure keys of the anatomy catalogue.
        today: a picture whose permission has run out before this day is refused.
    """
    clean = {name: " ".join(values.get(name, "").split()) for name in _FIELDS}
    clean["side"] = clean["side"] or "none"
    clean["sex"] = clean["sex"] or "any"
    named = tuple(part.strip() for part in clean.pop("structures").split(";") if part.strip())
    problems = [
        *_wrong_words(clean),
        *(Problem("structures", "unknown", name) for name in named if name not in structures),
        *(
            Problem(name, "too_long")
            for name, longest in LONGEST.items()
            if len(clean[name]) > longest
        ),
        *_wrong_rights(clean, today),
    ]
    if problems:
        return Checked(None, tuple(problems))
    structures_once = tuple(dict.fromkeys(named))
    return Checked(Particulars(structures=structures_once, is_drawn=False, **clean), ())


_FIELDS: Final = CSV_COLUMNS[1:]
_WORDS: Final = {
    "region": (REGIONS, True),
    "modality": (MODALITIES, True),
    "plane": (PLANES, True),
    "side": (SIDES, False),
    "age_band": (AGE_BANDS, False),
    "sex": (SEXES, False),
}


def _wrong_words(clean: Mapping[str, str]) -> list[Problem]:
    problems = []
    for name, (listed, is_needed) in _WORDS.items():
        if not clean[name]:
            problems += [Problem(name, "missing")] if is_needed else []
        elif clean[name] not in listed:
            problems.append(Problem(name, "unknown", clean[name]))
    return problems


def _wrong_rights(clean: Mapping[str, str], today: date) -> list[Problem]:
    problems = []
    if not clean["licence"] and not clean["consent_ref"]:
        problems.append(Problem("licence", "no_licence_or_consent"))
    if clean["expires_on"]:
        try:
            ends = date.fromisoformat(clean["expires_on"])
        except ValueError:
            problems.append(Problem("expires_on", "bad_date", clean["expires_on"]))
        else:
            problems += [Problem("expires_on", "expired")] if ends < today else []
    return problems


def read_csv(
    text: str, structures: Collection[str], today: date
) -> tuple[list[Row], list[Problem]]:
    """The lines of a CSV with a header, each checked, and what is wrong with the whole file."""
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    columns = [name.strip() for name in reader.fieldnames or ()]
    reader.fieldnames = columns
    problems = [Problem(name, "unknown_column") for name in columns if name not in CSV_COLUMNS]
    needed = ("file", "region", "modality", "plane")
    problems += [Problem(name, "missing_column") for name in needed if name not in columns]
    if problems:
        return [], problems
    rows: list[Row] = []
    for values in reader:
        if len(rows) == MAX_CSV_ROWS:
            return [], [Problem("file", "too_many_rows")]
        # A line that is too long leaves a list under the key None.
        texts = {name: value or "" for name, value in values.items() if name and name != "file"}
        file = (values.get("file") or "").strip()
        checked = check(texts, structures, today)
        if not file:
            checked = Checked(None, (Problem("file", "missing"), *checked.problems))
        elif any(row.file == file for row in rows):
            checked = Checked(None, (Problem("file", "same_file_twice"), *checked.problems))
        rows.append(Row(reader.line_num, file, checked))
    return rows, ([] if rows else [Problem("file", "no_rows")])


def likeness(image_png: bytes) -> str:
    """A perceptual hash as 16 hexadecimal digits: alike pictures differ in few bits.

    The signs of the 8 x 8 lowest frequencies (DCT-II) of the picture at 32 x 32, against their
    median.
    """
    with Image.open(io.BytesIO(image_png)) as picture:
        small = picture.convert("L").resize((32, 32), Image.Resampling.LANCZOS)
    grey = np.asarray(small, dtype=np.float64)
    place = np.arange(32)
    waves = np.cos(np.pi * np.outer(place[:8], 2 * place + 1) / 64)
    lowest = (waves @ grey @ waves.T).ravel()
    lowest[0] = np.median(lowest[1:])  # the mean grey says nothing of what is in the picture
    bits = lowest > np.median(lowest)
    return f"{int(''.join('1' if bit else '0' for bit in bits), 2):016x}"


def is_near(first: str, second: str) -> bool:
    """Whether two perceptual hashes are of nearly the same picture."""
    return (int(first, 16) ^ int(second, 16)).bit_count() <= NEAR_DUPLICATE_BITS
