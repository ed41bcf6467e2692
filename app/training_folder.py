"""Corrections by doctors as a folder that `training prepare` reads; nothing in it names anybody.

Pictures are new PNG files of the bare pixels under random names; there is no date, no visit, no
doctor. What was drawn becomes index masks, what is known of a picture its questions.
"""

import io
import json
import os
import re
import secrets
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageChops, ImageDraw

from app.storage.scans import Look, StoredRegion
from model.prompts import MODALITY_QUESTION, PLANE_QUESTION, REGION_QUESTION, STRUCTURES_QUESTION
from model.types import Image
from model.vocabulary import MODALITY_FROM_PACK

PACK: Final = "segmentation"
LICENCE: Final = "patient's consent to training in this clinic"
VAL_SHARE: Final = 0.2
_NUMBER: Final = re.compile(r"-?\d+(?:\.\d+)?")


@dataclass(frozen=True)
class Corrected:
    """One picture with the parts a doctor left marked; `owner` groups the pictures of a visit."""

    owner: str
    image: Image
    look: Look
    regions: tuple[StoredRegion, ...]


def can_be_taught(look: Look | None, notes: Sequence[str]) -> bool:
    """Whether a picture may go into the folder: a known kind of scan without writing in it."""
    is_known = look is not None and look.is_scan and look.modality in MODALITY_FROM_PACK
    return is_known and "burned_in_annotation" not in notes


def write_folder(out: Path, pictures: Sequence[Corrected], structures: Sequence[str]) -> None:
    """Write the folder beside its place under another name, then rename it; all or nothing.

    Args:
        out: must not exist.
        pictures: what was corrected.
        structures: every name there is, in the order that numbers them from 1.
    """
    fresh = out.parent / f".{out.name}.new"
    shutil.rmtree(fresh, ignore_errors=True)
    pack = fresh / PACK
    for name in ("images", "masks"):
        (pack / name).mkdir(parents=True, mode=0o700)
    numbers = {name: number for number, name in enumerate(structures, start=1)}
    owners = _owners([one.owner for one in pictures])
    lines = [_write_picture(pack, one, numbers, owners[one.owner]) for one in pictures]
    chance = secrets.SystemRandom()
    chance.shuffle(lines)  # the order of a list tells who came first
    _write_lines(pack / "manifest.jsonl", [line for line, _ in lines])
    _write_lines(pack / "qa.jsonl", [asked for _, questions in lines for asked in questions])
    _write_labels(pack, numbers)
    os.replace(fresh, out)


def _owners(visits: Sequence[str]) -> dict[str, tuple[str, str]]:
    """A random name and a split for each visit: all its pictures are taught, or all measured."""
    names = list(dict.fromkeys(visits))
    held = max(1, round(len(names) * VAL_SHARE)) if len(names) > 1 else 0
    val = set(secrets.SystemRandom().sample(names, held))
    return {one: (secrets.token_hex(8), "val" if one in val else "train") for one in names}


def _write_picture(
    pack: Path, one: Corrected, numbers: Mapping[str, int], owner: tuple[str, str]
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The files of one picture; gives its line of the manifest and its questions."""
    name, look = secrets.token_hex(16), one.look
    height, width = one.image.shape[:2]
    known = [region for region in one.regions if region.structure in numbers]
    mask = np.zeros((height, width), dtype=np.uint8)
    for region in sorted(known, key=lambda region: -region.area_share):  # small ones on top
        mask[filled(region.path, (width, height))] = numbers[region.structure]
    _write_png(pack / "images" / f"{name}.png", one.image)
    _write_png(pack / "masks" / f"{name}.png", mask)
    line = {
        "id": name,
        "image": f"images/{name}.png",
        "mask": f"masks/{name}.png",
        "width": width,
        "height": height,
        "split": owner[1],
        "modality": look.modality,
        "body_region": look.region,
        "plane": look.plane,
        "patient": owner[0],
        "licence": LICENCE,
        "annotation": "corrected by a doctor",
        "partial_labels": True,
    }
    said = {
        MODALITY_QUESTION: look.modality,
        PLANE_QUESTION: look.plane,
        REGION_QUESTION: look.region,
        STRUCTURES_QUESTION: ", ".join(region.structure for region in known),
    }
    asked = [
        {"image": line["image"], "split": owner[1], "question": question, "answer": answer}
        for question, answer in said.items()
        if answer
    ]
    return line, asked


def filled(path: str, size: tuple[int, int]) -> NDArray[np.bool_]:
    """bool[H, W]: what SVG path data encloses by the even-odd rule; `size` is (width, height)."""
    whole = Pillow.new("1", size)
    for loop in path.split("M")[1:]:
        numbers = [float(one) - 0.5 for one in _NUMBER.findall(loop)]  # edges to pixel middles
        points = list(zip(numbers[::2], numbers[1::2], strict=True))
        if len(points) >= 3:
            ring = Pillow.new("1", size)
            ImageDraw.Draw(ring).polygon(points, fill=1)
            whole = ImageChops.logical_xor(whole, ring)
    return np.asarray(whole, dtype=np.bool_)


def _write_png(path: Path, pixels: NDArray[np.uint8]) -> None:
    target = io.BytesIO()
    Pillow.fromarray(pixels).save(target, "PNG")
    path.write_bytes(target.getvalue())


def _write_lines(path: Path, lines: Sequence[Mapping[str, Any]]) -> None:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


def _write_labels(pack: Path, numbers: Mapping[str, int]) -> None:
    names = {"0": "background"} | {str(number): name for name, number in numbers.items()}
    details = {
        key: {"name": name, "kind": "background" if key == "0" else "anatomy"}
        for key, name in names.items()
    }
    for file, content in (("labels.json", names), ("labels_detail.json", details)):
        (pack / file).write_text(json.dumps(content, indent=1), encoding="utf-8")
