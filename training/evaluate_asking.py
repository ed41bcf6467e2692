"""Asking the serving code: pictures opened as it opens them, requests in batches, no shortcuts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

import numpy as np

from model.agreement import VIEWS, View, digest_of, seen_through
from model.backend import Backend
from model.picture_file import image_digest, read_picture
from model.pixels import without_medpix_marks
from model.types import Image, Request

BATCH: Final = 16
WORD_TOKENS: Final = 8
TEXT_TOKENS: Final = 64

Item = TypeVar("Item")
Say = Callable[[str], None]


@dataclass(frozen=True)
class Shown:
    """A picture on its way to the model: uint8[H, W, 3] and the digest its features go by."""

    image: Image
    digest: str


def show(path: Path, *, has_marks: bool = False) -> Shown:
    """The picture of a file; `has_marks` blackens MedPix' mark and footer, as in training."""
    image = read_picture(path)
    return shown(without_medpix_marks(image) if has_marks else image)


def shown(image: Image) -> Shown:
    """A picture that was made or changed here."""
    return Shown(image, image_digest(image))


def blank() -> Shown:
    """A black picture: what the model says of it, it says without looking."""
    return shown(np.zeros((224, 224, 3), dtype=np.uint8))


def ask_all(
    backend: Backend,
    asked: Sequence[tuple[Shown, str]],
    *,
    adapter: str | None = None,
    tokens: int = WORD_TOKENS,
) -> list[str]:
    """The suffixes of these pictures and prefixes, in order, without spaces around them."""
    said: list[str] = []
    for start in range(0, len(asked), BATCH):
        requests = [
            Request(one.image, one.digest, prefix, "free", adapter, tokens)
            for one, prefix in asked[start : start + BATCH]
        ]
        said += [completion.suffix.strip() for completion in backend.complete(requests)]
    return said


def ask_views(
    backend: Backend,
    asked: Sequence[tuple[Shown, str]],
    *,
    adapter: str | None = None,
    views: Sequence[View] = VIEWS,
) -> list[list[str]]:
    """What each view of each picture says, the picture itself first; the most said word counts."""
    seen = [
        (Shown(seen_through(picture.image, view), digest_of(picture.digest, number)), prefix)
        for picture, prefix in asked
        for number, view in enumerate(views)
    ]
    said = ask_all(backend, seen, adapter=adapter)
    return [said[at : at + len(views)] for at in range(0, len(said), len(views))]


def spread(items: Sequence[Item], limit: int) -> list[Item]:
    """At most `limit` items, evenly spread; 0 takes all."""
    if not limit or len(items) <= limit:
        return list(items)
    places = np.linspace(0, len(items) - 1, limit).round().astype(int)
    return [items[int(place)] for place in places]
