"""MedPix 2.0 as published, read into one record a picture; missing values become None here."""

import itertools
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from model.vocabulary import NOT_SCAN_PLANES, PLANE_FROM_MEDPIX
from training.config import ConfigError
from training.json_lines import needed, numbered_lines, read_lines
from training.medpix_regions import region_of

MEDPIX_LICENCE: Final = "not stated; MedPix image terms (US National Library of Medicine) apply"
MISSING: Final = ("", "n/a", "na", "none", "null", "not specified", "nos - not specified")
PROJECTIONS: Final = ("AP", "PA", "Frontal", "Lateral")
"""Planes of plain films, which MedPix files under CT or MR all the same."""
# Words that identify or tell the patient's story; a sentence with one of them is never taught.
_PERSONAL: Final = re.compile(
    r"\b\d{1,3}[\s-]*(?:years?|y(?:r|rs)?\b|y/?o|yo\b|months?|mos?\b|weeks?|days?)"
    r"|\b(?:y\.?o\.?|male|female|man|woman|boy|girl|infant|newborn|child|gentleman|lady|he|she"
    r"|his|her|him|patient|patients|pt|pts|history|hx|presents?|presented|complain\w*|s/p)\b",
    re.IGNORECASE,
)
_SENTENCE: Final = re.compile(r"(?<=[.!?])\s+(?=[A-Z0-9])|[\r\n]+")
_HEADING: Final = re.compile(r"^\s*(?:final\s+)?diagnosis\s*:?\s*", re.IGNORECASE)
_FIGURE: Final = re.compile(r"^\s*(?:fig(?:ure)?\.?\s*\d*\w?|\d+)\s*[.:)]\s*", re.IGNORECASE)
CAPTION_WORDS: Final = 40
TITLE_WORDS: Final = 10


class MedPixError(ConfigError):
    """A folder that is no MedPix pack: the sentence names file and line."""


@dataclass(frozen=True)
class MedPixPicture:
    """One picture of one case; `caption` is as published, the taught texts are cleaned."""

    case: str
    image: Path
    modality: str
    plane: str | None
    is_projection: bool
    is_scan: bool
    category: str
    region: str | None
    sex: str | None
    caption: str | None
    taught_caption: str | None
    title: str | None
    taught_title: str | None
    told_in: str = ""
    """`file:line` of the list that names the picture."""


def read_medpix(folder: Path, split: str) -> list[MedPixPicture]:
    """The pictures of one split, in the file's order.

    Raises:
        ConfigError: a file or picture is missing, a line is no JSON or leaves something out, an
            identifier comes twice.
    """
    described, told = folder / f"descriptions_{split}.jsonl", folder / f"data_{split}.jsonl"
    for path in (told, described):
        if not path.is_file():
            raise MedPixError(f"there is no {path}")
    cases = {str(line.get("U_id")): line for line in read_lines(told)}
    pictures: list[MedPixPicture] = []
    seen: set[str] = set()
    for place, line in numbered_lines(described):
        needed(place, line, "Type", "U_id", "image", "Description", "Location", "Location Category")
        name = str(line["image"])
        image = folder / "images" / f"{name}.jpg"
        if name in seen:
            raise MedPixError(f"{place}: {name} comes twice")
        if not image.is_file():
            raise MedPixError(f"{place}: there is no picture {image}")
        seen.add(name)
        pictures.append(_picture(line, cases.get(str(line["U_id"]), {}), image, place))
    return pictures


def read_every_split(folder: Path) -> dict[str, list[MedPixPicture]]:
    """The pictures of all published splits, by the split's name.

    Raises:
        ConfigError: as read_medpix; there is no split, or a case is in two.
    """
    lists = sorted(folder.glob("descriptions_*.jsonl"))
    if not lists:
        raise MedPixError(f"there is no descriptions_*.jsonl in {folder}")
    names = [path.stem.removeprefix("descriptions_") for path in lists]
    found = {name: read_medpix(folder, name) for name in names}
    for one, other in itertools.combinations(names, 2):
        refuse_shared_cases(found[one], found[other])
    return found


def refuse_shared_cases(taught: list[MedPixPicture], measured: list[MedPixPicture]) -> None:
    """Stop when a case or a picture is both taught and measured.

    Raises:
        MedPixError: naming the first.
    """
    known = {one.case for one in taught} | {one.image.name for one in taught}
    for one in measured:
        shared = known & {one.case, one.image.name}
        if shared:
            place = f"{one.told_in}: " if one.told_in else ""
            raise MedPixError(f"{place}{min(shared)} is in both splits")


def without_story(text: str, max_words: int) -> str | None:
    """The sentences of a text that tell nothing of the person, up to so many words, else None."""
    kept: list[str] = []
    for sentence in _SENTENCE.split(text):
        clean = " ".join(_FIGURE.sub("", sentence).split())
        words = clean.split()
        if not words or _PERSONAL.search(clean):
            continue
        if kept and len(kept) + len(words) > max_words:
            break
        kept += words
    return " ".join(kept[:max_words]) or None


def taught_title(title: str) -> str | None:
    """The first line of a case's title without heading or story; None when little is left."""
    first = _HEADING.sub("", title.strip()).splitlines()
    text = " ".join(first[0].split()).rstrip(" .;,") if first else ""
    if not text or _PERSONAL.search(text) or len(text.split()) > TITLE_WORDS:
        return None
    return text


def _picture(line: dict[str, Any], case: dict[str, Any], image: Path, place: str) -> MedPixPicture:
    described = line["Description"]
    plane = _given(described.get("Plane"))
    caption = _given(described.get("Caption"))
    told = case.get("Case", {})
    title = _given(told.get("Title"))
    texts = [caption or "", title or "", _given(told.get("Findings")) or ""]
    is_scan = plane not in NOT_SCAN_PLANES
    category = str(line["Location Category"])
    return MedPixPicture(
        case=str(line["U_id"]),
        image=image,
        modality=str(line["Type"]),
        plane=_plane(plane),
        is_projection=plane in PROJECTIONS,
        is_scan=is_scan,
        category=category,
        region=region_of(str(line["Location"]), category, texts) if is_scan else None,
        sex=_given(described.get("Sex")),
        caption=" ".join(caption.split()) if caption else None,
        taught_caption=without_story(caption, CAPTION_WORDS) if caption else None,
        title=" ".join(title.split()) if title else None,
        taught_title=taught_title(title) if title else None,
        told_in=place,
    )


def _plane(published: str | None) -> str | None:
    if published == "Multiple or Montage":
        return "other"
    return PLANE_FROM_MEDPIX.get(published) if published else None


def _given(value: object) -> str | None:
    text = str(value).strip() if value is not None else ""
    return None if text.lower() in MISSING else text
