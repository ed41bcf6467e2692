"""Augmented copies with boxes and codes ready, memory-mapped: what the training loops read."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from model.cell_head import CELLS_PER_PATCH
from model.mask_codec import MaskCodec, crop
from model.pixels import squash, to_rgb, without_medpix_marks
from model.types import Box
from training.augment import (
    IDENTITY,
    Strength,
    change_greys,
    draw_affine,
    mirrored_name,
    warp_mask,
    warp_picture,
)
from training.masks import IndexMask, box_of, present
from training.negatives import draw_negative
from training.records import TRAIN, PictureRecord

IGNORED = 255
"""Cell value where the pack does not say what is there."""
JITTER = 0.015
"""Spread of the shifted boxes, in shares of the side."""
OBJECT = np.dtype(
    [
        ("copy", "<i4"),
        ("name", "<i2"),
        ("share", "<f4"),
        ("box", "<f4", 4),
        ("shifted", "<f4", 4),
        ("codes", "u1", 16),
        ("shifted_codes", "u1", 16),
    ]
)
MOST_OBJECTS = 40
"""In one picture: a brain slice of the packs shows up to 34."""


@dataclass(frozen=True)
class Copies:
    """Cached copies of pictures.

    images uint8[N, S, S]; cells uint8[N, G, G] (0 background, name + 1, 255 unknown);
    records int32[N]; objects OBJECT[M] sorted by copy, first[N + 1] their offsets.
    """

    images: NDArray[np.uint8]
    cells: NDArray[np.uint8]
    records: NDArray[np.int32]
    objects: NDArray[Any]
    first: NDArray[np.int64]


@dataclass(frozen=True)
class CacheRequest:
    """Which pictures to copy how often, at which size, under which names and mask numbers."""

    records: list[PictureRecord]
    names: list[str]
    labels: dict[int, str]
    image_size: int
    patch_size: int
    copies: int
    seed: int


def build_copies(
    request: CacheRequest, codec: MaskCodec, folder: Path, report: Callable[[str], None]
) -> None:
    """Write the copies of these records to a folder; its last file is `ready.json`."""
    folder.mkdir(parents=True, exist_ok=True)
    counts = [_copies_of(record, request.copies) for record in request.records]
    total, size = sum(counts), request.image_size
    grid = size // request.patch_size * CELLS_PER_PATCH
    images = _create(folder / "images.npy", (total, size, size))
    cells = _create(folder / "cells.npy", (total, grid, grid))
    owners = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
    objects: list[NDArray[Any]] = []
    generator = np.random.default_rng(request.seed)
    position = 0
    for number, (record, count) in enumerate(zip(request.records, counts, strict=True)):
        picture, mask = _open(record)
        found: list[tuple[NDArray[Any], list[NDArray[np.float32]]]] = []
        for turn in range(count):
            grey, labels = _one_copy(record, picture, mask, request, generator, turn)
            images[position] = grey
            cells[position] = _cells(labels, record, grid)
            found.append(_objects(labels, position, generator))
            position += 1
        objects.append(_coded(found, codec))
        if number % 200 == 199:
            report(f"cache {record.split} {number + 1} of {len(counts)} pictures")
    images.flush()
    cells.flush()
    np.save(folder / "records.npy", owners)
    np.save(folder / "objects.npy", np.concatenate(objects))
    (folder / "ready.json").write_text(json.dumps({"copies": total, "size": size}))


def bytes_of_copies(request: CacheRequest) -> float:
    """The disk that the copies will take, objects counted generously."""
    size, grid = request.image_size, request.image_size // request.patch_size * CELLS_PER_PATCH
    total = sum(_copies_of(record, request.copies) for record in request.records)
    return total * (size**2 + grid**2 + MOST_OBJECTS * OBJECT.itemsize)


def open_copies(folder: Path) -> Copies:
    """The copies of a folder, memory-mapped."""
    records = np.load(folder / "records.npy")
    objects = np.load(folder / "objects.npy")
    return Copies(
        images=np.load(folder / "images.npy", mmap_mode="r"),
        cells=np.load(folder / "cells.npy", mmap_mode="r"),
        records=records,
        objects=objects,
        first=np.searchsorted(objects["copy"], np.arange(len(records) + 1)),
    )


def build_negatives(folder: Path, count: int, size: int, seed: int) -> None:
    """Write `negatives.npy`: uint8[count, size, size, 3] pictures that are no scans."""
    generator = np.random.default_rng(seed)
    drawn = _create(folder / "negatives.npy", (count, size, size, 3))
    for index in range(count):
        drawn[index] = draw_negative(generator, size)
    drawn.flush()


def _create(path: Path, shape: tuple[int, ...]) -> Any:
    return np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=shape)


def _copies_of(record: PictureRecord, copies: int) -> int:
    if record.split != TRAIN:
        return 1
    return copies if record.mask is not None else max(copies, 1)


def _open(record: PictureRecord) -> tuple[PillowImage.Image, PillowImage.Image | None]:
    picture = PillowImage.open(record.image).convert("L")
    if record.pack == "vqa-rad":
        clean = without_medpix_marks(to_rgb(np.array(picture, dtype=np.uint8)))
        picture = PillowImage.fromarray(clean[..., 0])
    return picture, PillowImage.open(record.mask) if record.mask is not None else None


def _one_copy(
    record: PictureRecord,
    picture: PillowImage.Image,
    mask: PillowImage.Image | None,
    request: CacheRequest,
    generator: np.random.Generator,
    turn: int,
) -> tuple[NDArray[np.uint8], IndexMask | None]:
    """Grey copy and its mask in name numbers (name + 1), at twice the picture's size."""
    size, mirrors = request.image_size, False
    if turn == 0:
        grey = squash(to_rgb(np.array(picture, dtype=np.uint8)), size)[..., 0]
        affine = IDENTITY
    else:
        mirrors = record.mirrors and bool(generator.random() < 0.5)
        affine = draw_affine(generator, Strength(), mirrors)
        grey = change_greys(warp_picture(picture, affine, size), generator)
    if mask is None:
        return grey, None
    warped = warp_mask(mask, affine, size * 2)
    return grey, _renumber(request, mirrors)[warped]


