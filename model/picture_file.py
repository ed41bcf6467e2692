"""Picture files for the command line: PNG, JPEG and single DICOM slices; intake has its own."""

import hashlib
from pathlib import Path
from typing import Any, Final

import numpy as np

from model.pixels import from_picture, to_grey, to_rgb
from model.types import Image, ModelError

MAX_PIXELS: Final = 64_000_000
_DICOM_MARK: Final = b"DICM"
_DICOM_MARK_AT: Final = 128


class UnreadablePicture(ModelError):
    """A file that is no picture, or one beyond the limits."""


def read_picture(path: Path) -> Image:
    """The picture of a file, uint8[H, W, 3] RGB, upright and windowed.

    Raises:
        UnreadablePicture: no such file, nothing known in it, or too many pixels.
    """
    if not path.is_file():
        raise UnreadablePicture(f"There is no file {path}.")
    with path.open("rb") as stream:
        head = stream.read(_DICOM_MARK_AT + len(_DICOM_MARK))
    if head[_DICOM_MARK_AT:] == _DICOM_MARK:
        return _dicom(path)
    return _raster(path)


def image_digest(image: Image) -> str:
    """The SHA-256 of a picture's shape and pixels, as 64 hexadecimal digits."""
    digest = hashlib.sha256(repr(image.shape).encode())
    digest.update(np.ascontiguousarray(image).tobytes())
    return digest.hexdigest()


def _raster(path: Path) -> Image:
    from PIL import Image as Pillow
    from PIL import ImageOps, UnidentifiedImageError

    try:
        with Pillow.open(path) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise UnreadablePicture(f"{path.name} has more than {MAX_PIXELS:,} pixels.")
            return from_picture(ImageOps.exif_transpose(picture))
    except (UnidentifiedImageError, OSError, ValueError, Pillow.DecompressionBombError) as error:
        raise UnreadablePicture(f"{path.name} is not a picture this program can read.") from error


def _dicom(path: Path) -> Image:
    import pydicom
    from pydicom.pixels import apply_modality_lut

    try:
        dataset: Any = pydicom.dcmread(path)
        if int(dataset.Rows) * int(dataset.Columns) > MAX_PIXELS:
            raise UnreadablePicture(f"{path.name} has more than {MAX_PIXELS:,} pixels.")
        values = dataset.pixel_array
        if int(dataset.get("SamplesPerPixel", 1)) == 3:
            return np.asarray(values if values.ndim == 3 else values[len(values) // 2], np.uint8)
        if values.ndim == 3:  # several frames: the middle one
            values = values[len(values) // 2]
        units = np.asarray(apply_modality_lut(values, dataset), dtype=np.float32)
    except (AttributeError, ValueError, RuntimeError, OSError, KeyError) as error:
        raise UnreadablePicture(
            f"{path.name} is a DICOM file without a readable picture."
        ) from error
    is_inverted = dataset.get("PhotometricInterpretation") == "MONOCHROME1"
    return to_rgb(to_grey(units, window=_window(dataset), inverted=is_inverted))


def _window(dataset: Any) -> tuple[float, float] | None:
    """The first window of the file, level and width."""
    level, width = dataset.get("WindowCenter"), dataset.get("WindowWidth")
    if level is None or width is None:
        return None
    first = [value[0] if hasattr(value, "__len__") else value for value in (level, width)]
    return float(first[0]), max(float(first[1]), 1.0)
