"""A clinic's own folder, drawn: two structures, a patient a picture, questions beside them."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

NAMES = {"0": "background", "1": "liver", "2": "spleen"}


def make_own(folder: Path, *, train: int = 6, val: int = 2) -> Path:
    """Pictures with a bright square on the left and one on the right."""
    for name in ("images", "masks"):
        (folder / name).mkdir(parents=True)
    lines = [
        _line(folder, number, "train" if number < train else "val") for number in range(train + val)
    ]
    write_lines(folder / "manifest.jsonl", lines)
    (folder / "labels.json").write_text(json.dumps(NAMES), encoding="utf-8")
    asked = [
        {"image": one["image"], "split": one["split"], "question": "Is this a CT?", "answer": "yes"}
        for one in lines
    ]
    write_lines(folder / "qa.jsonl", asked)
    return folder


def write_lines(path: Path, lines: list[dict[str, Any]]) -> None:
    """One JSON object a line."""
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The objects of such a file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _line(folder: Path, number: int, split: str) -> dict[str, Any]:
    # Grain of its own: to the eye no picture of one split is one of another.
    grain = np.random.default_rng(number).integers(10, 90, (8, 8), dtype=np.uint8)
    picture = np.kron(grain, np.ones((12, 12), dtype=np.uint8))
    mask = np.zeros((96, 96), dtype=np.uint8)
    for index, left in ((1, 12), (2, 60)):
        box = np.s_[30 : 58 + number % 3, left : left + 22]
        picture[box], mask[box] = 110 * index, index
    Image.fromarray(picture).save(folder / "images" / f"p{number}.png")
    Image.fromarray(mask).save(folder / "masks" / f"p{number}.png")
    return {
        "id": f"p{number}",
        "image": f"images/p{number}.png",
        "mask": f"masks/p{number}.png",
        "split": split,
        "modality": "CT",
        "body_region": "abdomen",
        "plane": "axial",
        "patient": f"patient-{number}",
        "licence": "own",
    }
