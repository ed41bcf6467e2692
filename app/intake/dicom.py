"""One DICOM file to one picture with its facts, or to a refusal; runs in the disposable process."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from pydicom.dataset import Dataset

from app.intake import dicom_pixels, header_words
from app.intake.burned_in import Area, cover
from app.intake.deidentify import keep, kept_attributes
from app.intake.envelope import IDENTIFIERS, as_mapping, envelope_of
from app.intake.frames import FROM_GROUPS, GROUPS, frame_count, hoist, numbers_of, values_of
from app.intake.limits import Limits
from app.intake.part10 import read_dataset
from app.intake.photo_writing import writing_in
from app.intake.reasons import Refused
from app.intake.wire import Decoded, Facts
from model.pixels import Values, fit_within
from model.types import Image

_SPACINGS: Final = ("PixelSpacing", "ImagerPixelSpacing", "PixelAspectRatio")
"""Height then width of a pixel (PS3.3, 10.7.1.3); the first usable one counts."""
_MAX_ASPECT: Final = 10.0
"""Beyond this a spacing is a mistake: reformatted slices reach 5, real headers hold [0, 0] too."""
_SQUARE_WITHIN: Final = 0.01


@dataclass(frozen=True)
class OpenedFile:
    """A DICOM file that has been read and passed every check that needs no decoding."""

    dataset: Dataset
    syntax: str
    modality: str
    frames: int


@dataclass(frozen=True)
class Frame:
    """One picture of a file.

    Attributes:
        pixels: uint8[H, W, 3] RGB in true proportions, at most Limits.longest_side.
        shown: the frame as decoded.
        covered: writing was found and is black now.
    """

    pixels: Image
    shown: dicom_pixels.Shown
    covered: bool

    @property
    def hounsfield(self) -> Values | None:
        """float32[H, W] under the picture, where nothing but a window lies between them."""
        is_as_stored = self.pixels.shape == self.shown.rgb.shape and not self.covered
        return self.shown.hounsfield if is_as_stored else None


def decode_dicom(data: bytes, limits: Limits, *, delivered: bool = False) -> Decoded:
    """The picture of a DICOM file, the middle one of several, de-identified.

    Args:
        data: the whole file.
        limits: bounds on size.
        delivered: the clinic sent it, so the enumerated identifiers are handed on for sealing.

    Raises:
        Refused: with the reason.
    """
    opened = open_file(data, limits, delivered=delivered)
    frame = show(opened, opened.frames // 2, limits)
    note = ("middle_frame_shown",) if opened.frames > 1 else ()
    facts = facts_of(opened, frame, delivered=delivered)
    return Decoded(frame.pixels, replace(facts, notes=facts.notes + note))


def open_file(data: bytes, limits: Limits, *, delivered: bool = False) -> OpenedFile:
    """A file with its attributes read; raises Refused with the reason."""
    dataset, syntax = read_dataset(data, limits, _keywords(delivered))
    _check_is_a_picture(dataset, is_marked=data[128:132] == b"DICM")
    header_words.check_species(dataset)
    modality = header_words.modality_of(dataset)
    dicom_pixels.check_pixels(dataset, syntax, limits)
    return OpenedFile(dataset, syntax, modality, frame_count(dataset, limits))


def show(opened: OpenedFile, index: int, limits: Limits) -> Frame:
    """One picture of a file, writing covered; raises Refused with the reason."""
    dataset = opened.dataset
    hoist(dataset, index)
    shown = dicom_pixels.show_frame(dataset, opened.syntax, index)
    areas = _writing(dataset, shown.rgb)
    pixels = fit_within(
        cover(shown.rgb, areas), limits.longest_side, row_to_column=_aspect(dataset)
    )
    if min(pixels.shape[:2]) < limits.min_side:
        raise Refused("too_small")
    return Frame(pixels, shown, covered=bool(areas))


def facts_of(opened: OpenedFile, frame: Frame, *, delivered: bool = False) -> Facts:
    """What is kept about the frame that was shown last."""
    dataset, modality = opened.dataset, opened.modality
    made_smaller = _shrunk(frame.shown.rgb, frame.pixels)
    return Facts(
        kept=_kept(dataset, opened.syntax, frame.shown.window),
        modality=modality,
        region=header_words.region_of(dataset),
        plane=header_words.plane_of(dataset, modality),
        age_band=header_words.age_band(dataset),
        sex=header_words.sex_of(dataset),
        notes=_notes(dataset, made_smaller, covered=frame.covered),
        identifiers=as_mapping(envelope_of(dataset)) if delivered else None,
    )


def _keywords(delivered: bool) -> frozenset[str]:
    read = header_words.READ | dicom_pixels.READ | set(kept_attributes()) | set(_SPACINGS)
    read |= set(GROUPS) | set(FROM_GROUPS)
    return frozenset(read | set(IDENTIFIERS)) if delivered else frozenset(read)


def _check_is_a_picture(dataset: Dataset, *, is_marked: bool) -> None:
    if len(dataset) == 0:
        raise Refused("broken" if is_marked else "not_a_picture")
    if "FloatPixelData" in dataset or "DoubleFloatPixelData" in dataset:
        raise Refused("unsupported_format")
    if "PixelData" not in dataset or not dataset.PixelData:
        raise Refused("no_pixels")


def _aspect(dataset: Dataset) -> float:
    """Height of a pixel divided by its width; 1 where the header says nothing usable."""
    for keyword in _SPACINGS:
        sizes = numbers_of(dataset, keyword)
        if len(sizes) == 2 and min(sizes) > 0:
            aspect = sizes[0] / sizes[1]
            if not 1 / _MAX_ASPECT <= aspect <= _MAX_ASPECT:
                return 1.0
            return aspect if abs(aspect - 1) > _SQUARE_WITHIN else 1.0
    return 1.0


def _kept(dataset: Dataset, syntax: str, window: tuple[float, float] | None) -> dict[str, str]:
    """The allow-listed attributes, with the window that was used in place of the file's list."""
    level, width = ((window[0],), (window[1],)) if window is not None else ((), ())
    used: dict[str, Sequence[Any]] = {
        "TransferSyntaxUID": (syntax,),
        "WindowCenter": level,
        "WindowWidth": width,
    }
    return keep(lambda keyword: used[keyword] if keyword in used else values_of(dataset, keyword))


def _writing(dataset: Dataset, rgb: Image) -> list[Area]:
    """Bright and dark writing, looked for only where the header says or suggests there is some."""
    if not header_words.may_hold_text(dataset):
        return []
    return writing_in(rgb)


def _shrunk(stored: Image, pixels: Image) -> bool:
    return bool(pixels.shape[0] < stored.shape[0] or pixels.shape[1] < stored.shape[1])


def _notes(dataset: Dataset, made_smaller: bool, *, covered: bool) -> tuple[str, ...]:
    found = {
        "burned_in_annotation": header_words.may_hold_text(dataset),
        "writing_covered": covered,
        "made_smaller": made_smaller,
        "proportions_corrected": _aspect(dataset) != 1.0,
    }
    return tuple(note for note, holds in found.items() if holds)
