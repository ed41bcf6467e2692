"""Which kind of file some bytes are, told from the bytes alone; names and types are not asked."""

from typing import Final

from app.intake.reasons import Refused

PICTURES: Final = ("png", "jpeg", "webp", "heic")
DICOM: Final = "dicom"
FORMATS: Final = (*PICTURES, DICOM)

# Brands of ISO base media files that libheif opens: still pictures and image sequences in HEVC.
_HEIC_BRANDS: Final = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
_AVIF_BRANDS: Final = (b"avif", b"avis")

_ARCHIVES: Final = (
    (0, b"PK\x03\x04"),
    (0, b"PK\x05\x06"),
    (0, b"\x1f\x8b"),
    (0, b"BZh"),
    (0, b"\xfd7zXZ\x00"),
    (0, b"7z\xbc\xaf\x27\x1c"),
    (0, b"Rar!\x1a\x07"),
    (0, b"\x28\xb5\x2f\xfd"),
    (257, b"ustar"),
    (0x8001, b"CD001"),
)
_VIDEOS: Final = (
    (0, b"\x1a\x45\xdf\xa3"),
    (0, b"\x00\x00\x01\xba"),
    (0, b"\x00\x00\x01\xb3"),
    (0, b"OggS"),
    (0, b"FLV\x01"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11"),
    (8, b"AVI "),
)
_OTHER_PICTURES: Final = (
    (0, b"GIF87a"),
    (0, b"GIF89a"),
    (0, b"II*\x00"),
    (0, b"MM\x00*"),
    (0, b"II+\x00"),
    (0, b"MM\x00+"),
    (0, b"8BPS"),
    (0, b"\x00\x00\x01\x00"),
    (0, b"\x00\x00\x00\x0cjP  "),
    (0, b"\xff\x4f\xff\x51"),
    (0, b"\xff\x0a"),
    (0, b"\x00\x00\x00\x0cJXL "),
    (344, b"n+1\x00"),
    (0, b"NRRD000"),
)
_PDF_WITHIN: Final = 1024
"""Readers look for the PDF mark in the first kilobyte; so do we."""


def recognise(data: bytes) -> str:
    """One of FORMATS for these bytes.

    The DICOM mark at byte 128 comes first: the preamble before it is free by the standard
    (PS3.10, 7.1) and may look like any other file; nothing of it is ever kept.

    Raises:
        Refused: with the reason for everything that is not read here.
    """
    if not data:
        raise Refused("empty")
    if data[128:132] == b"DICM":
        return DICOM
    if (name := _picture(data)) is not None:
        return name
    if b"%PDF-" in data[:_PDF_WITHIN]:
        raise Refused("pdf")
    for marks, reason in ((_ARCHIVES, "archive"), (_VIDEOS, "video")):
        if _starts(data, marks):
            raise Refused(reason)
    if _starts(data, _OTHER_PICTURES) or _is_bitmap(data) or _is_svg(data):
        raise Refused("unsupported_format")
    if _is_bare_dicom(data):
        return DICOM
    raise Refused("not_a_picture")


def _picture(data: bytes) -> str | None:
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if data.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "webp"
    if data[4:8] == b"ftyp":
        return _iso_media(data)
    return None


def _iso_media(data: bytes) -> str:
    brand = data[8:12]
    if brand in _AVIF_BRANDS:
        raise Refused("unsupported_format")
    if brand in _HEIC_BRANDS:
        return "heic"
    raise Refused("video")


def _starts(data: bytes, marks: tuple[tuple[int, bytes], ...]) -> bool:
    return any(data[offset : offset + len(mark)] == mark for offset, mark in marks)


def _is_bitmap(data: bytes) -> bool:
    # "BM" alone would catch prose: the two reserved words after the size are always zero.
    return data.startswith(b"BM") and data[6:10] == b"\0\0\0\0"


def _is_svg(data: bytes) -> bool:
    return data.lstrip()[:1] == b"<" and b"<svg" in data[:_PDF_WITHIN].lower()


def _is_bare_dicom(data: bytes) -> bool:
    """Whether the bytes begin like a DICOM data set without preamble: group 2 or 8, plausible."""
    if len(data) < 16:
        return False
    explicit = data[4:6].isalpha() and data[4:6].isupper()
    if data[:2] in (b"\x02\x00", b"\x08\x00") and data[3] == 0:
        return explicit or int.from_bytes(data[4:8], "little") < 1024
    if data[:2] in (b"\x00\x02", b"\x00\x08") and data[2] == 0:
        return explicit or int.from_bytes(data[4:8], "big") < 1024
    return False
