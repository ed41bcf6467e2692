"""Pictures that are the same to the eye in two splits: found by small gradients, then compared.

Identical files are told by their names and digests elsewhere; a picture saved again, enlarged or
toned differently is told here.
"""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from model.pixels import from_picture, without_medpix_marks
from training.config import ConfigError

SIDE: Final = 16
BITS_APART: Final = 12
"""Of 256 gradient signs; the same picture saved again differs in 0 to 6."""
LIKENESS: Final = 0.9993
"""Least correlation of two pictures at 64 x 64. Of 18 pictures known to be in two collections 16
reach it (the others are cut differently); neighbouring slices reach 0.9988."""
_SMALL: Final = 64


class Told(Protocol):
    """A picture of a list: its file, and `file:line` of the list."""

    @property
    def image(self) -> Path:
        """The picture's file."""

    @property
    def told_in(self) -> str:
        """Where the list names it."""


@dataclass(frozen=True)
class Print:
    """What is kept of a picture: signs of steps uint8[32]; float32[64 * 64], mean 0, norm 1."""

    path: Path
    signs: NDArray[np.uint8]
    small: NDArray[np.float32]
    told_in: str = ""


def print_of(path: Path, *, has_marks: bool = False, told_in: str = "") -> Print:
    """The print of a picture file; `has_marks` blackens MedPix' mark and footer first."""
    with PillowImage.open(path) as opened:
        whole = from_picture(opened)
    if has_marks:
        whole = without_medpix_marks(whole)
    grey = PillowImage.fromarray(whole).convert("L")
    steps = np.asarray(
        grey.resize((SIDE + 1, SIDE), PillowImage.Resampling.BILINEAR), dtype=np.int16
    )
    signs = np.packbits(np.diff(steps, axis=1) > 0)
    small = np.asarray(
        grey.resize((_SMALL, _SMALL), PillowImage.Resampling.BILINEAR), dtype=np.float32
    )
    flat = small.ravel() - small.mean()
    return Print(path, signs, flat / max(float(np.linalg.norm(flat)), 1e-6), told_in)


def prints_of(pictures: Iterable[Told], *, has_marks: bool = False) -> list[Print]:
    """The prints of many pictures, in their order; decoding runs in two threads."""

    def one(picture: Told) -> Print:
        return print_of(picture.image, has_marks=has_marks, told_in=picture.told_in)

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(one, pictures))


def near_duplicates(
    taught: Sequence[Print], measured: Sequence[Print]
) -> list[tuple[Print, Print, float]]:
    """Pairs (taught, measured, likeness) of pictures that are the same to the eye.

    An even picture (likeness without meaning) is like no other, unless the files are identical.
    """
    if not taught or not measured:
        return []
    signs = np.stack([one.signs for one in taught])
    found = []
    for other in measured:
        apart = np.bitwise_count(signs ^ other.signs).sum(axis=1)
        for place in np.flatnonzero(apart <= BITS_APART):
            one = taught[int(place)]
            likeness = float(one.small @ other.small)
            if likeness >= LIKENESS or (not one.small.any() and _is_same_file(one, other)):
                found.append((one, other, likeness))
    return found


def refuse_near_duplicates(taught: Sequence[Print], measured: Sequence[Print]) -> None:
    """Stop when a measured picture is also taught, saved again or toned differently.

    Raises:
        ConfigError: naming the likest pair and the lines that list it.
    """
    found = near_duplicates(taught, measured)
    if found:
        one, other, likeness = max(found, key=lambda pair: pair[2])
        where = f"{one.path.name} of {one.told_in}" if one.told_in else str(one.path)
        name = f"{other.told_in}: {other.path.name}" if other.told_in else str(other.path)
        raise ConfigError(f"{name} shows the same picture as {where} (likeness {likeness:.4f})")


def _is_same_file(one: Print, other: Print) -> bool:
    return one.path.read_bytes() == other.path.read_bytes()
