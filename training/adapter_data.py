"""The endless, repeatable stream of training pictures: item i is the same in every run."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from model.types import Image
from training.adapter_pictures import PictureShelf
from training.adapter_rows import Row, Taught, draw_rows
from training.qlora import encode_rows

Drawn = tuple[Image, Sequence[Row]]
"""One picture as the model gets it and the rows asked of it."""
Replay = Callable[[np.random.Generator], Drawn]
"""Draws one picture of the base's own tasks."""


@dataclass(frozen=True)
class Stream:
    """What the stream draws from, and how often."""

    pictures: Sequence[Taught]
    shares: Mapping[str, float]
    seed: int
    length: int
    augment: bool = True
    replay: Replay | None = None
    replay_share: float = 0.0


class AdapterData(Dataset[Drawn]):
    """Item i depends on seed and i alone, so a resumed run sees what the unbroken one saw.

    A class because torch asks for one.
    """

    def __init__(self, stream: Stream, shelf: PictureShelf) -> None:
        """Draw from this stream; pictures come from the shelf."""
        self._stream = stream
        self._shelf = shelf

    def __len__(self) -> int:
        """Pictures in the whole run."""
        return self._stream.length

    def __getitem__(self, index: int) -> Drawn:
        """The picture of this place: every picture once before any comes again."""
        stream = self._stream
        generator = np.random.default_rng([stream.seed, index])
        if stream.replay is not None and generator.random() < stream.replay_share:
            return stream.replay(generator)
        turn, place = divmod(index, len(stream.pictures))
        order = np.random.default_rng([stream.seed, turn, 1]).permutation(len(stream.pictures))
        taught = stream.pictures[order[place]]
        rows = draw_rows(taught.rows, stream.shares, generator)
        if not stream.augment:
            return self._shelf.plain(taught.image), rows
        return self._shelf.varied(taught.image, generator), rows


@dataclass(frozen=True)
class Collate:
    """Joins pictures into one batch: vision runs once a picture, its rows share the features."""

    processor: Any

    def __call__(self, drawn: Sequence[Drawn]) -> dict[str, Tensor]:
        """Inputs for AdapterTrainer: pixel_values by picture, everything else by row."""
        rows = [row for _, asked in drawn for row in asked]
        owners = [place for place, (_, asked) in enumerate(drawn) for _ in asked]
        encoded = encode_rows(
            self.processor,
            [drawn[owner][0] for owner in owners],
            [row.prefix for row in rows],
            [row.suffix for row in rows],
        )
        owner_of = torch.tensor(owners)
        first = [owners.index(place) for place in range(len(drawn))]
        return {
            "input_ids": encoded["input_ids"],
            "attention_mask": encoded["attention_mask"],
            "token_type_ids": encoded["token_type_ids"],
            "labels": encoded["labels"],
            "pixel_values": encoded["pixel_values"][first],
            "picture_of_row": owner_of,
        }
