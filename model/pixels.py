"""The only arithmetic between raw values and the model's picture; numpy and PIL, no torch."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from model.types import Image

PIXELS_VERSION: Final = "1"
"""Changes with any number below: a model is served with the pixels it was trained on."""

LOW_PERCENTILE: Final = 0.5
HIGH_PERCENTILE: Final = 99.5
"""The fallback window where a file names none; outliers such as metal stay outside it."""
CT_WINDOW: Final = (40.0, 400.0)
"""The soft tissue window, for CT in Hounsfield units whose file names none: percentiles of air,
body and table together look like an X-ray film, to people and to the model."""
CT_PRESETS: Final = {
    "soft": CT_WINDOW,
    "lungs": (-600.0, 1500.0),
    "bones": (400.0, 1800.0),
    "brain": (40.0, 80.0),
}
"""Windows in Hounsfield units that CT consoles offer under these names; (level, width)."""
AIR: Final = -500.0
"""A CT whose smallest value lies below this is in Hounsfield units."""
MARK_CORNER: Final = (0.07, 0.24)
"""Height and width share of the "MedPix" mark at the top right of that collection's pictures."""
MARK_FOOTER: Final = 0.05
"""Height share of the footer with the uploader's name and date, of the same pictures."""
MARK_PIXELS: Final = (26, 112)
"""Least height and width of both in pixels: the marks were drawn at one size on every picture."""

Values = NDArray[np.float32]
"""float32[H, W], any range: Hounsfield units, MR signal, detector counts."""
Grey = NDArray[np.uint8]
"""uint8[H, W]."""


def rescale(stored: NDArray[Any], slope: float, intercept: float) -> Values:
    """Stored numbers in the modality's own units (DICOM PS3.3 C.11.1.1.2): m * stored + b."""
    return np.asarray(stored, dtype=np.float32) * np.float32(slope) + np.float32(intercept)


def apply_window(values: Values, level: float, width: float) -> Grey:
    """Grey values of the linear window with this level and width.

    Source: DICOM PS3.3 C.11.2.1.2.1 (LINEAR): the half-open middle is shifted by half a unit.

    Raises:
        ValueError: the width is below 1, which the standard forbids.
    """
    if width < 1:
        raise ValueError("a window is at least 1 wide")
    if width == 1:
        return np.where(values > level - 0.5, 255, 0).astype(np.uint8)
    scaled = (values - (level - 0.5)) / (width - 1) + 0.5
    return np.asarray(np.rint(np.clip(scaled, 0.0, 1.0) * 255.0), dtype=np.uint8)


def apply_sigmoid(values: Values, level: float, width: float) -> Grey:
    """Grey values of the S-shaped window of some radiographs (DICOM PS3.3 C.11.2.1.3.1)."""
    bent = np.exp(np.clip(-4.0 * (values - level) / width, -50.0, 50.0))
    return np.asarray(np.rint(255.0 / (1.0 + bent)), dtype=np.uint8)


def percentile_window(values: Values) -> tuple[float, float]:
    """The (level, width) between low and high percentiles, for files that name no window."""
    finite = values[np.isfinite(values)]
    if finite.size == 0:
        return 0.0, 1.0
    low, high = np.percentile(finite, (LOW_PERCENTILE, HIGH_PERCENTILE))
    return window_between(float(low), float(high))


def window_between(low: float, high: float) -> tuple[float, float]:
    """The (level, width) whose linear window shows low as black and high as white.

    The half unit undoes the shift of PS3.3 C.11.2.1.2.1, so maps with values in [0, 1] work too.
    """
    return (low + high) / 2.0 + 0.5, max(high - low, 0.0) + 1.0


def fallback_window(values: Values, modality: str) -> tuple[float, float]:
    """The (level, width) for a file that names none: soft tissue for CT, percentiles for others.

    Args:
        values: the values that count (no padding), after rescale slope and intercept.
        modality: DICOM's own word; anything but "CT" is judged by its values alone.
    """
    if modality == "CT" and values.size and float(np.nanmin(values)) < AIR:
        return CT_WINDOW
    return percentile_window(values)


def to_grey(
    values: Values, *, window: tuple[float, float] | None = None, inverted: bool = False
) -> Grey:
    """Grey values of a slice, bright as the radiologist sees it.

    Args:
        values: float32[H, W], after rescale slope and intercept.
        window: (level, width); without it the percentiles decide.
        inverted: True for MONOCHROME1, whose smallest value is white.
    """
    clean = np.nan_to_num(values, nan=float(np.nanmin(values)) if values.size else 0.0)
    level, width = window if window is not None else percentile_window(clean)
    grey = apply_window(clean, level, max(width, 1.0))
    return np.asarray(255 - grey, dtype=np.uint8) if inverted else grey


def to_rgb(grey: Grey) -> Image:
    """uint8[H, W, 3] with the grey value in every channel."""
    return np.repeat(grey[:, :, None], 3, axis=2)


def from_picture(picture: PillowImage.Image) -> Image:
    """uint8[H, W, 3] RGB of a decoded, upright picture; alpha is laid over black."""
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        opaque = PillowImage.new("RGBA", picture.size, (0, 0, 0, 255))
        opaque.alpha_composite(picture.convert("RGBA"))
        picture = opaque
    if picture.mode.startswith("I;16") or picture.mode in ("I", "F"):
        return to_rgb(to_grey(np.asarray(picture, dtype=np.float32)))
    return np.array(picture.convert("RGB"), dtype=np.uint8)


def brightest(image: Image) -> Grey:
    """uint8[H, W]: the greatest of the three channels; ten times as fast as `max(axis=2)`."""
    return np.maximum(np.maximum(image[..., 0], image[..., 1]), image[..., 2])


def squash(image: Image, size: int) -> Image:
    """uint8[size, size, 3]: both sides scaled on their own, so boxes in [0, 1] stay true."""
    if image.shape[:2] == (size, size):
        return image
    scaled = PillowImage.fromarray(image).resize((size, size), PillowImage.Resampling.BILINEAR)
    return np.array(scaled, dtype=np.uint8)


def fit_within(image: Image, longest: int, *, row_to_column: float = 1.0) -> Image:
    """uint8[H', W', 3] in true proportions whose longest side is at most this many pixels.

    Args:
        image: uint8[H, W, 3] RGB.
        longest: the limit in pixels; only a stretched axis ever grows.
        row_to_column: height of one pixel divided by its width, in millimetres.
    """
    height = image.shape[0] * max(row_to_column, 1.0)
    width = image.shape[1] / min(row_to_column, 1.0)
    scale = min(1.0, longest / max(height, width))
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    if size == (image.shape[1], image.shape[0]):
        return image
    scaled = PillowImage.fromarray(image).resize(size, PillowImage.Resampling.BILINEAR)
    return np.array(scaled, dtype=np.uint8)


def without_medpix_marks(image: Image) -> Image:
    """A copy whose top right corner and footer strip are black (watermark, uploader's name)."""
    height, width = image.shape[:2]
    corner_height = max(round(height * MARK_CORNER[0]), min(MARK_PIXELS[0], height // 8))
    corner_width = max(round(width * MARK_CORNER[1]), min(MARK_PIXELS[1], width // 2))
    footer_height = max(round(height * MARK_FOOTER), min(MARK_PIXELS[0], height // 8))
    masked = image.copy()
    masked[:corner_height, width - corner_width :] = 0
    masked[height - footer_height :] = 0
    return masked
