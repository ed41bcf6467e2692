"""What a DICOM header says in our vocabulary: kind, part, plane, age band, sex, species."""

import re
from typing import Final

from pydicom.dataset import Dataset

from app.intake.frames import numbers_of, values_of, word_of
from app.intake.reasons import Refused
from model.vocabulary import (
    MODALITY_FROM_DICOM,
    PLANE_FROM_VIEW_POSITION,
    SEX_FROM_DICOM,
    age_band_of,
    plane_from_orientation,
    region_from_dicom,
)

_STORAGE: Final = "1.2.840.10008.5.1.4.1.1."
_MODALITY_FROM_CLASS: Final = {"2": "CT", "4": "MR", "1": "X-ray"}
_OTHER_CLASSES: Final = frozenset(
    {
        "3",
        "6",
        "9",
        "11",
        "12",
        "13",
        "20",
        "30",
        "66",
        "67",
        "77",
        "88",
        "104",
        "128",
        "130",
        "481",
    }
)
"""First number after the storage root (PS3.4, B.5): ultrasound, waveforms, presentation states,
angiography, nuclear medicine, segmentations, visible light, reports, documents, PET, radiotherapy.
A file of these is refused even when its Modality claims CT."""
_SECONDARY_CAPTURE: Final = "7"

_ANIMAL_WORDS: Final = re.compile(
    r"\b(veterinar\w*|canine|feline|equine|bovine|ovine|porcine|murine|canis|felis|equus)\b", re.I
)
"""Looked for where a device or a clinic names itself. Descriptions of the examination are not
searched: a canine is also a tooth."""
_ANIMAL_FIELDS: Final = ("AcquisitionDeviceProcessingDescription", "InstitutionName")
_HUMAN_CODES: Final = ("337915000", "L-85B00", "HOMO SAPIENS", "HUMAN")
"""SNOMED CT and SNOMED RT for man (PS3.16, CID 7454), and the words used beside them."""

_DAYS_PER_YEAR: Final = 365.25
_YEARS_PER_UNIT: Final = {"Y": 1.0, "M": 1 / 12, "W": 7 / _DAYS_PER_YEAR, "D": 1 / _DAYS_PER_YEAR}

READ: Final = frozenset(
    {
        "Modality",
        "SOPClassUID",
        "ConversionType",
        "BurnedInAnnotation",
        "BodyPartExamined",
        "AnatomicRegionSequence",
        "ImageOrientationPatient",
        "ImageType",
        "ViewPosition",
        "PatientOrientation",
        "PatientSex",
        "PatientAge",
        "PatientBirthDate",
        "StudyDate",
        "PatientSpeciesDescription",
        "PatientSpeciesCodeSequence",
        "PatientBreedDescription",
        "PatientSexNeutered",
        *_ANIMAL_FIELDS,
    }
)
"""Keywords this file needs; most of them never leave the decoding process."""


def check_species(dataset: Dataset) -> None:
    """Pass a person's scan.

    Raises:
        Refused: ``not_a_person`` when species, breed, or the device's own programme name an animal.
    """
    codes = [
        word_of(item, "CodeValue") for item in values_of(dataset, "PatientSpeciesCodeSequence")
    ]
    named = [name for name in (word_of(dataset, "PatientSpeciesDescription"), *codes) if name]
    if named:
        is_animal = not any(name in _HUMAN_CODES for name in named)
    else:
        # Both are required for animals and forbidden for people (PS3.3, C.7.2.2).
        breed = word_of(dataset, "PatientBreedDescription") + word_of(dataset, "PatientSexNeutered")
        device = " ".join(word_of(dataset, keyword) for keyword in _ANIMAL_FIELDS)
        is_animal = bool(breed) or _ANIMAL_WORDS.search(device) is not None
    if is_animal:
        raise Refused("not_a_person")


def modality_of(dataset: Dataset) -> str:
    """CT, MR or X-ray.

    Raises:
        Refused: ``unsupported_modality`` for everything else, and for contradictions.
    """
    family = _class_family(dataset)
    if family not in _OTHER_CLASSES:
        named = word_of(dataset, "Modality")
        found = MODALITY_FROM_DICOM.get(named) if named else _MODALITY_FROM_CLASS.get(family)
        if found is not None:
            return found
    raise Refused("unsupported_modality")


def may_hold_text(dataset: Dataset) -> bool:
    """Whether the header says, or a screen copy suggests, that text is burnt into the pixels."""
    if word_of(dataset, "BurnedInAnnotation") == "YES":
        return True
    return _class_family(dataset) == _SECONDARY_CAPTURE or bool(word_of(dataset, "ConversionType"))


def region_of(dataset: Dataset) -> str | None:
    """The part of the body, from BodyPartExamined or from the coded anatomic region."""
    meanings = [
        word_of(item, "CodeMeaning") for item in values_of(dataset, "AnatomicRegionSequence")
    ]
    for name in (word_of(dataset, "BodyPartExamined"), *meanings):
        if (region := region_from_dicom(name)) is not None:
            return region
    return None


def plane_of(dataset: Dataset, modality: str) -> str | None:
    """The plane of a slice from its orientation, or of a radiograph from its view."""
    if modality != "X-ray":
        plane = plane_from_orientation(numbers_of(dataset, "ImageOrientationPatient"))
        kinds = [str(value).upper() for value in values_of(dataset, "ImageType")]
        return "axial" if plane is None and "AXIAL" in kinds else plane
    if (view := word_of(dataset, "ViewPosition")) in PLANE_FROM_VIEW_POSITION:
        return PLANE_FROM_VIEW_POSITION[view]
    row_direction = word_of(dataset, "PatientOrientation")
    return {"L": "frontal", "R": "frontal", "A": "lateral", "P": "lateral"}.get(row_direction)


def age_band(dataset: Dataset) -> str | None:
    """The age band at the time of the study; the age itself goes no further."""
    written = re.fullmatch(r"(\d{1,3})([DWMY])", word_of(dataset, "PatientAge"))
    if written is not None:
        # Software that removes names writes 000Y for grown-ups; a new-born has days or weeks.
        if int(written[1]) == 0:
            return None
        return age_band_of(int(written[1]) * _YEARS_PER_UNIT[written[2]])
    born, seen = (_day(word_of(dataset, name)) for name in ("PatientBirthDate", "StudyDate"))
    # Equal days are the stand-in dates of such software, far more often than a first day of life.
    if born is None or seen is None or born == seen:
        return None
    return age_band_of((seen - born) / 10_000)


def sex_of(dataset: Dataset) -> str | None:
    """Female or male where the header says so."""
    return SEX_FROM_DICOM.get(word_of(dataset, "PatientSex"))


def _class_family(dataset: Dataset) -> str:
    uid = word_of(dataset, "SOPClassUID")
    return uid.removeprefix(_STORAGE).split(".")[0] if uid.startswith(_STORAGE) else ""


def _day(written: str) -> int | None:
    """YYYYMMDD as one number: a difference of 10,000 is a whole year, birthdays included."""
    digits = written.replace(".", "")
    return int(digits) if re.fullmatch(r"\d{8}", digits) else None
