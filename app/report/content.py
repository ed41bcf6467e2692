"""What a report holds, as plain values; nothing here knows how it looks or where it comes from."""

from dataclasses import dataclass, field
from typing import Final, Literal

Edition = Literal["before", "after"]
Paper = Literal["A4", "Letter"]
PAPERS: Final[tuple[Paper, ...]] = ("A4", "Letter")
SECTIONS: Final = ("pictures", "examples", "answers", "questions", "words")
"""What a clinic may put in another order and a patient may leave out; the rest always stands."""


@dataclass(frozen=True)
class ReportStructure:
    """One marked part, numbered from 1; `path`, `anchor` (x, y) in pixels of the scan's picture.

    `by_doctor`: a doctor drew it by hand, not the model.
    """

    key: str
    number: int
    name: str
    does: str
    looks: str
    colour: str
    pattern: str
    path: str
    anchor: tuple[float, float]
    by_doctor: bool = False


@dataclass(frozen=True)
class ReportScan:
    """One picture of the patient; modality, plane and region are words of model/vocabulary.

    `place`: which picture of how many, where it comes from a series. `removed`: names of parts
    that the computer had marked and a doctor took away.
    """

    image_png: bytes
    width: int
    height: int
    modality: str
    plane: str
    region: str
    structures: tuple[ReportStructure, ...] = ()
    uncertain: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    place: tuple[int, int] | None = None


@dataclass(frozen=True)
class ReportReference:
    """A healthy example; `matches_on` names what fits: region, modality, plane, age_band, sex.

    `is_drawn`: made by code to show how examples look, so it shows nobody.
    """

    image_png: bytes
    matches_on: tuple[str, ...]
    source: str
    licence: str
    caption: str = ""
    is_drawn: bool = False


@dataclass(frozen=True)
class ReportTurn:
    """A question as typed and the answer as it was shown, never raw model text.

    `by_doctor`: the answer is in a doctor's own words.
    """

    question: str
    answer: str
    by_doctor: bool = False


@dataclass(frozen=True)
class ReportTerm:
    """A word of this report and what it means."""

    word: str
    meaning: str


@dataclass(frozen=True)
class ReportContact:
    """Whom to ask, and where or under which number."""

    who: str
    where: str


@dataclass(frozen=True)
class ReportVersions:
    """What made the words and the coloured areas; `adapter` is None where none is on."""

    model: str
    adapter: str | None
    policy: str
    catalogue: str
    prompts: str


@dataclass(frozen=True)
class ReportWithheld:
    """What the program held back and why: for the doctor's page alone, never a patient's."""

    question: str
    raw: str
    rule: str


@dataclass(frozen=True)
class ReportStyle:
    """How the clinic wants its paper: `colour` is #rrggbb, `template` a template that extends ours.

    `header` and `footer` are single lines; empty ones leave no gap. Large print is 18 points.
    """

    paper: Paper = "A4"
    large_print: bool = False
    colour: str = ""
    logo_png: bytes | None = None
    header: str = ""
    footer: str = ""
    template: str = ""


@dataclass(frozen=True)
class ReportContent:
    """Everything on the paper; dates are already written in the report's language.

    `visit_url` becomes a QR code; None leaves it out. `doctor_sentence`, answers in a doctor's
    words and what a doctor removed belong to the edition "after", `withheld` to a doctor's copy.
    The three fixed sentences come from the policy, in the report's language. `sections` are those
    that are printed, in their order.
    """

    edition: Edition
    language: str
    clinic_name: str
    date: str
    demonstration: bool
    ai_line: str
    companion_line: str
    intended_purpose: str
    versions: ReportVersions
    scans: tuple[ReportScan, ...] = ()
    references: tuple[ReportReference, ...] = ()
    turns: tuple[ReportTurn, ...] = ()
    questions: tuple[str, ...] = ()
    glossary: tuple[ReportTerm, ...] = ()
    whom_to_call: tuple[ReportContact, ...] = ()
    visit_url: str | None = None
    doctor_sentence: str | None = None
    withheld: tuple[ReportWithheld, ...] = ()
    sections: tuple[str, ...] = SECTIONS
    style: ReportStyle = field(default_factory=ReportStyle)
