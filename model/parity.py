"""Twenty pictures with a prefix each: two engines may stand for each other if they agree on all."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np

from model.backend import Backend
from model.prompts import (
    MODALITY_QUESTION,
    PLANE_QUESTION,
    REGION_QUESTION,
    STRUCTURES_QUESTION,
    answer_prefix,
    segment_prefix,
)
from model.types import BackendUnavailable, Image, Request

_SIDE: Final = 200
_NAMES: Final = ("liver", "spleen", "heart", "left kidney", "bladder")
_QUESTIONS: Final = (MODALITY_QUESTION, PLANE_QUESTION, REGION_QUESTION, STRUCTURES_QUESTION)


@dataclass(frozen=True)
class Parity:
    """Which base and adapter gave which suffixes for the twenty pairs."""

    base_sha256: str
    adapter: str | None
    suffixes: tuple[str, ...]


def pairs() -> list[Request]:
    """The twenty pairs, drawn: rings and blobs of different size; half ask for a structure."""
    found = []
    for number in range(20):
        picture = _drawn(number)
        name = _NAMES[number // 2 % len(_NAMES)]
        question = answer_prefix(_QUESTIONS[number // 2 % len(_QUESTIONS)])
        found.append(
            Request(picture, f"parity-{number}", segment_prefix([name]), "segment", None, 40)
            if number % 2
            else Request(picture, f"parity-{number}", question, "free", None, 40)
        )
    return found


def suffixes_of(backend: Backend) -> Parity:
    """What an engine says to the twenty pairs, each asked alone."""
    info = backend.info()
    said = tuple(backend.complete([one])[0].suffix for one in pairs())
    for one in pairs():
        backend.forget(one.image_digest)
    return Parity(info.base_sha256, info.adapter, said)


def check_parity(backend: Backend, known: Parity) -> None:
    """Let a remote engine be used only if it says the same as a known one.

    Raises:
        BackendUnavailable: another base or adapter, or suffixes that differ; says how many.
    """
    info = backend.info()
    if (info.base_sha256, info.adapter) != (known.base_sha256, known.adapter):
        raise BackendUnavailable(
            f"The model server answers with {info.base} and the adapter {info.adapter}; the parity "
            f"test was made with {known.base_sha256[:12]} and {known.adapter}."
        )
    found = suffixes_of(backend)
    differing = sum(a != b for a, b in zip(found.suffixes, known.suffixes, strict=True))
    if differing:
        raise BackendUnavailable(
            f"The model server gives other answers than this engine: {differing} of "
            f"{len(known.suffixes)} suffixes differ. It is not used."
        )


def write_parity(known: Parity, path: Path) -> None:
    """Keep the suffixes as JSON for a machine that cannot hold the model itself."""
    path.write_text(json.dumps(asdict(known), indent=1), encoding="utf-8")


def read_parity(path: Path) -> Parity:
    """The other way round.

    Raises:
        BackendUnavailable: the file is missing or holds something else.
    """
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        return Parity(fields["base_sha256"], fields["adapter"], tuple(fields["suffixes"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BackendUnavailable(f"{path.name} holds no parity test.") from error


def _drawn(number: int) -> Image:
    y, x = np.mgrid[0:_SIDE, 0:_SIDE] - _SIDE / 2
    distance = np.hypot(y * (0.8 + number % 5 * 0.1), x * (0.9 + number % 3 * 0.2))
    grey = np.where(distance < 40 + 2 * number, 60.0 + 8 * number, 0.0)
    grey = np.where((distance > 60) & (distance < 70 + number), 220.0, grey)
    grey += 30 * (np.hypot(y - 20 + number, x + 25) < 12)
    return np.repeat(np.clip(grey, 0, 255).astype(np.uint8)[:, :, None], 3, axis=2)
