"""Files are recognised by their bytes, and every other kind has its own reason."""

import pytest

from app.intake.formats import recognise
from app.intake.reasons import Refused

PAD = bytes(600)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"\x89PNG\r\n\x1a\n" + PAD, "png"),
        (b"\xff\xd8\xff\xe0" + PAD, "jpeg"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 " + PAD, "webp"),
        (b"\x00\x00\x00\x18ftypheic" + PAD, "heic"),
        (b"\x00\x00\x00\x18ftypmif1" + PAD, "heic"),
        (bytes(128) + b"DICM" + PAD, "dicom"),
        (b"MZ" + bytes(126) + b"DICM" + PAD, "dicom"),
        (b"PK\x03\x04" + bytes(124) + b"DICM" + PAD, "dicom"),
        (b"\x08\x00\x05\x00CS\x0a\x00ISO_IR 100" + PAD, "dicom"),
        (b"\x08\x00\x05\x00\x0a\x00\x00\x00ISO_IR 100" + PAD, "dicom"),
        (b"\x00\x08\x00\x05CS\x00\x0aISO_IR 100" + PAD, "dicom"),
    ],
)
def test_format_is_told_from_the_bytes(data: bytes, expected: str) -> None:
    assert recognise(data) == expected


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"%PDF-1.7\n" + PAD, "pdf"),
        (b"\n\n%PDF-1.4" + PAD, "pdf"),
        (b"PK\x03\x04" + PAD, "archive"),
        (b"\x1f\x8b\x08" + PAD, "archive"),
        (b"7z\xbc\xaf\x27\x1c" + PAD, "archive"),
        (b"Rar!\x1a\x07\x01" + PAD, "archive"),
        (bytes(257) + b"ustar" + PAD, "archive"),
        (b"\x00\x00\x00\x18ftypisom" + PAD, "video"),
        (b"\x1a\x45\xdf\xa3" + PAD, "video"),
        (b"RIFF\x00\x00\x00\x00AVI LIST" + PAD, "video"),
        (b"\x00\x00\x00\x18ftypavif" + PAD, "unsupported_format"),
        (b"GIF89a" + PAD, "unsupported_format"),
        (b"II*\x00" + PAD, "unsupported_format"),
        (b"MM\x00*" + PAD, "unsupported_format"),
        (b"BM\x36\x00\x00\x00\x00\x00\x00\x00" + PAD, "unsupported_format"),
        (b'<?xml version="1.0"?><svg onload="alert(1)"/>', "unsupported_format"),
        (b"<!doctype html><script>alert(1)</script>", "not_a_picture"),
        (b"\x7fELF\x02\x01\x01" + PAD, "not_a_picture"),
        (b"MZ\x90\x00" + PAD, "not_a_picture"),
        (b"BMW is a car" + PAD, "not_a_picture"),
        (b"Dear doctor,\nplease find the report attached.", "not_a_picture"),
        (b"\x08\x00", "not_a_picture"),
    ],
)
def test_every_other_file_has_its_reason(data: bytes, reason: str) -> None:
    with pytest.raises(Refused) as caught:
        recognise(data)
    assert caught.value.reason == reason
