"""The values that cross the model's wall: requests, completions, regions and errors."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
"""uint8[H, W, 3] RGB, upright, already windowed."""
Mask = NDArray[np.bool_]
"""bool[H, W] at the size of the picture it belongs to."""
Box = tuple[float, float, float, float]
"""(y_min, x_min, y_max, x_max) in [0, 1]."""
Grammar = Literal["free", "segment", "detect"]


class ModelError(Exception):
    """Anything the model reports; the worker turns it into a status."""


class MalformedSuffix(ModelError):
    """A suffix that does not follow the grammar of PaliGemma's location and mask tokens."""


class AdapterMismatch(ModelError):
    """An adapter that does not fit its base, or that changes nothing when switched on."""


class BackendUnavailable(ModelError):
    """Weights are missing, a remote does not answer, or memory is exhausted."""


@dataclass(frozen=True)
class Request:
    """One picture with one prefix (image: uint8[H, W, 3] RGB)."""

    image: Image
    image_digest: str
    prefix: str
    grammar: Grammar = "free"
    adapter: str | None = None
    max_new_tokens: int = 64


@dataclass(frozen=True)
class Completion:
    """What a backend gives back for one request; the suffix never holds the prefix."""

    suffix: str
    mean_logprob: float
    adapter: str | None
    seconds: float


@dataclass(frozen=True)
class Region:
    """One named area: box in [0, 1] and, for a segmentation, bool[H, W] of the whole picture."""

    label: str
    box: Box
    mask: Mask | None = None


@dataclass(frozen=True)
class CellMap:
    """What the cells of a picture show: the logarithm of the chance of background and then of each
    name, float32[len(names) + 1, S, S], those of a cell summing to 1."""

    names: tuple[str, ...]
    scores: NDArray[np.float32]


@dataclass(frozen=True)
class Rejection:
    """One object of a suffix that was thrown away, with the reason key."""

    text: str
    reason: str