def _renumber(request: CacheRequest, mirrors: bool) -> NDArray[np.uint8]:
    table = np.full(256, IGNORED, dtype=np.uint8)
    table[0] = 0
    for index, name in request.labels.items():
        other = mirrored_name(name) if mirrors else name
        table[index] = request.names.index(other if other in request.names else name) + 1
    return table


def _cells(labels: IndexMask | None, record: PictureRecord, grid: int) -> NDArray[np.uint8]:
    if labels is None:
        return np.full((grid, grid), IGNORED, dtype=np.uint8)
    step = labels.shape[0] // grid
    middle = labels[step // 2 :: step, step // 2 :: step][:grid, :grid].copy()
    if record.partial:
        middle[middle == 0] = IGNORED
    return middle


def _objects(
    labels: IndexMask | None, copy: int, generator: np.random.Generator
) -> tuple[NDArray[Any], list[NDArray[np.float32]]]:
    """Rows without their codes, and two crops a row: of the true box and of a shifted one."""
    if labels is None:
        return np.zeros(0, dtype=OBJECT), []
    found = [one for one in present(labels) if one != IGNORED]
    rows = np.zeros(len(found), dtype=OBJECT)
    crops = []
    for row, index in zip(rows, found, strict=True):
        mask = labels == index
        box = box_of(mask)
        shifted = shift_box(box, generator)
        row["copy"], row["name"], row["share"] = copy, index - 1, mask.mean()
        row["box"], row["shifted"] = box, shifted
        crops += [crop(mask, box), crop(mask, shifted)]
    return rows, crops


def _coded(
    found: list[tuple[NDArray[Any], list[NDArray[np.float32]]]], codec: MaskCodec
) -> NDArray[Any]:
    """The rows of all copies of a picture with their codes: the codec runs once a picture."""
    rows = np.concatenate([one for one, _ in found])
    crops = [crop for _, ones in found for crop in ones]
    if crops:
        codes = codec.encode(np.stack(crops) > 0.5)
        rows["codes"], rows["shifted_codes"] = codes[0::2], codes[1::2]
    return rows


def shift_box(box: Box, generator: np.random.Generator) -> Box:
    """The box with every corner moved a little, still a box of at least 1 % a side."""
    moved = np.clip(np.array(box) + generator.normal(0, JITTER, 4), 0.0, 1.0)
    y_min, x_min = np.minimum(moved[:2], moved[2:] - 0.01).clip(0.0, 0.98)
    y_max, x_max = np.maximum(moved[2:], (y_min + 0.01, x_min + 0.01)).clip(0.01, 1.0)
    return float(y_min), float(x_min), float(y_max), float(x_max)
