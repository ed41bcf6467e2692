"""One frame of a DICOM file, with its attributes gathered wherever the standard puts them."""

from collections.abc import Sequence
from typing import Any, Final

from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence as DicomSequence

from app.intake.limits import Limits
from app.intake.reasons import Refused

GROUPS: Final = ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence")
FROM_GROUPS: Final = {
    "PixelSpacing": "PixelMeasuresSequence",
    "SliceThickness": "PixelMeasuresSequence",
    "ImageOrientationPatient": "PlaneOrientationSequence",
    "WindowCenter": "FrameVOILUTSequence",
    "WindowWidth": "FrameVOILUTSequence",
    "VOILUTFunction": "FrameVOILUTSequence",
    "RescaleSlope": "PixelValueTransformationSequence",
    "RescaleIntercept": "PixelValueTransformationSequence",
    "AnatomicRegionSequence": "FrameAnatomySequence",
    "EchoTime": "MREchoSequence",
    "RepetitionTime": "MRTimingAndRelatedParametersSequence",
}
"""Attributes of enhanced multi-frame files and the group that holds them (PS3.3, C.7.6.16.2)."""


def frame_count(dataset: Dataset, limits: Limits) -> int:
    """How many pictures the file says it holds.

    Raises:
        Refused: ``broken`` for a number that is none, ``too_many_pixels`` above the limit.
    """
    count = whole_number(dataset, "NumberOfFrames", default=1) or 1
    if count < 0:
        raise Refused("broken")
    if count > limits.max_frames:
        raise Refused("too_many_pixels")
    return count


def hoist(dataset: Dataset, index: int) -> None:
    """Give the data set the attributes that hold for this frame: its own, then the shared ones."""
    for groups in GROUPS:
        items = values_of(dataset, groups)
        if not items:
            continue
        # A file may list fewer groups than frames; then what it says of its last one must do.
        item = items[0 if groups.startswith("Shared") else min(index, len(items) - 1)]
        for keyword, name in FROM_GROUPS.items():
            found = [value for group in values_of(item, name) if (value := group.get(keyword))]
            if found:
                setattr(dataset, keyword, found[0])


def group_value(dataset: Dataset, index: int, group: str, keyword: str) -> tuple[float, ...]:
    """The numbers that a frame's own functional group holds; empty where there is none."""
    items = values_of(dataset, "PerFrameFunctionalGroupsSequence")
    if index >= len(items):
        return ()
    for found in values_of(items[index], group):
        return numbers_of(found, keyword)
    return ()


def values_of(dataset: Dataset, keyword: str) -> Sequence[Any]:
    """The values of an attribute; empty where it is absent, empty, or not readable at all."""
    try:
        value = dataset.get(keyword)
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, NotImplementedError):
        # Headers of real files hold text where numbers belong; such an attribute counts as absent.
        return ()
    if value is None or value == "":
        return ()
    if isinstance(value, (MultiValue, DicomSequence, list)):
        return list(value)
    return (value,)


def word_of(dataset: Dataset, keyword: str) -> str:
    """The first value as folded text; empty where there is none."""
    values = values_of(dataset, keyword)
    return str(values[0]).strip().upper() if values else ""


def whole_number(dataset: Dataset, keyword: str, *, default: int | None = None) -> int:
    """The first value as an integer.

    Raises:
        Refused: ``broken`` when it is absent without a default, or no integer.
    """
    values = values_of(dataset, keyword)
    if not values and default is not None:
        return default
    try:
        return int(values[0])
    except (ValueError, TypeError, IndexError, OverflowError):
        raise Refused("broken") from None


def numbers_of(dataset: Dataset, keyword: str) -> tuple[float, ...]:
    """All values as numbers; empty when any of them is none."""
    try:
        return tuple(float(value) for value in values_of(dataset, keyword))
    except (ValueError, TypeError, OverflowError):
        return ()
