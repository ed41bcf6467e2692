"""Objects for the record: the report as Encapsulated PDF, marked parts as SEG; pure, no network.

Identifiers come from the filing envelope of a delivered scan, geometry from its kept attributes.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    CTImageStorage,
    EncapsulatedPDFStorage,
    ExplicitVRLittleEndian,
    MRImageStorage,
    generate_uid,
)

MANUFACTURER: Final = "Anteroom"
_STUDY: Final = (
    "PatientID",
    "PatientName",
    "PatientBirthDate",
    "AccessionNumber",
    "StudyDate",
    "StudyInstanceUID",
)
_EMPTY: Final = ("StudyTime", "StudyID", "ReferringPhysicianName", "PatientSex")
"""Type 2 of the patient and study modules: what we do not know is there and empty (PS3.5 7.4.3)."""
_WITH_GEOMETRY: Final = (str(CTImageStorage), str(MRImageStorage))
_NEEDED: Final = {
    "ImagePositionPatient": 3,
    "ImageOrientationPatient": 6,
    "PixelSpacing": 2,
    "Rows": 1,
    "Columns": 1,
}
_LOOP: Final = re.compile(r"M([^MZz]+)[Zz]")
_NUMBER: Final = re.compile(r"-?\d+(?:\.\d+)?")


class NoGeometry(Exception):
    """The scan does not say where it lies, or is of a kind whose parts cannot be sent back."""


@dataclass(frozen=True)
class MarkedPart:
    """One marked region: its name, SNOMED CT code and SVG path data in picture pixels."""

    name: str
    snomed: str
    path: str


@dataclass(frozen=True)
class MarkedPicture:
    """A picture of a delivered scan with its parts; `width` and `height` in picture pixels."""

    width: int
    height: int
    parts: tuple[MarkedPart, ...]
    model: str
    adapter: str


def encapsulated_pdf(pdf: bytes, identifiers: Mapping[str, str], title: str) -> bytes:
    """The report as a DICOM file in the study of the scan (PS3.3 A.45.1)."""
    made = _in_study(identifiers, str(EncapsulatedPDFStorage))
    made.Modality, made.ConversionType = "DOC", "WSD"
    made.SeriesNumber, made.InstanceNumber = 9001, 1
    made.Manufacturer = MANUFACTURER
    made.BurnedInAnnotation = "YES"
    made.DocumentTitle, made.MIMETypeOfEncapsulatedDocument = title, "application/pdf"
    made.ContentDate = made.ContentTime = made.AcquisitionDateTime = ""
    made.ConceptNameCodeSequence = Sequence([_code("51855-5", "LN", "Patient note")])
    made.EncapsulatedDocument = pdf + b"\0" * (len(pdf) % 2)
    made.EncapsulatedDocumentLength = len(pdf)
    return _file(made)


def segmentation(
    picture: MarkedPicture, identifiers: Mapping[str, str], kept: Mapping[str, str], version: str
) -> bytes:
    """The marked parts of a picture as a binary DICOM SEG that refers to its slice.

    Raises:
        NoGeometry: neither CT nor MR, several frames in one file, or no place in space.
    """
    import highdicom

    source = _source(identifiers, kept)
    size = (int(source.Columns), int(source.Rows))
    masks = np.stack([_mask(part.path, picture, size) for part in picture.parts], axis=-1)
    made = highdicom.seg.Segmentation(
        source_images=[source],
        pixel_array=masks[np.newaxis].astype(np.uint8),
        segmentation_type=highdicom.seg.SegmentationTypeValues.BINARY,
        segment_descriptions=_segments(picture),
        series_instance_uid=generate_uid(),
        series_number=9002,
        sop_instance_uid=generate_uid(),
        instance_number=1,
        manufacturer=MANUFACTURER,
        manufacturer_model_name=MANUFACTURER,
        software_versions=version,
        device_serial_number="0",
        content_label="ANATOMY",
        content_description="Parts of the body, marked by a program",
        omit_empty_frames=False,
    )
    target = BytesIO()
    made.save_as(target, enforce_file_format=True)
    return target.getvalue()


def sop_uids(data: bytes) -> tuple[str, str]:
    """SOP class and instance of a file that this module made."""
    from pydicom import dcmread

    meta = dcmread(BytesIO(data), specific_tags=["SOPClassUID"], stop_before_pixels=True).file_meta
    return str(meta.MediaStorageSOPClassUID), str(meta.MediaStorageSOPInstanceUID)


def _segments(picture: MarkedPicture) -> list[Dataset]:
    import highdicom
    from pydicom.sr.codedict import codes

    algorithm = highdicom.AlgorithmIdentificationSequence(
        name=f"PaliGemma {picture.model}"[:64],
        family=codes.DCM.ArtificialIntelligence,
        version=picture.adapter[:64] or "base",
    )
    return [
        highdicom.seg.SegmentDescription(
            segment_number=number,
            segment_label=part.name[:64],
            segmented_property_category=codes.SCT.AnatomicalStructure,
            segmented_property_type=highdicom.sr.CodedConcept(part.snomed, "SCT", part.name[:64]),
            algorithm_type=highdicom.seg.SegmentAlgorithmTypeValues.AUTOMATIC,
            algorithm_identification=algorithm,
        )
        for number, part in enumerate(picture.parts, start=1)
    ]


def _source(identifiers: Mapping[str, str], kept: Mapping[str, str]) -> Dataset:
    """What highdicom wants to know of the slice: its identity and its geometry, no pixel."""
    values = {name: kept.get(name, "").split("\\") for name in _NEEDED}
    is_whole = all(len([v for v in values[n] if v]) == count for n, count in _NEEDED.items())
    frames = float(kept.get("NumberOfFrames") or 1)
    if kept.get("SOPClassUID") not in _WITH_GEOMETRY or not is_whole or frames > 1:
        raise NoGeometry
    source = _in_study(identifiers, kept["SOPClassUID"])
    source.SOPInstanceUID = identifiers["SOPInstanceUID"]
    source.SeriesInstanceUID = identifiers["SeriesInstanceUID"]
    source.FrameOfReferenceUID = identifiers.get("FrameOfReferenceUID") or generate_uid()
    source.PositionReferenceIndicator = ""
    source.Modality = kept["Modality"]
    for name in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing"):
        setattr(source, name, [float(value) for value in values[name]])
    source.Rows, source.Columns = (int(float(values[name][0])) for name in ("Rows", "Columns"))
    source.SliceThickness = float(kept.get("SliceThickness") or 1)
    return source


def _mask(path: str, picture: MarkedPicture, size: tuple[int, int]) -> NDArray[np.bool_]:
    """bool[Rows, Columns]: pixels whose middle lies inside the path, even-odd, in the original."""
    columns, rows = size
    across, down = columns / picture.width, rows / picture.height
    middles = np.arange(rows) + 0.5
    flips = np.zeros((rows, columns + 1), dtype=np.int64)
    for loop in _LOOP.findall(path):
        values = np.array([float(value) for value in _NUMBER.findall(loop)])
        points = values[: values.size // 2 * 2].reshape(-1, 2) * (across, down)
        for (x, y), (to_x, to_y) in zip(points, np.roll(points, -1, axis=0), strict=True):
            crossed = np.flatnonzero((y <= middles) != (to_y <= middles))
            at = x + (middles[crossed] - y) * (to_x - x) / (to_y - y or 1.0)
            np.add.at(flips, (crossed, np.clip(np.ceil(at - 0.5), 0, columns).astype(int)), 1)
    inside: NDArray[np.bool_] = np.cumsum(flips, axis=1)[:, :columns] % 2 == 1
    return inside


def _in_study(identifiers: Mapping[str, str], sop_class: str) -> Dataset:
    made = Dataset()
    made.SpecificCharacterSet = "ISO_IR 192"
    made.SOPClassUID, made.SOPInstanceUID = sop_class, generate_uid()
    made.SeriesInstanceUID = generate_uid()
    for keyword in _STUDY:
        setattr(made, keyword, identifiers.get(keyword, ""))
    for keyword in _EMPTY:
        setattr(made, keyword, "")
    return made


def _code(value: str, scheme: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def _file(made: Dataset) -> bytes:
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.file_meta.MediaStorageSOPClassUID = made.SOPClassUID
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID
    target = BytesIO()
    made.save_as(target, enforce_file_format=True)
    return target.getvalue()
