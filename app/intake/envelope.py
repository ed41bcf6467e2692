"""The filing envelope: the enumerated identifiers of a scan that the clinic itself delivered.

Pure: this file says what goes in. Sealing, matching by keyed hash and erasing live in storage. A
scan that a patient uploads on the tablet never gets an envelope.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Final

_MAX_CHARS: Final = 324
"""The longest text an identifier may hold: three groups of 64 characters a name, with marks."""


@dataclass(frozen=True)
class Envelope:
    """The identifiers needed to match and to file back; empty text where the file has none."""

    patient_id: str = ""
    patient_name: str = ""
    patient_birth_date: str = ""
    accession_number: str = ""
    study_date: str = ""
    study_instance_uid: str = ""
    series_instance_uid: str = ""
    sop_instance_uid: str = ""
    frame_of_reference_uid: str = ""


IDENTIFIERS: Final = {
    "PatientID": "patient_id",
    "PatientName": "patient_name",
    "PatientBirthDate": "patient_birth_date",
    "AccessionNumber": "accession_number",
    "StudyDate": "study_date",
    "StudyInstanceUID": "study_instance_uid",
    "SeriesInstanceUID": "series_instance_uid",
    "SOPInstanceUID": "sop_instance_uid",
    "FrameOfReferenceUID": "frame_of_reference_uid",
}
"""DICOM keyword to field: the whole list, and nothing is added without a decision."""


def envelope_of(dataset: Mapping[str, object]) -> Envelope:
    """The envelope of a data set, or of any mapping by DICOM keyword; all else is ignored.

    Args:
        dataset: a pydicom Dataset (whose ``get`` takes keywords) or a plain mapping.
    """
    values = {name: _text(dataset.get(keyword)) for keyword, name in IDENTIFIERS.items()}
    return Envelope(**values)


def as_mapping(envelope: Envelope) -> dict[str, str]:
    """The envelope by DICOM keyword, as it crosses a process border; envelope_of undoes it."""
    assert len(fields(envelope)) == len(IDENTIFIERS)
    return {keyword: getattr(envelope, name) for keyword, name in IDENTIFIERS.items()}


def _text(value: object) -> str:
    if value is None:
        return ""
    printable = "".join(char for char in str(value) if char.isprintable())
    return printable.strip()[:_MAX_CHARS]
