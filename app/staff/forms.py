"""Reading forms of the staff pages: texts, files, and whole numbers out of addresses."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final

from fastapi import Depends, Request
from starlette.datastructures import UploadFile

from app.storage import expected
from app.web.sealed_form import sealed_form

MAX_FIELDS: Final = 60
PAGE_SIZE: Final = 50
NUMBER_CHARS: Final = 64
"""Of a patient or accession number (PS3.5, LO)."""


@dataclass(frozen=True)
class Typed:
    """A form as it came: texts and the bytes of files, each by field name."""

    texts: Mapping[str, str]
    files: Mapping[str, UploadFile]

    def text(self, name: str, longest: int = 2000) -> str:
        """One text without the blanks around it; empty when it was not sent."""
        return self.texts.get(name, "").strip()[:longest]

    def data(self, name: str) -> bytes:
        """The bytes of one file; empty when none was chosen."""
        file = self.files.get(name)
        return b"" if file is None else file.file.read()


NOTHING: Final = Typed({}, {})
"""A form before anything was typed."""


async def read_form(request: Request) -> Typed:
    """The form of a request; of several values with one name the last counts."""
    form = await sealed_form(request, max_files=2, max_fields=MAX_FIELDS)
    texts = {name: value for name, value in form.multi_items() if isinstance(value, str)}
    files = {name: value for name, value in form.multi_items() if isinstance(value, UploadFile)}
    return Typed(texts, files)


FormDep = Annotated[Typed, Depends(read_form)]


def numbers_in(form: Typed) -> expected.Typed | None:
    """Numbers from wristband or order, the date as DICOM writes it; None for what is no date."""
    day = form.text("study_date", longest=10)
    try:
        written = datetime.strptime(day, "%Y-%m-%d").strftime("%Y%m%d") if day else ""
    except ValueError:
        return None
    return expected.Typed(
        patient_id=form.text("patient_id", longest=NUMBER_CHARS),
        accession=form.text("accession", longest=NUMBER_CHARS),
        study_date=written,
    )


@dataclass(frozen=True)
class Paging:
    """Which part of a long list is shown; pages count from 1."""

    number: int
    total: int

    @property
    def last(self) -> int:
        """The number of the last page."""
        return max(1, -(-self.total // PAGE_SIZE))


def start_of(number: int) -> int:
    """The first row of a page."""
    return (max(1, number) - 1) * PAGE_SIZE
