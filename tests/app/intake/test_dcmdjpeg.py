"""12-bit JPEG: read by dcmdjpeg where it is installed, refused in words where it is not."""

import shutil
from io import BytesIO

import pytest
from pydicom import dcmread
from pydicom.uid import CTImageStorage

from app.intake.receive import ReceivedScan, Refusal, receive
from tests.app.intake.made_files import file_of, pixels_of, shipped


def twelve_bits() -> bytes:
    """A 12-bit JPEG of the wheel, called a CT."""
    dataset = dcmread(BytesIO(shipped("JPEG-lossy.dcm")))
    dataset.Modality, dataset.SOPClassUID = "CT", CTImageStorage
    return file_of(dataset)


@pytest.mark.skipif(shutil.which("dcmdjpeg") is None, reason="dcmtk is not installed")
def test_a_12_bit_jpeg_is_read_by_the_program_that_can() -> None:
    scan = receive(twelve_bits())
    assert isinstance(scan, ReceivedScan)
    assert scan.kept["TransferSyntaxUID"] == "1.2.840.10008.1.2.4.51"
    assert pixels_of(scan.image_png).std() > 10


def test_without_the_program_it_is_refused_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert receive(twelve_bits()) == Refusal("unsupported_format")
