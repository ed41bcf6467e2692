"""Bar 23: identifiers planted wherever a file can hold words; none may be found afterwards."""

import io
import struct
import zlib
from collections.abc import Iterator

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from pydicom import datadict
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from app.intake.deidentify import kept_attributes
from tests.app.intake.made_files import ct_dataset, file_of, png_chunk
from tests.builders import drawn_slice

MARK = "Zqx7"
"""Every canary of words holds this; no word of ours does."""
DAY = "19570314"
UID = "1.2.826.0.1.3680043.9.57.314.57314"
CANARIES = (MARK, DAY, UID, "1957:03:14", "1957-03-14")
"""What may be found nowhere, days as EXIF and ISO write them too."""
_WORDS = ("LO", "LT", "PN", "SH", "ST", "UC", "UT")
_CODES = {
    "DA": DAY,
    "DT": f"{DAY}120000",
    "UI": UID,
    "AE": MARK,
    "CS": MARK.upper(),
    "UR": f"http://{MARK}.example",
}
_GROUPS = (0x0008, 0x0010, 0x0012, 0x0018, 0x0020, 0x0028, 0x0032, 0x0038, 0x0040, 0x0088, 0x0400)
_NEEDED = frozenset(
    {"SpecificCharacterSet", "Modality", "PhotometricInterpretation", "PatientSpeciesDescription"}
    | {"PatientBreedDescription", "PatientSexNeutered", "ConversionType", "BurnedInAnnotation"}
)
"""These decide whether the file is read at all; a wrong word in them is refused, not kept."""


def planted_dicom() -> tuple[bytes, int]:
    """A CT slice with a canary in every attribute of words that DICOM knows, and how many.

    Those of table E.1-1 of PS3.15 are among them; so are codes of kept attributes, private groups,
    nested items, overlays, curves and the preamble.
    """
    stored = np.asarray(drawn_slice(128), dtype=np.int16) * 4
    dataset = ct_dataset(stored, RescaleIntercept="-1024", WindowCenter="40", WindowWidth="400")
    planted = 0
    for tag, (vr, multiplicity, _, _, keyword) in datadict.DicomDictionary.items():
        if tag >> 16 not in _GROUPS or not keyword or keyword in _NEEDED or keyword in dataset:
            continue
        word = f"{MARK}{planted}" if vr in _WORDS else _CODES.get(vr)
        if word is None or multiplicity == "0":
            continue
        dataset.add_new(tag, vr, word)
        planted += 1
    nested = Dataset()
    nested.PatientName, nested.CodeMeaning = f"{MARK}^Nested", f"{MARK} nested"
    nested.PatientBirthDate, nested.ReferencedSOPInstanceUID = DAY, UID
    deeper = Dataset()
    deeper.OtherPatientIDsSequence = Sequence([nested])
    nested_twice = Dataset()
    nested_twice.ReferencedStudySequence = Sequence([deeper])
    dataset.RequestAttributesSequence = Sequence([nested_twice])
    dataset.add_new(0x00091001, "LO", f"{MARK} private")
    dataset.add_new(0x00090010, "LO", f"{MARK} CREATOR")
    dataset.add_new(0x60000022, "LO", f"{MARK} overlay")
    dataset.add_new(0x60001500, "LO", f"{MARK} overlay label")
    dataset.add_new(0x50000022, "LO", f"{MARK} curve")
    data = file_of(dataset)
    return f"{MARK} preamble".ljust(128).encode() + data[128:], planted + 8


def planted_pictures() -> Iterator[tuple[str, bytes]]:
    """(file name, bytes): PNG and JPEG with canaries in all that is not pixels."""
    picture = drawn_slice(200)
    words = PngInfo()
    words.add_text("Author", f"{MARK} author")
    words.add_text("Comment", f"{MARK} zipped", zip=True)
    words.add_itxt("XML:com.adobe.xmp", f"<x>{MARK} xmp</x>")
    target = io.BytesIO()
    picture.save(target, "PNG", pnginfo=words, exif=_exif(), icc_profile=_profile())
    png = target.getvalue()
    text = png_chunk(b"iCCP", b"p\0\0" + zlib.compress(_profile()))
    yield f"{MARK}-name.png", png[:-12] + text + png[-12:] + f"{MARK} tail".encode()
    target = io.BytesIO()
    xmp = f"<x>{MARK} xmp</x>".encode()
    picture.save(
        target, "JPEG", exif=_exif(), icc_profile=_profile(), comment=f"{MARK} note", xmp=xmp
    )
    jpeg = target.getvalue()
    iptc = b"Photoshop 3.0\0" + f"8BIM\x04\x04 {MARK} iptc".encode("latin-1")
    segment = b"\xff\xed" + struct.pack(">H", len(iptc) + 2) + iptc
    yield f"{MARK}-name.jpg", jpeg[:2] + segment + _thumbnail() + jpeg[2:] + f"{MARK} tail".encode()


def _exif() -> bytes:
    exif = Image.Exif()
    exif[0x010E], exif[0x013B], exif[0x8298] = f"{MARK} image", f"{MARK} artist", f"{MARK} owner"
    exif[0x0132], exif.get_ifd(0x8769)[0x9003] = "1957:03:14 12:00:00", "1957:03:14 12:00:00"
    exif.get_ifd(0x8769)[0x9286] = f"{MARK} user comment".encode()
    exif.get_ifd(0x8825)[0x001D] = f"{MARK}gps"
    return exif.tobytes()


def _thumbnail() -> bytes:
    """An EXIF segment with nothing but a small JPEG of the picture (EXIF 2.32, the second IFD)."""
    small = io.BytesIO()
    drawn_slice(48).save(small, "JPEG", comment=f"{MARK} thumbnail {DAY}")
    first, second = struct.pack("<HI", 0, 14), 14 + 2 + 3 * 12 + 4
    entries = [(0x0103, 3, 1, 6), (0x0201, 4, 1, second), (0x0202, 4, 1, small.tell())]
    table = struct.pack("<H", 3) + b"".join(struct.pack("<HHII", *entry) for entry in entries)
    tiff = b"II*\0\x08\0\0\0" + first + table + bytes(4) + small.getvalue()
    body = b"Exif\0\0" + tiff
    return b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body


def _profile() -> bytes:
    return f"{MARK} profile".encode() * 9


def kept_words(kept: dict[str, str]) -> bool:
    """Whether nothing but the allow-list is there, and no canary in it."""
    return set(kept) <= set(kept_attributes()) and MARK.lower() not in str(kept).lower()
