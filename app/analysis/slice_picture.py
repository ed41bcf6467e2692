"""One slice of a scan as a picture, through the window that was asked for."""

import hashlib
import io
from dataclasses import replace
from typing import Final

import numpy as np
from PIL import Image as Pillow

from app.anatomy.catalogue import Structure
from app.intake.hounsfield import is_packed, unpack, windowed
from app.storage import scans, slices
from app.storage.blobs import Blobs
from app.storage.scans import ScanFacts
from app.storage.tables import Scan
from app.storage.visits import OpenedVisit
from model.pixels import CT_PRESETS, to_rgb
from model.types import Image

_EVERYWHERE: Final = ("soft", "bones")
_ALSO: Final = {
    "head": ("brain",),
    "chest": ("lungs",),
    "abdomen": ("lungs",),
    "whole body": ("brain", "lungs"),
}

_AIR: Final = ("left lung", "right lung", "airways", "trachea")
_HARD: Final = ("left jaw bone", "right jaw bone", "jaw bone", "teeth", "skull")


def best_window(structure: Structure) -> str:
    """The key of CT_PRESETS in which this part shows best."""
    if structure.key in _AIR:
        return "lungs"
    if structure.group == "bones" or structure.key in _HARD:
        return "bones"
    return "brain" if structure.group == "brain" else "soft"


def presets_for(facts: ScanFacts, region: str) -> tuple[str, ...]:
    """The windows that help in such a picture; none where its numbers were not kept."""
    return _EVERYWHERE + _ALSO.get(region, ()) if facts.has_windows else ()


def slice_image(
    blobs: Blobs, opened: OpenedVisit, scan: Scan, number: int, preset: str = ""
) -> Image:
    """uint8[H, W, 3] RGB of a slice; raises BlobMissing for one that could not be stored.

    Args:
        blobs: where the slices are.
        opened: the visit with its key.
        scan: the series.
        number: the slice.
        preset: a key of CT_PRESETS, or empty for the window of the file itself, which is the one
            the model sees.
    """
    data = slices.get(blobs, opened, scan, number)
    if is_packed(data):
        return to_rgb(windowed(unpack(data), CT_PRESETS.get(preset)))
    return rgb_of(data)


def rgb_of(png: bytes) -> Image:
    """The pixels of a stored picture: uint8[H, W, 3] RGB."""
    with Pillow.open(io.BytesIO(png)) as picture:
        return np.asarray(picture.convert("RGB"), dtype=np.uint8)


def slice_png(
    blobs: Blobs, opened: OpenedVisit, scan: Scan, number: int, preset: str = ""
) -> bytes:
    """The same as a PNG file; grey where it is grey, and quick rather than small."""
    data = slices.get(blobs, opened, scan, number)
    if not is_packed(data):
        return data
    target = io.BytesIO()
    grey = windowed(unpack(data), CT_PRESETS.get(preset))
    Pillow.fromarray(grey).save(target, "PNG", compress_level=1)
    return target.getvalue()


def facts_of_slice(facts: ScanFacts, number: int, image: Image) -> ScanFacts:
    """The facts of a further slice: the backend knows pictures by their digest."""
    digest = hashlib.sha256(image.tobytes()).hexdigest()
    return replace(facts, image_digest=digest, slice_number=number)


def first_of(opened: OpenedVisit, scan: Scan) -> int:
    """The number of the slice that is shown first."""
    return scans.facts_of(opened, scan).slice_number
