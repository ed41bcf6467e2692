"""DICOM files through the front door: what is accepted, in which words, and what is refused."""

import shutil
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence
from pydicom.uid import JPEGExtended12Bit

from app.intake.dicom import decode_dicom
from app.intake.limits import DEFAULT_LIMITS
from app.intake.reasons import Refused
from app.intake.receive import ReceivedScan, Refusal, receive
from app.intake.wire import Facts
from tests.app.intake.made_files import ct_dataset, file_of, pixels_of, ramp, shipped

ULTRASOUND = "1.2.840.10008.5.1.4.1.1.6.1"
SEGMENTATION = "1.2.840.10008.5.1.4.1.1.66.4"
SCREEN_COPY = "1.2.840.10008.5.1.4.1.1.7"
AXIAL, SAGITTAL = [1, 0, 0, 0, 1, 0], [0, 1, 0, 0, 0, -1]


def facts_of(**changes: Any) -> Facts:
    """What the decoding says of a slice, in this process: the tables below are long."""
    return decode_dicom(file_of(ct_dataset(ramp(), **changes)), DEFAULT_LIMITS).facts


def reason_of(**changes: Any) -> str:
    with pytest.raises(Refused) as caught:
        facts_of(**changes)
    return caught.value.reason


def code(value: str) -> Sequence:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "SCT", "meaning"
    return Sequence([item])


def test_ct_slice_of_pydicom_is_received_whole() -> None:
    scan = receive(shipped("CT_small.dcm"))
    assert isinstance(scan, ReceivedScan)
    assert (scan.width, scan.height, scan.source) == (128, 128, "dicom")
    assert (scan.modality, scan.plane, scan.sex) == ("CT", "axial", None)
    assert pixels_of(scan.image_png).shape == (128, 128, 3)
    assert scan.kept["Modality"] == "CT"
    assert scan.kept["RescaleIntercept"] == "-1024"
    assert scan.envelope is None


def test_header_is_put_into_words_of_the_vocabulary() -> None:
    header = {
        "BodyPartExamined": "Brain",
        "ImageOrientationPatient": SAGITTAL,
        "PatientSex": "F",
        "PatientAge": "007Y",
        "NumberOfFrames": 1,
    }
    scan = receive(file_of(ct_dataset(ramp(), **header)))
    assert isinstance(scan, ReceivedScan)
    words = (scan.modality, scan.region, scan.plane, scan.age_band, scan.sex)
    assert words == ("CT", "head", "sagittal", "6-11", "female")
    assert scan.notes == ()


@pytest.mark.parametrize(
    ("header", "band"),
    [
        ({"PatientAge": "058Y"}, "40-64"),
        ({"PatientAge": "004M"}, "0-1"),
        ({"PatientAge": "000Y"}, None),
        ({"PatientAge": "999Y"}, None),
        ({"PatientAge": "old"}, None),
        ({"PatientBirthDate": "20100801", "StudyDate": "20220731"}, "6-11"),
        ({"PatientBirthDate": "20100801", "StudyDate": "20220801"}, "12-17"),
        ({"PatientBirthDate": "20000101", "StudyDate": "20000101"}, None),
        ({"PatientBirthDate": "19500101"}, None),
    ],
)
def test_age_becomes_a_band(header: dict[str, str], band: str | None) -> None:
    scan = facts_of(**header)
    assert scan.age_band == band
    assert not any("Age" in keyword or "Date" in keyword for keyword in scan.kept)


@pytest.mark.parametrize(
    ("header", "plane"),
    [
        ({"ViewPosition": "PA"}, "frontal"),
        ({"ViewPosition": "LL"}, "lateral"),
        ({"PatientOrientation": ["L", "F"]}, "frontal"),
        ({"PatientOrientation": ["P", "F"]}, "lateral"),
        ({}, None),
    ],
)
def test_plane_of_a_radiograph_is_its_view(header: dict[str, Any], plane: str | None) -> None:
    scan = facts_of(Modality="DX", **header)
    assert (scan.modality, scan.plane) == ("X-ray", plane)


@pytest.mark.parametrize("modality", ["US", "NM", "PT", "XA", "OT", "SEG", "ES", "MG", "", "CT2"])
def test_other_modalities_are_refused(modality: str) -> None:
    assert reason_of(Modality=modality, SOPClassUID=SCREEN_COPY) == "unsupported_modality"


@pytest.mark.parametrize("storage", [ULTRASOUND, SEGMENTATION])
def test_a_class_that_contradicts_the_modality_is_refused(storage: str) -> None:
    assert reason_of(SOPClassUID=storage) == "unsupported_modality"


def test_missing_modality_is_read_from_the_storage_class() -> None:
    assert facts_of(Modality=None).modality == "CT"


@pytest.mark.parametrize(
    "header",
    [
        {"PatientSpeciesDescription": "Canis lupus familiaris"},
        {"PatientSpeciesCodeSequence": code("448771007")},
        {"PatientBreedDescription": "Beagle"},
        {"AcquisitionDeviceProcessingDescription": "CANINE LATERAL THORAX"},
        {"InstitutionName": "Veterinary clinic"},
    ],
)
def test_animals_are_refused(header: dict[str, Any]) -> None:
    assert reason_of(**header) == "not_a_person"


