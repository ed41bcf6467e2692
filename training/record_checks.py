"""What must hold of pictures before anything is trained: there, whole, named, and in one split."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image as PillowImage

from training.config import ConfigError
from training.masks import named_indices, present
from training.near_duplicates import Print, prints_of
from training.records import PictureRecord, read_records

LABELS_DETAIL = "labels_detail.json"


def read_checked(data: Path, licences: tuple[str, ...] = ()) -> list[PictureRecord]:
    """As read_records; every picture is there, every index of a mask has a name.

    Raises:
        ConfigError: naming file and line.
    """
    records = read_records(data, licences)
    refuse_unusable(records, LABELS_DETAIL, named_indices(data / "segmentation"))
    return records


def refuse_unusable(records: Iterable[PictureRecord], labels: str, named: set[int]) -> None:
    """Stop at a picture or mask that is missing or broken, or an index that has no name.

    Args:
        labels: the file that names indices, as the sentence calls it.
        named: the indices it has names for; 0 needs none.

    Raises:
        ConfigError: naming file and line.
    """
    for record in records:
        size = _size(record, record.image)
        if record.mask is None:
            continue
        if _size(record, record.mask) != size:
            raise ConfigError(f"{record.told_in}: picture and mask differ in size")
        unnamed = [one for one in _indices(record, record.mask) if one not in named]
        if unnamed:
            said = f"{labels} has no name for index {unnamed[0]} of {record.mask.name}"
            raise ConfigError(f"{record.told_in}: {said}")


def prints_of_records(records: Sequence[PictureRecord]) -> list[Print]:
    """The prints of pictures of all packs; those of VQA-RAD carry MedPix' marks."""
    marked = [one for one in records if one.pack == "vqa-rad"]
    plain = [one for one in records if one.pack != "vqa-rad"]
    return [*prints_of(plain), *prints_of(marked, has_marks=True)]


def _size(record: PictureRecord, file: Path) -> tuple[int, int]:
    if not file.is_file():
        raise ConfigError(f"{record.told_in}: there is no {file.name}")
    try:
        with PillowImage.open(file) as opened:
            return opened.size
    except OSError as error:
        raise ConfigError(f"{record.told_in}: {file.name} is no picture") from error


def _indices(record: PictureRecord, mask: Path) -> list[int]:
    try:
        with PillowImage.open(mask) as opened:
            values = np.asarray(opened)
    except OSError as error:
        raise ConfigError(f"{record.told_in}: {mask.name} cannot be read to its end") from error
    if values.ndim != 2 or values.dtype != np.uint8:
        raise ConfigError(f"{record.told_in}: {mask.name} is no mask of one byte a pixel")
    return present(values, 0.0)
