"""Builds the derived parts of a report from plain values: numbers, order, words to explain."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Final, Protocol

from app.anatomy.catalogue import Catalogue
from app.report.content import (
    ReportContent,
    ReportScan,
    ReportStructure,
    ReportTerm,
    ReportTurn,
)

MAX_TEXT_CHARS: Final = 20_000
MAX_ITEMS: Final = 200
"""Turns and questions printed; a visit lasts hours, not days."""
MAX_TERMS: Final = 12
MAX_LINES: Final = 200
LONG_RUN: Final = re.compile(r"\S{40}(?=\S)")
ZERO_WIDTH_SPACE: Final = "\u200b"
MAX_MARKS: Final = 3
"""Combining marks kept on one letter; Vietnamese and Arabic need two, towers of them none."""
FACING_PLANES: Final = ("axial", "coronal", "frontal")
EXPLAINED_MODALITIES: Final = ("CT", "MR", "X-ray")
EXPLAINED_PLANES: Final = ("axial", "coronal", "sagittal", "frontal", "lateral")


class Outlined(Protocol):
    """A stored marked region: key, path data and anchor in picture pixels, share of the picture."""

    @property
    def structure(self) -> str:
        """The key of the structure."""
        ...

    @property
    def path(self) -> str:
        """SVG path data."""
        ...

    @property
    def anchor(self) -> tuple[float, float]:
        """A point (x, y) inside."""
        ...

    @property
    def area_share(self) -> float:
        """Its share of the picture."""
        ...

    @property
    def drawn_by(self) -> str:
        """The doctor who drew it by hand; empty for the model's own."""
        ...


def marked_structures(
    regions: Iterable[Outlined], catalogue: Catalogue, language: str
) -> tuple[ReportStructure, ...]:
    """The regions with their words and colours, numbered from 1, best known and largest first.

    The two of a pair get numbers in a row, the right one first: it is on the picture's left.
    """
    known = [region for region in regions if region.structure in catalogue.structures]
    shares = {region.structure: region.area_share for region in known}

    def order(region: Outlined) -> tuple[int, float, str]:
        one = catalogue.structure(region.structure)
        share = max(region.area_share, shares.get(one.pair_key or "", 0.0))
        # Of a pair the other half's key sorts, so that "left" of the right one comes first.
        return (one.rank, -share, one.pair_key or one.key)

    known.sort(key=order)
    marked = []
    for number, region in enumerate(known, start=1):
        structure = catalogue.structure(region.structure)
        text = structure.text(language)
        marked.append(
            ReportStructure(
                key=structure.key,
                number=number,
                name=text.name,
                does=text.does,
                looks=text.looks,
                colour=structure.colour,
                pattern=structure.pattern,
                path=region.path,
                anchor=region.anchor,
                by_doctor=bool(region.drawn_by),
            )
        )
    return tuple(marked)


def legend_rows(scan: ReportScan) -> tuple[tuple[ReportStructure, ...], ...]:
    """The parts of a scan row by row: neighbours with the same sentences, a pair, share one."""
    rows = groupby(scan.structures, key=lambda one: (one.does, one.looks))
    return tuple(tuple(row) for _, row in rows)


def rows_to_explain(
    scans: Sequence[ReportScan], at: int
) -> tuple[tuple[ReportStructure, ...], ...]:
    """The rows of a scan's parts that no scan before it has explained already."""
    known = {(one.does, one.looks) for scan in scans[:at] for one in scan.structures}
    rows = legend_rows(scans[at])
    return tuple(row for row in rows if (row[0].does, row[0].looks) not in known)


def structure_names(keys: Iterable[str], catalogue: Catalogue, language: str) -> tuple[str, ...]:
    """The plain names of structures by key; unknown keys are left out."""
    structures = catalogue.structures
    return tuple(structures[key].text(language).name for key in keys if key in structures)


def shows_sides(scan: ReportScan) -> bool:
    """Whether left and right are swapped in the picture, so that the report must say it."""
    return scan.plane in FACING_PLANES


def words_to_explain(scans: Sequence[ReportScan]) -> tuple[str, ...]:
    """Kinds of picture and planes of these scans that the glossary explains, each once."""
    modalities = [scan.modality for scan in scans if scan.modality in EXPLAINED_MODALITIES]
    planes = [scan.plane for scan in scans if scan.plane in EXPLAINED_PLANES]
    return tuple(dict.fromkeys([*modalities, *planes]))


def terms_used(
    turns: Iterable[ReportTurn], scans: Iterable[ReportScan], catalogue: Catalogue, language: str
) -> tuple[ReportTerm, ...]:
    """Names of parts in these questions and answers, explained once; a legend explains its own."""
    said = " ".join(f"{turn.question}\n{turn.answer}" for turn in turns).casefold()
    explained = {_plain(one.name, language) for scan in scans for one in scan.structures}
    found: dict[str, ReportTerm] = {}
    for structure in sorted(catalogue.structures.values(), key=lambda one: (one.rank, one.key)):
        text = structure.text(language)
        word = _plain(text.name, language)
        is_new = word not in explained and word not in found
        if is_new and re.search(rf"\b{re.escape(word.casefold())}s?\b", said):
            found[word] = ReportTerm(word, text.does)
    return tuple(found.values())[:MAX_TERMS]


def _plain(name: str, language: str) -> str:
    """A name without its side: people ask about a kidney; only English writes it apart."""
    return name.removeprefix("left ").removeprefix("right ") if language == "en" else name


def for_edition(content: ReportContent) -> ReportContent:
    """The content this edition may hold: before the consultation nothing that a doctor said."""
    if content.edition == "after":
        return content
    scans = tuple(replace(scan, removed=()) for scan in content.scans)
    turns = tuple(turn for turn in content.turns if not turn.by_doctor)
    return replace(content, doctor_sentence=None, scans=scans, turns=turns)


def printable(text: str) -> str:
    """A text without control and direction-override characters and towers of accents.

    What a person typed stays as it is otherwise, cut at 20,000 characters; more line breaks than
    a page has lines become spaces.
    """
    kept: list[str] = []
    marks = 0
    for char in unicodedata.normalize("NFC", text[:MAX_TEXT_CHARS]):
        category = unicodedata.category(char)
        marks = marks + 1 if category in ("Mn", "Me") else 0
        if marks > MAX_MARKS or (category in ("Cc", "Cf", "Cs", "Co", "Cn") and char not in KEPT):
            continue
        kept.append(char)
    clean = re.sub(r"\n\s*\n\s*", "\n\n", "".join(kept)).strip()
    return clean if clean.count("\n") <= MAX_LINES else " ".join(clean.split())


def way_of(text: str) -> str:
    """The way a text runs, "rtl" or "ltr", by its first letter that has one (UAX #9, P2)."""
    for char in text:
        kind = unicodedata.bidirectional(char)
        if kind in ("L", "R", "AL"):
            return "ltr" if kind == "L" else "rtl"
    return "ltr"


def breakable(text: str) -> str:
    """The same text with an invisible place to break in every long run without a space.

    Without it WeasyPrint takes minutes for 20,000 letters in a row (measured on two cores).
    """
    return LONG_RUN.sub(lambda run: f"{run.group()}{ZERO_WIDTH_SPACE}", text)


KEPT: Final = "\n\t\u200c\u200d\u200e\u200f"
"""Line breaks, joiners (Arabic, Indic, emoji) and plain direction marks; overrides go."""
