"""The front door of intake: bytes in, an upright picture without identifiers or a refusal out."""

import hashlib
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from app.intake.envelope import Envelope, envelope_of
from app.intake.formats import DICOM, recognise
from app.intake.framing import AS_IT_IS, WHOLE, Framing, seen_as
from app.intake.headers import check_declared_size
from app.intake.limits import DEFAULT_LIMITS, Limits
from app.intake.process import decode_apart
from app.intake.reasons import Refused
from app.intake.wire import Decoded, Order
from model.pixels import PIXELS_VERSION

__all__ = ["Limits", "ReceivedScan", "Refusal", "receive"]


@dataclass(frozen=True)
class ReceivedScan:
    """An accepted picture and all that is kept about it; the original is gone.

    Attributes:
        image_png: a PNG file of our own, 8-bit grey or RGB, upright, windowed, no metadata.
        width: in pixels, at most Limits.longest_side.
        height: in pixels, at most Limits.longest_side.
        image_digest: SHA-256 in hex of the uint8[H, W, 3] RGB pixels, row by row.
        kept: allow-listed DICOM attributes by keyword; empty for a picture file.
        modality: vocabulary word from the header, or None.
        region: vocabulary word from the header, or None.
        plane: vocabulary word from the header, or None.
        age_band: vocabulary word from the header, or None.
        sex: vocabulary word from the header, or None.
        pixels_version: of the arithmetic that made these grey values.
        source: ``dicom`` or ``picture``.
        notes: keys out of reasons.NOTES.
        has_windows: other windows can be laid over its slices (app.intake.hounsfield).
        envelope: identifiers of a delivered scan, to be sealed; None for a tablet upload.
        framing: how a photo can be seen in other ways than as `view`.
        view: which view of a photo the picture is.
        whole_png: the photo as it was taken, upright, where there are other views of it.
    """

    image_png: bytes
    width: int
    height: int
    image_digest: str
    kept: dict[str, str]
    modality: str | None
    region: str | None
    plane: str | None
    age_band: str | None
    sex: str | None
    pixels_version: str
    source: str
    notes: tuple[str, ...]
    has_windows: bool = False
    envelope: Envelope | None = None
    framing: Framing = AS_IT_IS
    view: str = WHOLE
    whole_png: bytes | None = None


@dataclass(frozen=True)
class Refusal:
    """Why a file was not taken: a key out of reasons.REASONS."""

    reason: str


def receive(
    data: bytes,
    *,
    limits: Limits = DEFAULT_LIMITS,
    delivered: bool = False,
    covers_writing: bool = False,
) -> ReceivedScan | Refusal:
    """The picture in these bytes, or why there is none; never raises for any input.

    Safe to call from several threads. Nothing is written anywhere.

    Args:
        data: one file as it arrived; its name and declared type are not asked for.
        limits: bounds on bytes, pixels, memory and time.
        delivered: True for a scan that the clinic sent, which then carries its envelope.
        covers_writing: lines of writing in a photo or screenshot are found and made black.
    """
    try:
        if len(data) > limits.max_bytes:
            raise Refused("too_large")
        kind = recognise(data)
        if kind != DICOM:
            check_declared_size(data, kind, limits)
        decoded = decode_apart(Order(kind, delivered, limits, covers_writing), data)
    except Refused as refused:
        return Refusal(refused.reason)
    return received(decoded, source="dicom" if kind == DICOM else "picture")


def received(decoded: Decoded, *, source: str) -> ReceivedScan:
    """What is kept of a decoded picture."""
    facts = decoded.facts
    pixels = seen_as(decoded.pixels, facts.framing, facts.framing.first)
    has_views = len(facts.framing.views) > 1
    return ReceivedScan(
        image_png=png_of(pixels),
        width=pixels.shape[1],
        height=pixels.shape[0],
        image_digest=hashlib.sha256(pixels.tobytes()).hexdigest(),
        kept=facts.kept,
        modality=facts.modality,
        region=facts.region,
        plane=facts.plane,
        age_band=facts.age_band,
        sex=facts.sex,
        pixels_version=PIXELS_VERSION,
        source=source,
        notes=facts.notes,
        envelope=None if facts.identifiers is None else envelope_of(facts.identifiers),
        framing=facts.framing,
        view=facts.framing.first,
        whole_png=png_of(decoded.pixels) if has_views else None,
    )


def png_of(pixels: NDArray[np.uint8], *, compress_level: int = 4) -> bytes:
    """A PNG file of three chunks: header, pixels, end; grey where all channels agree."""
    is_grey = bool((pixels == pixels[:, :, :1]).all())
    picture = Image.fromarray(pixels[:, :, 0] if is_grey else pixels)
    file = BytesIO()
    picture.save(file, format="PNG", compress_level=compress_level)
    return file.getvalue()
