"""From the stored numbers of one DICOM frame to an RGB picture; the arithmetic is model.pixels'."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from pydicom import uid
from pydicom.dataset import Dataset
from pydicom.pixels import apply_color_lut, apply_modality_lut, apply_voi, get_decoder

from app.intake import dcmdjpeg
from app.intake.frames import numbers_of, values_of, whole_number, word_of
from app.intake.limits import Limits
from app.intake.reasons import Refused
from model.pixels import (
    Grey,
    Values,
    apply_sigmoid,
    fallback_window,
    rescale,
    to_grey,
    to_rgb,
    window_between,
)
from model.types import Image

DECODERS: Final = {
    uid.ImplicitVRLittleEndian: "",
    uid.ExplicitVRLittleEndian: "",
    uid.ExplicitVRBigEndian: "",
    uid.RLELossless: "pydicom",
    uid.JPEGBaseline8Bit: "gdcm",
    uid.JPEGExtended12Bit: "gdcm",
    uid.JPEGLossless: "gdcm",
    uid.JPEGLosslessSV1: "gdcm",
    uid.JPEGLSLossless: "pyjpegls",
    uid.JPEGLSNearLossless: "pyjpegls",
    uid.JPEG2000Lossless: "pylibjpeg",
    uid.JPEG2000: "pylibjpeg",
    uid.HTJ2KLossless: "pylibjpeg",
    uid.HTJ2KLosslessRPCL: "pylibjpeg",
    uid.HTJ2K: "pylibjpeg",
}
"""One named decoder each, so a grey value never depends on what happens to be installed."""
_VIDEO_SYNTAXES: Final = "1.2.840.10008.1.2.4.10"
"""MPEG2, MPEG-4 and HEVC (PS3.6 annex A: …4.100 to …4.108)."""
_GREY: Final = ("MONOCHROME1", "MONOCHROME2")
_COLOUR: Final = ("PALETTE COLOR", "RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT")
_NATIVE: Final = (uid.ImplicitVRLittleEndian, uid.ExplicitVRLittleEndian, uid.ExplicitVRBigEndian)

PALETTE: Final = tuple(
    f"{colour}PaletteColorLookupTable{part}"
    for colour in ("Red", "Green", "Blue")
    for part in ("Descriptor", "Data")
) + tuple(f"Segmented{colour}PaletteColorLookupTableData" for colour in ("Red", "Green", "Blue"))
READ: Final = frozenset(
    {
        "Rows",
        "Columns",
        "NumberOfFrames",
        "SamplesPerPixel",
        "PlanarConfiguration",
        "PhotometricInterpretation",
        "BitsAllocated",
        "BitsStored",
        "HighBit",
        "PixelRepresentation",
        "PixelPaddingValue",
        "PixelPaddingRangeLimit",
        "RescaleSlope",
        "RescaleIntercept",
        "ModalityLUTSequence",
        "WindowCenter",
        "WindowWidth",
        "VOILUTFunction",
        "VOILUTSequence",
        "ExtendedOffsetTable",
        "ExtendedOffsetTableLengths",
        "PixelData",
        "FloatPixelData",
        "DoubleFloatPixelData",
        *PALETTE,
    }
)
"""Keywords this file needs. Overlay planes (60xx) are not among them: they often hold names."""


_LEAST_HOUNSFIELD: Final = -1024.0
"""Air is -1000 (PS3.3 C.8.2.1.1.2); anything lower lies outside what the scanner measured."""


@dataclass(frozen=True)
class Shown:
    """One frame as it is meant to be seen.

    Attributes:
        rgb: uint8[H, W, 3] as stored, not yet scaled.
        window: the (level, width) that was used.
        hounsfield: float32[H, W] behind the picture where another window may be laid over it.
    """

    rgb: Image
    window: tuple[float, float] | None = None
    hounsfield: Values | None = None


def check_pixels(dataset: Dataset, syntax: str, limits: Limits) -> None:
    """Pass a data set whose picture can be decoded within bounds; nothing is allocated yet.

    Raises:
        Refused: with the reason.
    """
    check_header(dataset, syntax, limits)
    if syntax in _NATIVE:
        rows, columns = whole_number(dataset, "Rows"), whole_number(dataset, "Columns")
        _check_native_length(dataset, rows * columns)


def check_header(dataset: Dataset, syntax: str, limits: Limits) -> None:
    """Pass a header whose picture could be decoded within bounds.

    Raises:
        Refused: with the reason.
    """
    if syntax.startswith(_VIDEO_SYNTAXES):
        raise Refused("video")
    rows, columns = whole_number(dataset, "Rows"), whole_number(dataset, "Columns")
    if rows < 1 or columns < 1:
        raise Refused("broken")
    if rows * columns > limits.max_frame_pixels:
        raise Refused("too_many_pixels")
    if min(rows, columns) < limits.min_side:
        raise Refused("too_small")
    if syntax not in DECODERS or word_of(dataset, "PhotometricInterpretation") not in (
        *_GREY,
        *_COLOUR,
    ):
        raise Refused("unsupported_format")


def show_frame(dataset: Dataset, syntax: str, index: int) -> Shown:
    """One frame as it is meant to be seen: grey through its window, colours as RGB.

    Raises:
        Refused: ``unsupported_format`` when no decoder here reads this kind of compression.
    """
    stored, photometric = _stored(dataset, syntax, index)
    if photometric in _GREY:
        return _grey(stored, dataset, inverted=photometric == "MONOCHROME1")
    if photometric == "PALETTE COLOR":
        return Shown(_eight_bits(apply_color_lut(stored, dataset), 16))
    return Shown(_eight_bits(stored, whole_number(dataset, "BitsStored")))


def _check_native_length(dataset: Dataset, pixels: int) -> None:
    samples = whole_number(dataset, "SamplesPerPixel", default=1)
    bits = pixels * samples * whole_number(dataset, "BitsAllocated")
    if word_of(dataset, "PhotometricInterpretation") == "YBR_FULL_422":
        bits = bits * 2 // 3
    frames = whole_number(dataset, "NumberOfFrames", default=1) or 1
    if len(dataset.PixelData) * 8 < bits * frames:
        raise Refused("broken")


def _stored(dataset: Dataset, syntax: str, index: int) -> tuple[NDArray[Any], str]:
    if syntax == uid.JPEGExtended12Bit and whole_number(dataset, "BitsStored", default=8) > 8:
        return dcmdjpeg.decoded(dataset, syntax, index), word_of(
            dataset, "PhotometricInterpretation"
        )
    decoder = get_decoder(uid.UID(syntax))
    try:
        stored, described = decoder.as_array(
            dataset, index=index, decoding_plugin=DECODERS[uid.UID(syntax)]
        )
    except RuntimeError as error:
        # gdcm names the one thing it cannot do, 12-bit JPEG; all else it cannot do is damage.
        precise = "12-bit" in str(error) or isinstance(error.__cause__, NotImplementedError)
        raise Refused("unsupported_format" if precise else "broken") from None
    return stored, str(described["photometric_interpretation"])


def _grey(stored: NDArray[Any], dataset: Dataset, *, inverted: bool) -> Shown:
    values = _modality_values(stored, dataset)
    window = _window_of(dataset)
    if window is not None:
        grey = _windowed(values, window, dataset)
        # Some files name a window that misses their own numbers and would show a flat picture.
        if grey.min() != grey.max() or values.min() == values.max():
            is_linear = word_of(dataset, "VOILUTFunction") != "SIGMOID" and not inverted
            kept = values if is_linear and _is_hounsfield(dataset) else None
            return Shown(to_rgb(_turned(grey, inverted)), window, kept)
    elif values_of(dataset, "VOILUTSequence"):
        looked_up = apply_voi(values.astype(np.int32), dataset).astype(np.float32)
        return Shown(to_rgb(to_grey(looked_up, window=_table_range(dataset), inverted=inverted)))
    counted = values[_counted(stored, values, dataset)]
    window = fallback_window(counted, str(dataset.get("Modality", "")))
    kept = values if _is_hounsfield(dataset) and not inverted else None
    return Shown(to_rgb(to_grey(values, window=window, inverted=inverted)), window, kept)


def _is_hounsfield(dataset: Dataset) -> bool:
    """Whether the values are Hounsfield units: a CT slice, and no 8-bit copy of a screen.

    A copy holds small positive numbers without an intercept; a scanner's numbers reach air.
    """
    return (
        word_of(dataset, "Modality") == "CT"
        and whole_number(dataset, "BitsStored", default=8) > 8
        and (
            (numbers_of(dataset, "RescaleIntercept") or (0.0,))[0] < 0
            or whole_number(dataset, "PixelRepresentation", default=0) == 1
        )
    )


def _modality_values(stored: NDArray[Any], dataset: Dataset) -> Values:
    """Stored values to the modality's own units, such as Hounsfield (PS3.3 C.11.1)."""
    if values_of(dataset, "ModalityLUTSequence"):
        return np.asarray(apply_modality_lut(stored, dataset), dtype=np.float32)
    slope, intercept = numbers_of(dataset, "RescaleSlope"), numbers_of(dataset, "RescaleIntercept")
    # A slope of nought would erase the picture; such files mean "no rescaling".
    return rescale(stored, (slope or (1.0,))[0] or 1.0, (intercept or (0.0,))[0])


