"""The endless, repeatable stream of training pictures: item i is the same in every run."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from model.types import Image
from training.adapter_pictures import PictureShelf
from training.adapter_rows import Row, Taught, draw_rows
from training.qlora import encode_rows

Drawn = tuple[Image, Sequence[Row]]
"""One picture as the model gets it and the rows asked of it."""
Replay = Callable[[np.random.Generator], Drawn]
"""Draws one picture with rows of its own: of the base's tasks, or of a clinic's folder."""
SHORT_CHARACTERS: Final = 24
"""Words of the vocabulary and short answers; longer suffixes are padded among themselves."""


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
    balance: float = 0.0
    own: Replay | None = None
    own_share: float = 0.0
    """Of the pictures that are no replay; all of them where nothing else is taught."""


class AdapterData(Dataset[Drawn]):
    """Item i depends on seed and i alone, so a resumed run sees what the unbroken one saw.

    A class because torch asks for one.
    """

    def __init__(self, stream: Stream, shelf: PictureShelf) -> None:
        """Draw from this stream; pictures come from the shelf."""
        self._stream = stream
        self._shelf = shelf
        self._sums = np.cumsum(weights_of(stream.pictures, stream.balance))

    def __len__(self) -> int:
        """Pictures in the whole run."""
        return self._stream.length

    def __getitem__(self, index: int) -> Drawn:
        """The picture of this place; unless rare ones come oftener, each once before any again."""
        stream = self._stream
        generator = np.random.default_rng([stream.seed, index])
        if stream.replay is not None and generator.random() < stream.replay_share:
            return stream.replay(generator)
        if stream.own is not None and generator.random() < stream.own_share:
            return stream.own(generator)
        taught = stream.pictures[self._place(index, generator)]
        rows = draw_rows(taught.rows, stream.shares, generator)
        if not stream.augment:
            return self._shelf.plain(taught.image), rows
        return self._shelf.varied(taught.image, generator), rows

    def _place(self, index: int, generator: np.random.Generator) -> int:
        stream = self._stream
        if stream.balance:
            drawn = np.searchsorted(self._sums, generator.random() * self._sums[-1])
            return min(int(drawn), len(stream.pictures) - 1)
        turn, place = divmod(index, len(stream.pictures))
        order = np.random.default_rng([stream.seed, turn, 1]).permutation(len(stream.pictures))
        return int(order[place])


def weights_of(pictures: Sequence[Taught], balance: float) -> NDArray[np.float64]:
    """float64[N]: how often each picture comes, by how rare its region and its plane are."""
    weights = np.ones(len(pictures))
    for task in ("region", "plane"):
        words = [next((r.suffix for r in one.rows if r.task == task), "") for one in pictures]
        counts = Counter(words)
        weights *= np.array([counts[word] ** (-0.5 * balance) for word in words])
    return weights


@dataclass(frozen=True)
class Collate:
    """Joins pictures into one batch: vision runs once a picture, its rows share the features.

    One-word rows and long ones are padded apart: a caption beside it would double what a word
    costs.
    """

    processor: Any

    def __call__(self, drawn: Sequence[Drawn]) -> dict[str, Any]:
        """Inputs for AdapterTrainer: pixel_values by picture, and one or two groups of rows."""
        asked = [(place, row) for place, (_, rows) in enumerate(drawn) for row in rows]
        short = [one for one in asked if len(one[1].suffix) <= SHORT_CHARACTERS]
        long = [one for one in asked if len(one[1].suffix) > SHORT_CHARACTERS]
        pixels: dict[int, Tensor] = {}
        groups = [self.group(drawn, part, pixels) for part in (short, long) if part]
        stacked = torch.stack([pixels[place] for place in range(len(drawn))])
        return {"pixel_values": stacked, "groups": groups}

    def group(
        self,
        drawn: Sequence[Drawn],
        part: Sequence[tuple[int, Row]],
        pixels: dict[int, Tensor],
    ) -> dict[str, Tensor]:
        """One group of rows; `pixels` takes what the processor made of each picture."""
        encoded = encode_rows(
            self.processor,
            [drawn[place][0] for place, _ in part],
            [row.prefix for _, row in part],
            [row.suffix for _, row in part],
        )
        pixels |= {place: encoded["pixel_values"][i] for i, (place, _) in enumerate(part)}
        kept = ("input_ids", "attention_mask", "token_type_ids", "labels")
        owners = torch.tensor([place for place, _ in part])
        return {**{name: encoded[name] for name in kept}, "picture_of_row": owners}
