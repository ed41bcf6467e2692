"""A clinic's own folder: the segmentation pack's layout with `qa.jsonl`, checked line by line.

manifest.jsonl      one picture a line: id, image, mask, split, patient, modality, …
images/, masks/     pictures, and index masks of the same size
labels.json         index to name; labels_detail.json beside it may tell anatomy from findings
qa.jsonl            optional: image, split, question, answer
"""

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image as PillowImage

from model.vocabulary import PLANE_FROM_SEGMENTATION, REGION_FROM_SEGMENTATION
from training.config import ConfigError
from training.json_lines import Once, needed, numbered_lines
from training.masks import LEAST_VOLUMES, anatomy_labels, present
from training.record_checks import refuse_unusable
from training.records import (
    TRAIN,
    VAL,
    Asked,
    PictureRecord,
    images_of,
    modality_of,
    of_questions,
    read_questions,
)

MANIFEST, QUESTIONS, LABELS = "manifest.jsonl", "qa.jsonl", "labels.json"
_NEEDED: Final = ("id", "image", "split", "modality", "patient")
_SPLITS: Final = (TRAIN, VAL, "test")


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
        ConfigError: naming file and line: a picture or mask is missing or has another size, an
            index has no name, an id comes twice, a patient is in two splits, a word is unknown,
            a question is about a picture that no line lists.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise ConfigError(f"{path}: there is no such file")
    labels = _labels(folder)
    lines = list(numbered_lines(path))
    asked = read_questions(folder / QUESTIONS, images_of(lines))
    records: list[PictureRecord] = []
    once, patients = Once(), dict[str, str]()
    for place, line in lines:
        record = _record(folder, place, line, asked)
        once.hear(record.key, place)
        if patients.setdefault(record.volume, record.split) != record.split:
            raise ConfigError(
                f"{place}: the patient {record.volume!r} is in {record.split} "
                f"and in {patients[record.volume]}"
            )
        records.append(record)
    refuse_unusable(records, LABELS, set(labels))
    if not any(one.split == TRAIN for one in records):
        raise ConfigError(f"{path}: no line has the split {TRAIN!r}")
    return OwnFolder(folder, tuple(records), _anatomy(folder, labels))


def _record(
    folder: Path, place: str, line: Mapping[str, Any], asked: Mapping[str, Sequence[Asked]]
) -> PictureRecord:
    needed(place, line, *_NEEDED)
    if line["split"] not in _SPLITS:
        raise ConfigError(f"{place}: the split {line['split']!r} is none of {_SPLITS}")
    return PictureRecord(
        key=str(line["id"]),
        pack="own",
        image=folder / line["image"],
        split=line["split"],
        volume=str(line["patient"]),
        modality=modality_of(place, line),
        region=REGION_FROM_SEGMENTATION.get(line.get("body_region") or ""),
        plane=PLANE_FROM_SEGMENTATION.get(line.get("plane") or ""),
        mask=folder / line["mask"] if line.get("mask") else None,
        partial=bool(line.get("partial_labels")),
        told_in=place,
        **of_questions(asked.get(line["image"], ())),
    )


def _labels(folder: Path) -> dict[int, str]:
    path = folder / LABELS
    if not path.is_file():
        raise ConfigError(f"{path}: there is no such file")
    try:
        found = {int(key): str(name) for key, name in json.loads(path.read_text("utf-8")).items()}
    except (ValueError, AttributeError) as error:
        raise ConfigError(f"{path}: must be an object of index to name") from error
    twice = [name for name, count in Counter(found.values()).items() if count > 1]
    if twice:
        raise ConfigError(f"{path}: the name {twice[0]!r} stands for two indices")
    return found


def _anatomy(folder: Path, labels: Mapping[int, str]) -> dict[int, str]:
    if (folder / "labels_detail.json").is_file():
        return anatomy_labels(folder)
    return {index: name for index, name in labels.items() if index}
