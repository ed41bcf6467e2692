"""Rows of the base's own tasks for adapter training, so that what it knew is not forgotten."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image as PillowImage

from model import prompts
from model.mask_codec import MaskCodec, crop
from model.pixels import from_picture, squash, to_rgb, without_medpix_marks
from model.seg_tokens import ParsedObject, write_suffix
from model.types import Image
from model.vocabulary import NOT_A_SCAN
from training.adapter_rows import PREFIXES, Row
from training.augment import Affine, Strength, change_greys, draw_affine, warp_mask, warp_picture
from training.masks import anatomy_labels, box_of, present
from training.negatives import draw_negative
from training.records import TRAIN, PictureRecord, read_records

CODEC_NAME: Final = "mask_codec.npz"
NEGATIVE_SHARE: Final = 0.05
ABSENT_SHARE: Final = 0.25
SEGMENT_SHARE: Final = 0.3
MOST_NAMES: Final = 4
MOST_QUESTIONS: Final = 2
_KINDS: Final = (prompts.MODALITY_QUESTION, prompts.PLANE_QUESTION, prompts.REGION_QUESTION)


@dataclass(frozen=True)
class Replay:
    """Draws one picture of the packs with rows of the base's tasks."""

    records: Sequence[PictureRecord]
    labels: dict[int, str]
    codec: Any
    side: int

    def __call__(self, generator: np.random.Generator) -> tuple[Image, list[Row]]:
        """uint8[side, side, 3] and its rows; a twentieth are drawn pictures that are no scans."""
        if generator.random() < NEGATIVE_SHARE:
            rows = [Row("modality", PREFIXES["modality"], NOT_A_SCAN)]
            return draw_negative(generator, self.side), rows
        record = self.records[int(generator.integers(len(self.records)))]
        affine = draw_affine(generator, Strength(), mirrors=False)
        kinds = _kind_rows(record)
        rows = [kinds[i] for i in generator.permutation(len(kinds))[:1]]
        rows += _question_rows(record, generator)
        # Structures are the base's own task when the adapter lists none: a reminder is enough.
        if record.mask is not None and (not rows or generator.random() < SEGMENT_SHARE):
            rows.append(self._segment_row(record, affine, generator))
        return self._picture(record, affine, generator), rows

    def _picture(
        self, record: PictureRecord, affine: Affine, generator: np.random.Generator
    ) -> Image:
        with PillowImage.open(record.image) as opened:
            whole = from_picture(opened)
        if record.pack == "vqa-rad":
            whole = without_medpix_marks(whole)
        picture = PillowImage.fromarray(squash(whole, self.side * 2)).convert("L")
        return to_rgb(change_greys(warp_picture(picture, affine, self.side), generator))

    def _segment_row(
        self, record: PictureRecord, affine: Affine, generator: np.random.Generator
    ) -> Row:
        assert record.mask is not None
        with PillowImage.open(record.mask) as opened:
            mask = warp_mask(opened, affine, self.side * 2)
        seen = {self.labels[i]: mask == i for i in present(mask) if i in self.labels}
        order = generator.permutation(len(seen))[: int(generator.integers(1, MOST_NAMES + 1))]
        names = [list(seen)[i] for i in order]
        if not record.partial and generator.random() < ABSENT_SHARE:
            absent = [name for name in self.labels.values() if name not in seen]
            names.append(absent[int(generator.integers(len(absent)))])
        names = names or [next(iter(self.labels.values()))]
        names = [names[i] for i in generator.permutation(len(names))]
        objects = [self._object(name, seen[name]) for name in names if name in seen]
        return Row("segment", prompts.segment_prefix(names), write_suffix(objects))

    def _object(self, name: str, mask: Any) -> ParsedObject:
        box = box_of(mask)
        codes = self.codec.encode(crop(mask, box)[None] > 0.5)[0]
        return ParsedObject(name, box, tuple(int(code) for code in codes))


def open_replay(data: Path, base: Path, side: int) -> Replay | None:
    """The packs of this folder with the base's mask codec; None where the base has no codec.

    Raises:
        ConfigError: a pack is missing or leaks between splits.
    """
    codec = base / CODEC_NAME
    if not codec.is_file():
        return None
    records = [one for one in read_records(data) if one.split == TRAIN]
    return Replay(records, anatomy_labels(data / "segmentation"), MaskCodec.load(codec), side)


def _kind_rows(record: PictureRecord) -> list[Row]:
    answers = (record.modality, record.plane, record.region)
    tasks = ("modality", "plane", "region")
    return [
        Row(task, prompts.answer_prefix(question), answer)
        for task, question, answer in zip(tasks, _KINDS, answers, strict=True)
        if answer
    ]


def _question_rows(record: PictureRecord, generator: np.random.Generator) -> list[Row]:
    order = generator.permutation(len(record.questions))[:MOST_QUESTIONS]
    asked = [record.questions[i] for i in order]
    return [Row("question", prompts.answer_prefix(q), a) for q, a in asked if a]
