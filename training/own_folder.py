"""A clinic's own folder: the segmentation pack's layout with `qa.jsonl`, checked line by line.

manifest.jsonl      one picture a line: id, image, mask, split, patient, modality, …
images/, masks/     pictures, and index masks of the same size
labels.json         index to name; labels_detail.json beside it may tell anatomy from findings
qa.jsonl            optional: image, split, question, answer
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image as PillowImage

from model.vocabulary import (
    MODALITY_FROM_PACK,
    PLANE_FROM_SEGMENTATION,
    REGION_FROM_SEGMENTATION,
)
from training.masks import LEAST_VOLUMES, anatomy_labels, present
from training.records import TRAIN, VAL, PictureRecord

MANIFEST, QUESTIONS, LABELS = "manifest.jsonl", "qa.jsonl", "labels.json"
_NEEDED: Final = ("id", "image", "split", "modality", "patient")
_SPLITS: Final = (TRAIN, VAL, "test")


class OwnFolderError(ValueError):
    """A folder that cannot be taught from; the sentence names file and line."""


@dataclass(frozen=True)
class OwnFolder:
    """What a clinic's folder holds: its pictures, and the names of its mask indices."""

    folder: Path
    records: tuple[PictureRecord, ...]
    labels: Mapping[int, str]

    def of(self, split: str) -> list[PictureRecord]:
        """The pictures of one split."""
        return [one for one in self.records if one.split == split]

    @property
    def structures(self) -> tuple[str, ...]:
        """Names that enough patients of the train split show to be offered."""
        seen: defaultdict[str, set[str]] = defaultdict(set)
        for record in self.of(TRAIN):
            if record.mask is not None:
                for index in present(np.asarray(PillowImage.open(record.mask))):
                    if index in self.labels:
                        seen[self.labels[index]].add(record.volume)
        return tuple(sorted(name for name, who in seen.items() if len(who) >= LEAST_VOLUMES))


def read_own_folder(folder: Path) -> OwnFolder:
    """Read and check the whole folder before anything is trained.

    Raises:
        OwnFolderError: naming file and line: a picture or mask is missing or has another size, an
            index has no name, an id comes twice, a patient is in two splits, a word is unknown.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise OwnFolderError(f"{path}: there is no such file")
    labels = _labels(folder)
    asked = _questions(folder)
    records: list[PictureRecord] = []
    lines: dict[str, int] = {}
    patients: dict[str, str] = {}
    for number, line in _lines(path):
        record = _record(path, number, line, asked)
        if record.key in lines:
            raise OwnFolderError(
                f"{path}:{number}: the id {record.key!r} is that of line {lines[record.key]} too"
            )
        lines[record.key] = number
        if patients.setdefault(record.volume, record.split) != record.split:
            raise OwnFolderError(
                f"{path}:{number}: the patient {record.volume!r} is in {record.split} "
                f"and in {patients[record.volume]}"
            )
        _check_files(path, number, record, labels)
        records.append(record)
    if not any(one.split == TRAIN for one in records):
        raise OwnFolderError(f"{path}: no line has the split {TRAIN!r}")
    return OwnFolder(folder, tuple(records), _anatomy(folder, labels))


def _record(
    path: Path, number: int, line: Mapping[str, Any], asked: Mapping[str, list[tuple[str, str]]]
) -> PictureRecord:
    missing = [key for key in _NEEDED if not line.get(key)]
    if missing:
        raise OwnFolderError(f"{path}:{number}: there is no {missing[0]!r}")
    if line["split"] not in _SPLITS:
        raise OwnFolderError(f"{path}:{number}: the split {line['split']!r} is none of {_SPLITS}")
    if line["modality"] not in MODALITY_FROM_PACK:
        known = ", ".join(MODALITY_FROM_PACK)
        raise OwnFolderError(
            f"{path}:{number}: the modality {line['modality']!r} is none of {known}"
        )
    pairs = asked.get(line["image"], [])
    return PictureRecord(
        key=str(line["id"]),
        pack="own",
        image=path.parent / line["image"],
        split=line["split"],
        volume=str(line["patient"]),
        modality=MODALITY_FROM_PACK[line["modality"]],
        region=REGION_FROM_SEGMENTATION.get(line.get("body_region") or ""),
        plane=PLANE_FROM_SEGMENTATION.get(line.get("plane") or ""),
        mask=path.parent / line["mask"] if line.get("mask") else None,
        partial=bool(line.get("partial_labels")),
        questions=tuple(pairs),
        closed=tuple(answer.lower() in ("yes", "no") for _, answer in pairs),
    )


def _check_files(path: Path, number: int, record: PictureRecord, labels: Mapping[int, str]) -> None:
    sizes = []
    for file in (record.image, record.mask):
        if file is None:
            continue
        if not file.is_file():
            raise OwnFolderError(f"{path}:{number}: there is no {file.name}")
        with PillowImage.open(file) as opened:
            sizes.append(opened.size)
    if len(set(sizes)) > 1:
        raise OwnFolderError(f"{path}:{number}: picture and mask differ in size")
    if record.mask is not None:
        found = np.unique(np.asarray(PillowImage.open(record.mask)))
        unnamed = [int(one) for one in found if one and int(one) not in labels]
        if unnamed:
            raise OwnFolderError(
                f"{path}:{number}: {LABELS} has no name for index {unnamed[0]} of "
                f"{record.mask.name}"
            )


def _labels(folder: Path) -> dict[int, str]:
    path = folder / LABELS
    if not path.is_file():
        raise OwnFolderError(f"{path}: there is no such file")
    try:
        found = {int(key): str(name) for key, name in json.loads(path.read_text("utf-8")).items()}
    except (ValueError, AttributeError) as error:
        raise OwnFolderError(f"{path}: must be an object of index to name") from error
    twice = [name for name, count in Counter(found.values()).items() if count > 1]
    if twice:
        raise OwnFolderError(f"{path}: the name {twice[0]!r} stands for two indices")
    return found


def _anatomy(folder: Path, labels: Mapping[int, str]) -> dict[int, str]:
    if (folder / "labels_detail.json").is_file():
        return anatomy_labels(folder)
    return {index: name for index, name in labels.items() if index}


def _questions(folder: Path) -> dict[str, list[tuple[str, str]]]:
    path, found = folder / QUESTIONS, defaultdict[str, list[tuple[str, str]]](list)
    for number, line in _lines(path) if path.is_file() else ():
        missing = [key for key in ("image", "question", "answer") if not line.get(key)]
        if missing:
            raise OwnFolderError(f"{path}:{number}: there is no {missing[0]!r}")
        found[line["image"]].append((str(line["question"]), str(line["answer"])))
    return dict(found)


def _lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not text.strip():
            continue
        try:
            line = json.loads(text)
        except ValueError as error:
            raise OwnFolderError(f"{path}:{number}: is not JSON: {error}") from error
        if not isinstance(line, dict):
            raise OwnFolderError(f"{path}:{number}: is no object")
        yield number, line
