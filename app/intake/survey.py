"""The headers of all files of an upload, read before any picture is decoded."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from pydicom.dataset import Dataset

from app.intake import dicom_pixels, header_words
from app.intake.formats import DICOM, recognise
from app.intake.frames import (
    GROUPS,
    frame_count,
    group_value,
    hoist,
    numbers_of,
    values_of,
    word_of,
)
from app.intake.limits import Limits
from app.intake.part10 import read_dataset
from app.intake.reasons import Refused
from app.intake.sorting import Item, Vector
from app.intake.unpack import Source

HEAD_BYTES: Final = 256 * 1024
"""Enough for the header of nearly every file; where it is not, the whole file is read."""
_READ: Final = frozenset(
    {
        *header_words.READ,
        *dicom_pixels.READ,
        *GROUPS,
        "PatientID",
        "SOPInstanceUID",
        "SeriesInstanceUID",
        "StudyInstanceUID",
        "SeriesNumber",
        "InstanceNumber",
        "ImagePositionPatient",
        "EchoTime",
        "DiffusionBValue",
        "TemporalPositionIdentifier",
        "TriggerTime",
        "AcquisitionNumber",
        "DirectoryRecordSequence",
    }
) - {"PixelData", "FloatPixelData", "DoubleFloatPixelData"}
_OVERVIEW: Final = {"LOCALIZER", "SCOUT", "TOPOGRAM", "SURVEY"}
_DERIVED: Final = {"DERIVED", "SECONDARY"}
_MOMENTS: Final = ("TemporalPositionIdentifier", "TriggerTime", "AcquisitionNumber")


@dataclass
class Survey:
    """What an upload holds.

    Attributes:
        sources: every file that is worth opening again, by its number.
        items: the pictures of DICOM files.
        pictures: numbers of files that are pictures such as PNG.
        left_out: why other files are of no use here, with how many they are.
        patients: the patient numbers in DICOM files; never leave the decoding process.
    """

    sources: list[Source] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)
    pictures: list[int] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    patients: set[str] = field(default_factory=set)


def survey(sources: Iterable[Source], limits: Limits, tick: Callable[[int], None]) -> Survey:
    """Read every header.

    Args:
        sources: the files of the upload.
        limits: bounds on size.
        tick: called after each file with how many were read.

    Raises:
        Refused: too much altogether, a locked or damaged zip, or ``two_patients``: pictures of
            two people are never shown as one person's, whatever else their headers agree in.
    """
    found = Survey()
    for count, source in enumerate(sources, start=1):
        try:
            _note(source, found, limits)
        except Refused as refused:
            found.left_out[refused.reason] += 1
        except MemoryError:
            found.left_out["too_large"] += 1
        except Exception:
            # Decoders of headers meet hostile bytes and raise anything; one such file is left
            # out, and the rest of the CD is still of use.
            found.left_out["broken"] += 1
        if len(found.patients) > 1:
            raise Refused("two_patients")
        tick(count)
    return found


def _note(source: Source, found: Survey, limits: Limits) -> None:
    if source.size > limits.max_bytes:
        raise Refused("too_large")
    head = source.read(HEAD_BYTES)
    kind = recognise(head)
    number = len(found.sources)
    if kind != DICOM:
        found.pictures.append(number)
    else:
        dataset, syntax = _header(source, head, limits)
        if patient := word_of(dataset, "PatientID"):
            found.patients.add(patient)
        found.items += _items(dataset, syntax, head, number, limits)
    found.sources.append(source)


def _items(dataset: Dataset, syntax: str, head: bytes, number: int, limits: Limits) -> list[Item]:
    if values_of(dataset, "DirectoryRecordSequence"):
        raise Refused("table_of_contents")
    if len(dataset) == 0:
        raise Refused("broken" if head[128:132] == b"DICM" else "not_a_picture")
    if not values_of(dataset, "Rows") and not word_of(dataset, "PhotometricInterpretation"):
        raise Refused("no_pixels")
    header_words.check_species(dataset)
    modality = header_words.modality_of(dataset)
    dicom_pixels.check_header(dataset, syntax, limits)
    frames = frame_count(dataset, limits)
    return [_item(dataset, modality, number, frame, frames) for frame in range(frames)]


def _header(source: Source, head: bytes, limits: Limits) -> tuple[Dataset, str]:
    """The header from the first bytes, or from the whole file where they do not hold it all."""
    if source.size > len(head):
        try:
            dataset, syntax = read_dataset(head, limits, _READ, is_cut=True)
        except Exception:
            # Whatever a header cut in the middle raises, the whole file decides.
            pass
        else:
            is_whole = values_of(dataset, "BitsAllocated") and not _has_frames(dataset)
            if is_whole:
                return dataset, syntax
        head = source.read(source.size)
    return read_dataset(head, limits, _READ)


def _has_frames(dataset: Dataset) -> bool:
    return numbers_of(dataset, "NumberOfFrames") > (1.0,)


def _item(dataset: Dataset, modality: str, source: int, frame: int, frames: int) -> Item:
    if frames > 1:
        hoist(dataset, frame)
    kinds = tuple(str(value).upper() for value in values_of(dataset, "ImageType"))
    number = (numbers_of(dataset, "InstanceNumber") or (float(source),))[0]
    return Item(
        source=source,
        frame=frame,
        instance=word_of(dataset, "SOPInstanceUID") or source,
        series=_series(dataset),
        kind=_kind(dataset, kinds, source if frames > 1 else None),
        modality=modality,
        orientation=numbers_of(dataset, "ImageOrientationPatient"),
        position=_position(dataset, frame),
        moment=_moment(dataset, frame),
        number=int(number),
        is_overview=bool(_OVERVIEW & set(kinds)),
        is_derived=bool(_DERIVED & set(kinds)) or not kinds,
    )


def _series(dataset: Dataset) -> tuple[str, ...]:
    """What a file belongs to; files that do not say belong together by study and number.

    A file that names no patient is no part of a series that names one.
    """
    patient, uid = word_of(dataset, "PatientID"), word_of(dataset, "SeriesInstanceUID")
    if uid:
        return patient, uid
    return patient, word_of(dataset, "StudyInstanceUID"), word_of(dataset, "SeriesNumber")


def _kind(dataset: Dataset, kinds: tuple[str, ...], file: int | None) -> tuple[object, ...]:
    """In what the pictures of one stack agree: size, echo, weighting, magnitude or phase.

    A file of many frames is a stack by itself. A radiograph is one, too: two views of a chest
    share a series, yet nobody looks through them as through slices.
    """
    sizes = numbers_of(dataset, "Rows") + numbers_of(dataset, "Columns")
    if header_words.modality_of(dataset) == "X-ray" and file is None:
        return (*sizes, word_of(dataset, "SOPInstanceUID"))
    echo = tuple(round(value, 1) for value in numbers_of(dataset, "EchoTime"))
    weight = numbers_of(dataset, "DiffusionBValue")
    # The fourth value and on tell magnitude from phase in MR; in CT they name how a slice was
    # made ("ADD" where thin ones were summed at the skull base), and one head mixes them.
    species = kinds[2:3] if header_words.modality_of(dataset) == "CT" else kinds[2:]
    return sizes, echo, weight, kinds[:1], species, file


def _position(dataset: Dataset, frame: int) -> Vector:
    values = group_value(dataset, frame, "PlanePositionSequence", "ImagePositionPatient")
    return tuple(values) or numbers_of(dataset, "ImagePositionPatient")


def _moment(dataset: Dataset, frame: int) -> Vector:
    return (
        *((numbers_of(dataset, keyword) or (0.0,))[0] for keyword in _MOMENTS),
        float(frame),
    )
