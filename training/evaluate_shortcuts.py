"""Does the model look? Blank, shuffled, erased pictures and the same question in other words."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from model.answering import recognise
from model.backend import Backend
from model.prompts import answer_prefix
from model.types import Image, Mask
from training.adapter_rows import PREFIXES
from training.evaluate_asking import ask_all, blank, show, shown, spread
from training.evaluate_segmentation import Asker, false_masks
from training.evaluate_slices import masks_of, read_slices
from training.masks import anatomy_labels
from training.medpix_pictures import MedPixPicture, read_medpix
from training.metrics_text import tokens

PICTURES: Final = 40
NAMES: Final = 4
TILES: Final = 8
"""A shuffled picture keeps its tiles but not their places: 8 x 8 of them."""
LARGE_SHARE: Final = 0.005
"""Organs erased cover at least this share: smaller ones leave no hole one could see."""
REPHRASED: Final = (
    "which kind of scan am I looking at?",
    "what type of image is shown here?",
    "how was this picture taken?",
)


def medpix_shortcuts(backend: Backend, folder: Path, split: str, limit: int) -> dict[str, Any]:
    """Answers on a black picture, and modality asked in other words."""
    pictures = [one for one in read_medpix(folder, split) if one.is_scan]
    pictures = spread(pictures, min(limit or PICTURES, PICTURES))
    black = blank()
    tasks = ("modality", "plane", "region")
    said = ask_all(backend, [(black, PREFIXES[task]) for task in tasks])
    return {
        "blank_answers": dict(zip(tasks, said, strict=True)),
        "blank_scan_share": float(recognise(backend, black.image, black.digest).is_scan),
        "rephrased_modality_accuracy": _rephrased(backend, pictures),
        "rephrased_n": len(pictures) * len(REPHRASED),
    }


def mask_shortcuts(asker: Asker, folder: Path, split: str, limit: int) -> dict[str, Any]:
    """Share of tries that colour something in black, shuffled and erased pictures."""
    labels = anatomy_labels(folder)
    slices = spread(read_slices(folder, split), min(limit or PICTURES, PICTURES))
    shares: dict[str, list[bool]] = {"blank": [], "shuffled": [], "erased": []}
    for number, one in enumerate(slices):
        masks = masks_of(one, labels, LARGE_SHARE)
        names = list(masks)[:NAMES]
        if not names:
            continue
        view = show(one.image)
        changed = {
            "blank": blank(),
            "shuffled": shown(shuffle(view.image, number)),
        }
        for kind, picture in changed.items():
            shares[kind].append(any(false_masks(asker.find(picture, names), names)))
        erased = shown(erase(view.image, masks[names[0]]))
        shares["erased"] += false_masks(asker.find(erased, names[:1]), names[:1])
    summed = {f"{kind}_mask_share": _mean(found) for kind, found in shares.items()}
    return {**summed, "tries": len(shares["blank"])}


def shuffle(image: Image, seed: int) -> Image:
    """uint8[H', W', 3]: the picture's 8 x 8 tiles in random places, cut to whole tiles."""
    tall, wide = image.shape[0] // TILES, image.shape[1] // TILES
    cut = image[: tall * TILES, : wide * TILES]
    tiles = cut.reshape(TILES, tall, TILES, wide, 3).swapaxes(1, 2).reshape(-1, tall, wide, 3)
    mixed = tiles[np.random.default_rng(seed).permutation(TILES * TILES)]
    whole = mixed.reshape(TILES, TILES, tall, wide, 3).swapaxes(1, 2)
    return np.ascontiguousarray(whole.reshape(cut.shape))


def erase(image: Image, mask: Mask) -> Image:
    """A copy in which the masked area has the middle grey of what lies around it."""
    grown = mask.copy()
    for axis in (0, 1):
        for step in (-3, 3):
            grown |= np.roll(mask, step, axis=axis)
    ring = grown & ~mask
    copy = image.copy()
    copy[grown] = np.median(image[ring], axis=0).astype(np.uint8) if ring.any() else 0
    return copy


def negated(question: str) -> str | None:
    """The question turned into its opposite, for "is there" and "are there"; None for others."""
    words = question.strip()
    for opening in ("Is there ", "Are there "):
        if words.startswith(opening):
            rest = words.removeprefix(opening)
            rest = rest.removeprefix("a ").removeprefix("an ").removeprefix("any ")
            return f"{opening}no {rest}"
    return None


def negation_consistency(
    backend: Backend, asked: Sequence[tuple[Path, str, str]], limit: int
) -> dict[str, Any]:
    """Of right yes/no answers, the share that turns when the question is negated.

    Args:
        asked: (picture, question, answer) of closed questions.
    """
    pairs = [(path, q, negated(q), a) for path, q, a in asked if tokens(a) in (["yes"], ["no"])]
    usable = [one for one in pairs if one[2] is not None]
    usable = spread(usable, min(limit or 2 * PICTURES, 2 * PICTURES))
    plain = ask_all(backend, [(show(path), answer_prefix(q)) for path, q, _, _ in usable])
    turned = ask_all(backend, [(show(path), answer_prefix(n or "")) for path, _, n, _ in usable])
    right = [
        tokens(after) == ["no" if tokens(answer) == ["yes"] else "yes"]
        for (_, _, _, answer), before, after in zip(usable, plain, turned, strict=True)
        if tokens(before) == tokens(answer)
    ]
    return {"negation_turned_share": _mean(right), "negation_n": len(right)}


def _rephrased(backend: Backend, pictures: Sequence[MedPixPicture]) -> float | None:
    views = [(show(one.image, has_marks=True), one.modality) for one in pictures]
    asked = [(view, answer_prefix(words)) for view, _ in views for words in REPHRASED]
    said = ask_all(backend, asked)
    wanted = [modality for _, modality in views for _ in REPHRASED]
    return _mean([word == right for word, right in zip(said, wanted, strict=True)])


def _mean(values: Sequence[bool]) -> float | None:
    return sum(values) / len(values) if values else None
