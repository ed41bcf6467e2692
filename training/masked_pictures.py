"""Pictures without any label for the masked-image stage: train pictures of every pack, in crops."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image as PillowImage
from torch import Tensor

from model.pixels import from_picture, squash, without_medpix_marks
from training.config import BaseConfig
from training.prepare import refuse_leaks_to_the_eye, split_records
from training.records import TRAIN, VAL

MARGIN = 1.25
"""Pictures are kept this much larger than the model's square, so that a crop stays sharp."""
LEAST_AREA = 0.35
"""Of a picture, in its smallest crop; the published recipe's 0.2 cuts an organ out of sight."""
STRETCH = 0.25
"""Largest logarithm of a crop's width over its height."""
GAMMA = 0.4


@dataclass(frozen=True)
class Bare:
    """A picture without its labels; `has_marks` where MedPix' mark and footer are blackened."""

    image: Path
    has_marks: bool


def bare_pictures(config: BaseConfig) -> tuple[list[Bare], list[Bare]]:
    """(taught, measured): train pictures of all packs with MedPix, val pictures without it.

    Raises:
        ConfigError: a picture is taught and measured under whatever names, in one pack or in two,
            a case of MedPix is in two splits, or a list has a mistake.
    """
    from training.medpix_pictures import read_every_split

    refuse_leaks_to_the_eye(config)
    found = split_records(config)
    taught = [Bare(one.image, one.pack == "vqa-rad") for one in found[TRAIN]]
    measured = [Bare(one.image, one.pack == "vqa-rad") for one in found[VAL]]
    medpix = config.data / "medpix2"
    if medpix.is_dir():
        cases = read_every_split(medpix)[TRAIN]
        step = max(len(cases) // config.limit, 1) if config.limit else 1
        taught += [Bare(one.image, has_marks=True) for one in cases[::step]]
    return taught, measured


class BareShelf:
    """Decoded grey pictures; crops of random place, size, shape and gamma.

    A class because what it keeps outlives the call.
    """

    def __init__(self, pictures: Sequence[Bare], side: int, seed: int) -> None:
        """For pictures float32[3, side, side]; 40 kB are kept of each at 160 pixels."""
        self.side = side
        self.pictures = pictures
        self.generator = np.random.default_rng(seed)
        self._kept: dict[int, PillowImage.Image] = {}

    def draw(self, count: int) -> Tensor:
        """float32[count, 3, S, S] in [-1, 1]: crops of pictures drawn at random."""
        places = self.generator.integers(len(self.pictures), size=count)
        return to_bare_pixels([self._crop(self._whole(int(place))) for place in places])

    def look(self, count: int) -> Tensor:
        """float32[<= count, 3, S, S] in [-1, 1]: pictures as they are, evenly from the list."""
        step = max(len(self.pictures) // count, 1)
        size = (self.side, self.side)
        wholes = [self._whole(place) for place in range(0, len(self.pictures), step)[:count]]
        return to_bare_pixels(
            [np.asarray(one.resize(size, PillowImage.Resampling.BOX)) for one in wholes]
        )

    def _whole(self, place: int) -> PillowImage.Image:
        if place not in self._kept:
            bare = self.pictures[place]
            with PillowImage.open(bare.image) as opened:
                whole = from_picture(opened)
            whole = without_medpix_marks(whole) if bare.has_marks else whole
            small = squash(whole, round(self.side * MARGIN))
            self._kept[place] = PillowImage.fromarray(small).convert("L")
        return self._kept[place]

    def _crop(self, whole: PillowImage.Image) -> NDArray[np.uint8]:
        generator, size = self.generator, (self.side, self.side)
        area = generator.uniform(LEAST_AREA, 1.0)
        stretch = math.exp(0.5 * generator.uniform(-STRETCH, STRETCH))
        wide, tall = (min(math.sqrt(area) * one, 1.0) for one in (stretch, 1.0 / stretch))
        left, top = generator.uniform(0.0, 1.0 - wide), generator.uniform(0.0, 1.0 - tall)
        box = np.array([left, top, left + wide, top + tall]) * whole.width
        cut = whole.resize(size, PillowImage.Resampling.BILINEAR, tuple(box.tolist()))
        gamma = math.exp(generator.uniform(-GAMMA, GAMMA))
        table = np.linspace(0.0, 1.0, 256) ** gamma * 255.0
        changed: NDArray[np.uint8] = np.rint(table).astype(np.uint8)[np.asarray(cut)]
        return changed


def to_bare_pixels(greys: Sequence[NDArray[np.uint8]]) -> Tensor:
    """float32[N, 3, S, S] in [-1, 1] of grey pictures, as the processor makes them."""
    held = torch.from_numpy(np.stack(greys).astype(np.float32)) / 127.5 - 1.0
    return held[:, None].expand(-1, 3, -1, -1)
