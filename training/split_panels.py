"""MedPix with its montages cut into their panels: again a folder of the published layout."""

import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from PIL import Image as PillowImage

from model.panel_captions import assign_captions
from model.panels import find_panels
from model.pixels import from_picture, without_medpix_marks
from model.types import Box, Image
from training.json_lines import numbered_lines, read_lines
from training.medpix_pictures import MedPixError, read_every_split
from training.records import read_modality
from training.whole_folder import refuse_little_room, whole_folder

LEAST_SIDE: Final = 48
"""Pixels of a panel: less shows nothing when it is alone."""
QUALITY: Final = 92
_PLANES: Final = re.compile(r"\b(axial|transverse|coronal|sagittal)\b", re.I)
_MONTAGE: Final = "Multiple or Montage"
Line = dict[str, Any]


@dataclass(frozen=True)
class Cut:
    """Of one split: its pictures, how many of them were montages, and the panels kept."""

    pictures: int
    montages: int
    panels: int


def split_panels(medpix: Path, out: Path) -> dict[str, Cut]:
    """Write the folder, with `panels.jsonl` that says what was cut where; counts by split.

    A panel keeps the case and the part of the body. Its caption is the part of the montage's that
    names it, else none: what is said of several pictures is not said of each. Its plane and kind
    are what that part says, else the montage's own where that is one.

    Raises:
        ConfigError: the folder is not as published, `out` exists, or the disk has no room.
    """
    if out.exists():
        raise MedPixError(f"{out} exists already; name another folder")
    splits = list(read_every_split(medpix))
    refuse_little_room(out.parent, sum(one.stat().st_size for one in medpix.rglob("*.jp*g")))
    counts: dict[str, Cut] = {}
    with whole_folder(out) as fresh:
        (fresh / "images").mkdir()
        for split in splits:
            names: dict[str, list[str]] = {}
            described: list[Line] = []
            for _, line in numbered_lines(medpix / f"descriptions_{split}.jsonl"):
                cut = list(_cut(medpix, fresh, split, line))
                names[line["image"]] = [one["image"] for one in cut]
                described += cut
            _write(fresh / f"descriptions_{split}.jsonl", described)
            cases = read_lines(medpix / f"data_{split}.jsonl")
            _write(fresh / f"data_{split}.jsonl", [_renamed(one, names) for one in cases])
            montages = [many for name, many in names.items() if many != [name]]
            counts[split] = Cut(len(names), len(montages), sum(map(len, montages)))
    return counts


def panel_lines(line: Mapping[str, Any], panels: Sequence[Box]) -> list[Line | None]:
    """A line as published for each panel of its picture; None for a plain film among scans."""
    described = line["Description"]
    caption = str(described.get("Caption") or "")
    own = _planes(caption)
    plane = None if len(own) > 1 or described["Plane"] == _MONTAGE else described["Plane"]
    found: list[Line | None] = []
    for number, said in enumerate(assign_captions(panels, caption), 1):
        kind = read_modality([{"question": said or "", "answer": "yes"}]) or line["Type"]
        named = _planes(said or "")
        told = {"Caption": said, "Plane": named.pop() if len(named) == 1 else plane}
        one = {**line, "Type": kind, "image": f"{line['image']}_panel{number}"}
        found.append({**one, "Description": {**described, **told}} if kind != "X-ray" else None)
    return found


def _planes(text: str) -> set[str]:
    words = {word.capitalize() for word in _PLANES.findall(text)}
    return {"Axial" if word == "Transverse" else word for word in words}


def _cut(medpix: Path, fresh: Path, split: str, line: Line) -> Iterator[Line]:
    """The lines that stand for this one, their pictures written."""
    source = medpix / "images" / f"{line['image']}.jpg"
    with PillowImage.open(source) as opened:
        whole = from_picture(opened)
    panels = [one for one in find_panels(whole) if _is_large(whole, one)]
    kept = panel_lines(line, panels) if len(panels) > 1 else []
    if not any(kept):
        _link(source, fresh / "images" / source.name)
        yield line
        return
    clean = without_medpix_marks(whole)
    for box, one in zip(panels, kept, strict=True):
        if one is not None:
            picture = PillowImage.fromarray(_within(clean, box))
            picture.save(fresh / "images" / f"{one['image']}.jpg", quality=QUALITY)
            with (fresh / "panels.jsonl").open("a", encoding="utf-8") as told:
                said = one["Description"]["Caption"]
                place = {"split": split, "image": line["image"], "panel": one["image"]}
                told.write(json.dumps({**place, "box": box, "caption": said}) + "\n")
            yield one


def _is_large(whole: Image, box: Box) -> bool:
    return bool(min(_within(whole, box).shape[:2]) >= LEAST_SIDE)


def _within(whole: Image, box: Box) -> Image:
    high, wide = whole.shape[:2]
    top, left, bottom, right = box
    return whole[round(top * high) : round(bottom * high), round(left * wide) : round(right * wide)]


def _link(source: Path, place: Path) -> None:
    """One file under a second name where the disk can, else a copy."""
    try:
        os.link(source.resolve(), place)
    except OSError:
        shutil.copyfile(source, place)


def _renamed(case: Line, names: Mapping[str, list[str]]) -> Line:
    lists = {
        key: [other for name in case.get(key) or [] for other in names.get(name, [name])]
        for key in ("TAC", "MRI")
    }
    return {**case, **lists}


def _write(path: Path, lines: Sequence[Line]) -> None:
    path.write_text("".join(json.dumps(one) + "\n" for one in lines), encoding="utf-8")