def _window_of(dataset: Dataset) -> tuple[float, float] | None:
    """The first window of the file as (level, width) of the linear function, if it is usable.

    LINEAR_EXACT is the linear function moved by half a unit and widened by one (PS3.3
    C.11.2.1.3.2), so one arithmetic serves both.
    """
    centers, widths = numbers_of(dataset, "WindowCenter"), numbers_of(dataset, "WindowWidth")
    if not centers or not widths or not np.isfinite(centers[0] + widths[0]):
        return None
    function = word_of(dataset, "VOILUTFunction")
    if function == "LINEAR_EXACT" and widths[0] > 0:
        half = widths[0] / 2
        return window_between(centers[0] - half, centers[0] + half)
    if function == "SIGMOID" and widths[0] > 0:
        return centers[0], widths[0]
    return (centers[0], widths[0]) if widths[0] >= 1 else None


def _windowed(values: Values, window: tuple[float, float], dataset: Dataset) -> Grey:
    if word_of(dataset, "VOILUTFunction") == "SIGMOID":
        return apply_sigmoid(values, *window)
    return to_grey(values, window=window)


def _turned(grey: Grey, inverted: bool) -> Grey:
    return np.asarray(255 - grey, dtype=np.uint8) if inverted else grey


def _table_range(dataset: Dataset) -> tuple[float, float]:
    """The window over all that the VOI table can give: its third descriptor is its depth."""
    descriptor = values_of(values_of(dataset, "VOILUTSequence")[0], "LUTDescriptor")
    return window_between(0.0, 2.0 ** int(descriptor[2]) - 1.0)


def _counted(stored: NDArray[Any], values: Values, dataset: Dataset) -> NDArray[np.bool_]:
    """bool[H, W]: where the body or the air around it is, and no filling (PS3.3 C.7.5.1.1.2)."""
    counted = np.ones(stored.shape, dtype=np.bool_)
    if (first := numbers_of(dataset, "PixelPaddingValue")) != ():
        low, high = sorted((first[0], (numbers_of(dataset, "PixelPaddingRangeLimit") or first)[0]))
        counted &= (stored < low) | (stored > high)
    if word_of(dataset, "Modality") == "CT" and values.min() < _LEAST_HOUNSFIELD:
        # Lossy compression blurs the filling, so its exact value no longer tells it.
        counted &= values >= _LEAST_HOUNSFIELD
    return counted if counted.any() else np.ones(stored.shape, dtype=np.bool_)


def _eight_bits(colours: NDArray[Any], bits: int) -> Image:
    """uint8[H, W, 3]; deeper colours keep their upper eight bits."""
    if colours.dtype == np.uint8:
        return np.ascontiguousarray(colours[..., :3])
    return np.asarray(colours[..., :3] >> max(bits - 8, 0), dtype=np.uint8)
