"""Rows of the base's own tasks for adapter training, so that what it knew is not forgotten."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from PIL import Image as PillowImage

from model import prompts
from model.mask_codec import MaskCodec, crop
from model.opening import CODEC_NAMES
from model.pixels import from_picture, squash, to_rgb, without_medpix_marks
from model.seg_tokens import ParsedObject, write_suffix
from model.types import Image
from training.adapter_rows import Row, kind_rows, no_scan_rows
from training.augment import Affine, Strength, change_greys, draw_affine, warp_mask, warp_picture
from training.config import ConfigError
from training.masks import anatomy_labels, box_of, present
from training.negatives import draw_negative
from training.own_folder import OwnFolder
from training.records import TRAIN, PictureRecord, read_records
from training.seek_codes import ROUNDS, seek_codes
from training.spoil import spoil

CODEC_NAME: Final = CODEC_NAMES[0]
NEGATIVE_SHARE: Final = 0.15
SPOILT_SHARE: Final = 0.6
"""Of the pictures that are no scans: blank, noise or mixed tiles; the others are drawn."""
ABSENT_SHARE: Final = 0.25
SEGMENT_SHARE: Final = 0.3
OWN_SEGMENT_SHARE: Final = 0.9
MOST_NAMES: Final = 4
MOST_QUESTIONS: Final = 2


@dataclass(frozen=True)
class Replay:
    """Draws one picture of the packs, or of a clinic's own folder, with rows of its tasks."""

    records: Sequence[PictureRecord]
    labels: Mapping[int, str]
    codec: Any
    side: int
    negative_share: float = NEGATIVE_SHARE
    segment_share: float = SEGMENT_SHARE
    """Structures are the base's own task when the adapter lists none: a reminder is enough."""

    def __call__(self, generator: np.random.Generator) -> tuple[Image, list[Row]]:
        """uint8[side, side, 3] and its rows; some are drawn pictures that are no scans."""
        if generator.random() < self.negative_share:
            return self._no_scan(generator), list(no_scan_rows())
        record = self._record(generator)
        affine = draw_affine(generator, Strength(), mirrors=False)
        kinds = kind_rows(record)
        rows = [kinds[i] for i in generator.permutation(len(kinds))[:1]]
        rows += _question_rows(record, generator)
        if record.mask is not None and (not rows or generator.random() < self.segment_share):
            rows.append(self._segment_row(record, affine, generator))
        return self._picture(record, affine, generator), rows

    def _record(self, generator: np.random.Generator) -> PictureRecord:
        return self.records[int(generator.integers(len(self.records)))]

    def _no_scan(self, generator: np.random.Generator) -> Image:
        if generator.random() < SPOILT_SHARE:
            affine = draw_affine(generator, Strength(), mirrors=False)
            return spoil(self._picture(self._record(generator), affine, generator), generator)
        return draw_negative(generator, self.side)

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
            names += [absent[i] for i in generator.permutation(len(absent))[:1]]
        names = names or [next(iter(self.labels.values()))]
        names = [names[i] for i in generator.permutation(len(names))]
        objects = [self._object(name, seen[name]) for name in names if name in seen]
        return Row("segment", prompts.segment_prefix(names), write_suffix(objects))

    def _object(self, name: str, mask: Any) -> ParsedObject:
        box = box_of(mask)
        codes = seek_codes(self.codec, crop(mask, box)[None] > 0.5, ROUNDS)[0]
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


def open_own(own: OwnFolder, base: Path, side: int) -> Replay:
    """The train pictures of a clinic's folder, each with its masks and questions.

    Raises:
        ConfigError: there are masks, but the base has no codec to write them with.
    """
    codec = next((base / name for name in CODEC_NAMES if (base / name).is_file()), None)
    if codec is None and any(one.mask for one in own.records):
        names = " or ".join(CODEC_NAMES)
        raise ConfigError(f"{base}: masks cannot be taught without {names} in the base's folder")
    loaded = MaskCodec.load(codec) if codec else None
    return Replay(
        own.of(TRAIN), own.labels, loaded, side, negative_share=0.0, segment_share=OWN_SEGMENT_SHARE
    )


def _question_rows(record: PictureRecord, generator: np.random.Generator) -> list[Row]:
    order = generator.permutation(len(record.questions))[:MOST_QUESTIONS]
    asked = [record.questions[i] for i in order]
    return [Row("question", prompts.answer_prefix(q), a) for q, a in asked if a]
