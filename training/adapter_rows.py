"""From MedPix pictures to rows of prefix and suffix; no age, sex or story ever enters a suffix."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from model import prompts
from model.vocabulary import NOT_A_SCAN
from training.medpix_pictures import MedPixPicture
from training.records import PictureRecord

PREFIXES: Final[Mapping[str, str]] = {
    "modality": prompts.answer_prefix(prompts.MODALITY_QUESTION),
    "plane": prompts.answer_prefix(prompts.PLANE_QUESTION),
    "region": prompts.answer_prefix(prompts.REGION_QUESTION),
    "caption": prompts.caption_prefix(),
    "condition": prompts.answer_prefix(prompts.CONDITION_QUESTION),
}


@dataclass(frozen=True)
class Row:
    """One question about a picture and what is to be answered."""

    task: str
    prefix: str
    suffix: str


@dataclass(frozen=True)
class Taught:
    """One picture with every row it can teach."""

    image: Path
    case: str
    rows: tuple[Row, ...]


def rows_of(picture: MedPixPicture) -> tuple[Row, ...]:
    """The rows of one picture; what MedPix does not say is not asked.

    Plain films are filed under CT or MR, so they teach no modality.
    """
    if not picture.is_scan:
        return no_scan_rows()
    answers = {
        "modality": None if picture.is_projection else picture.modality,
        "plane": picture.plane,
        "region": picture.region,
        "caption": picture.taught_caption,
        "condition": picture.taught_title,
    }
    return tuple(_row(task, answer) for task, answer in answers.items() if answer)


def no_scan_rows() -> tuple[Row, ...]:
    """What a picture that is no scan answers: the same to each question about its kind."""
    return tuple(_row(task, NOT_A_SCAN) for task in ("modality", "plane", "region"))


def kind_rows(record: PictureRecord) -> list[Row]:
    """What a picture of the packs or of a clinic's folder is, as far as it is known."""
    known = {"modality": record.modality, "plane": record.plane, "region": record.region}
    return [_row(task, answer) for task, answer in known.items() if answer]


def taught_pictures(pictures: Sequence[MedPixPicture]) -> list[Taught]:
    """The pictures that teach at least one row."""
    taught = (Taught(one.image, one.case, rows_of(one)) for one in pictures)
    return [one for one in taught if one.rows]


def hold_out(
    pictures: Sequence[Taught], share: float, seed: int
) -> tuple[list[Taught], list[Taught]]:
    """The pictures to teach and those that choose the best checkpoint, divided by case."""
    cases = sorted({one.case for one in pictures})
    order = np.random.default_rng([seed, len(cases)]).permutation(len(cases))
    held = {cases[place] for place in order[: round(share * len(cases))]}
    return (
        [one for one in pictures if one.case not in held],
        [one for one in pictures if one.case in held],
    )


def draw_rows(
    rows: Sequence[Row], shares: Mapping[str, float], generator: np.random.Generator
) -> list[Row]:
    """Each row with the chance of its task; at least one."""
    chances = [shares.get(row.task, 1.0) for row in rows]
    drawn = [row for row, chance in zip(rows, chances, strict=True) if generator.random() < chance]
    return drawn or [rows[int(np.argmax(chances))]]


def _row(task: str, suffix: str) -> Row:
    return Row(task, PREFIXES[task], suffix)
