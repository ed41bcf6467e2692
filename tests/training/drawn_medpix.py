"""A drawn MedPix pack and a tiny base with its processor: small enough to train in seconds."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from tests.model.tiny import IMAGE_SIZE, make_tiny

PLANES = ("Axial", "Coronal", "Sagittal")
PLACES = (
    ("Brain and Neuro", "Head", (10, 10)),
    ("Chest, Pulmonary", "Thorax", (60, 10)),
    ("Gastrointestinal", "Abdomen", (10, 60)),
    ("Spine", "Spine and Muscles", (60, 60)),
)
PATCH = 8


def make_base(folder: Path) -> Path:
    """A tiny random base that transformers' PaliGemmaProcessor can be loaded from."""
    from tokenizers import Tokenizer

    from training.tokenizer import save_processor

    make_tiny(folder)
    _sharpen(folder)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    save_processor(tokenizer, folder, IMAGE_SIZE, PATCH)
    return folder


def _sharpen(folder: Path) -> None:
    # With small rows no hidden state can make one token of 1,450 likely, whatever LoRA learns.
    import torch
    from transformers import PaliGemmaForConditionalGeneration

    net = PaliGemmaForConditionalGeneration.from_pretrained(folder)
    with torch.no_grad():
        net.get_input_embeddings().weight.mul_(6.0)
    net.save_pretrained(folder)


def make_medpix(folder: Path, *, train: int = 32, dev: int = 4) -> Path:
    """A pack as published: what is drawn tells modality, plane and region."""
    (folder / "images").mkdir(parents=True)
    for split, count, first in (("train", train, 0), ("dev", dev, 1000)):
        lines = [_line(folder, first + number) for number in range(count)]
        _write(folder / f"descriptions_{split}.jsonl", lines)
        cases = [_case(line) for line in lines]
        _write(folder / f"data_{split}.jsonl", cases)
    return folder


def _line(folder: Path, number: int) -> dict[str, Any]:
    modality = ("CT", "MR")[number % 2]
    plane = PLANES[number // 2 % 3]
    location, category, place = PLACES[number // 6 % 4]
    name = f"MPX{number:04d}_synpic{number}"
    _draw(modality, plane, place, number).save(folder / "images" / f"{name}.jpg", quality=95)
    description = {
        "ACR Codes": "1.1",
        "Age": "41",
        "Caption": f"{plane} picture of a bright spot. 41 year old man with a story.",
        "Figure Part": None,
        "Modality": modality,
        "Plane": plane,
        "Sex": "male",
    }
    return {
        "Type": modality,
        "U_id": f"MPX{number:04d}",
        "image": name,
        "Description": description,
        "Location": location,
        "Location Category": category,
    }


def _case(line: dict[str, Any]) -> dict[str, Any]:
    case = {"Title": "Diagnosis: bright spot", "Findings": "N/A", "History": "41 year old man"}
    return {"U_id": line["U_id"], "TAC": [line["image"]], "MRI": [], "Case": case, "Topic": {}}


def _draw(modality: str, plane: str, place: tuple[int, int], number: int) -> Image.Image:
    picture = Image.new("L", (96, 96), 40 if modality == "CT" else 150)
    draw = ImageDraw.Draw(picture)
    left, top = place
    draw.ellipse((left, top, left + 24, top + 24), fill=255)
    bars = {"Axial": (0, 40, 96, 56), "Coronal": (40, 0, 56, 96), "Sagittal": (30, 30, 66, 66)}
    draw.rectangle(bars[plane], fill=0)
    if number >= 1000:  # so that no picture of dev is one of train to the eye
        draw.rectangle((2, 2, 93, 93), outline=90, width=4)
    noise = np.random.default_rng(number).normal(0, 2, (96, 96))
    return Image.fromarray(np.clip(np.asarray(picture) + noise, 0, 255).astype(np.uint8))


def _write(path: Path, lines: list[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