@pytest.mark.parametrize(
    "header",
    [
        {"PatientSpeciesDescription": "Homo sapiens"},
        {"PatientSpeciesCodeSequence": code("337915000")},
        {"SeriesDescription": "Canine tooth 13"},
    ],
)
def test_people_are_not_taken_for_animals(header: dict[str, Any]) -> None:
    assert facts_of(**header).modality == "CT"


@pytest.mark.parametrize("name", ["reportsi.dcm", "test-SR.dcm", "rtplan.dcm", "rtstruct.dcm"])
def test_dicom_without_a_picture_says_so(name: str) -> None:
    assert receive(shipped(name)) == Refusal("no_pixels")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("rtdose.dcm", "unsupported_modality"),
        ("liver_1frame.dcm", "unsupported_modality"),
        ("examples_ybr_color.dcm", "unsupported_modality"),
        ("image_dfl.dcm", "unsupported_modality"),
        ("waveform_ecg.dcm", "no_pixels"),
        ("MR_truncated.dcm", "broken"),
        ("no_meta.dcm", "not_a_picture"),
    ],
)
def test_pydicoms_own_odd_files_get_a_reason(name: str, reason: str) -> None:
    assert receive(shipped(name)) == Refusal(reason)


def test_middle_frame_of_several_is_shown_and_the_number_kept() -> None:
    frames = np.stack([np.full((64, 64), value, dtype=np.uint8) for value in (10, 20, 30, 40, 50)])
    frames[:, 0, 0], frames[:, 0, 1] = 0, 255
    dataset = ct_dataset(frames[0], NumberOfFrames=5, PixelData=frames.tobytes())
    dataset.WindowCenter, dataset.WindowWidth = 128, 256
    scan = receive(file_of(dataset))
    assert isinstance(scan, ReceivedScan)
    assert pixels_of(scan.image_png)[5, 5].tolist() == [30, 30, 30]
    assert scan.kept["NumberOfFrames"] == "5"
    assert scan.notes == ("middle_frame_shown",)


def test_enhanced_file_takes_its_window_and_plane_from_the_groups_of_its_frame() -> None:
    frames = np.stack([ramp(dtype=np.uint16)] * 3)
    groups = [Dataset() for _ in range(3)]
    for index, group in enumerate(groups):
        voi = Dataset()
        voi.WindowCenter, voi.WindowWidth = 100 * index, 11
        group.FrameVOILUTSequence = Sequence([voi])
    shared, plane = Dataset(), Dataset()
    plane.ImageOrientationPatient = AXIAL
    shared.PlaneOrientationSequence = Sequence([plane])
    dataset = ct_dataset(frames[0], NumberOfFrames=3, PixelData=frames.tobytes())
    dataset.PerFrameFunctionalGroupsSequence = Sequence(groups)
    dataset.SharedFunctionalGroupsSequence = Sequence([shared])
    scan = receive(file_of(dataset))
    assert isinstance(scan, ReceivedScan)
    assert (scan.kept["WindowCenter"], scan.plane) == ("100", "axial")
    pixels = pixels_of(scan.image_png)[:, :, 0]
    assert (pixels[1, 30], pixels[1, 42]) == (0, 255)


@pytest.mark.parametrize(
    "header",
    [{"BurnedInAnnotation": "YES"}, {"SOPClassUID": SCREEN_COPY}, {"ConversionType": "DV"}],
)
def test_text_in_the_picture_is_noted(header: dict[str, str]) -> None:
    assert facts_of(**header).notes == ("burned_in_annotation",)


def test_file_without_preamble_is_read() -> None:
    whole = file_of(ct_dataset(ramp()))
    scan, bare = receive(whole), receive(whole[132:])
    assert isinstance(scan, ReceivedScan)
    assert isinstance(bare, ReceivedScan)
    assert scan.image_digest == bare.image_digest


def test_program_in_the_preamble_does_not_survive() -> None:
    whole = file_of(ct_dataset(ramp()))
    scan = receive(b"MZ" + b"\x90" * 126 + whole[128:])
    assert isinstance(scan, ReceivedScan)
    assert scan.image_png.startswith(b"\x89PNG\r\n\x1a\n")
    assert b"MZ\x90" not in scan.image_png


def hollow_twelve_bit_jpeg() -> bytes:
    """A slice that says it is a 12-bit JPEG and holds no picture."""
    dataset = ct_dataset(ramp(), BitsStored=12, HighBit=11)
    dataset.file_meta.TransferSyntaxUID = JPEGExtended12Bit
    dataset.PixelData = encapsulate([b"\xff\xd8\xff\xd9" * 40])
    dataset["PixelData"].VR = "OB"
    return file_of(dataset)


@pytest.mark.skipif(shutil.which("dcmdjpeg") is None, reason="dcmtk is not installed")
def test_hollow_twelve_bit_jpeg_is_called_broken_where_it_can_be_read() -> None:
    assert receive(hollow_twelve_bit_jpeg()) == Refusal("broken")


def test_twelve_bit_jpeg_is_named_as_unsupported_where_nothing_reads_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert receive(hollow_twelve_bit_jpeg()) == Refusal("unsupported_format")
