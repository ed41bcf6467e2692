"""Hostile and broken files: each refused with its reason, soon, and without the memory it asks."""

import resource
import struct
import time
import zlib
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence
from pydicom.uid import DeflatedExplicitVRLittleEndian, JPEG2000Lossless, RLELossless

from app.intake.limits import DEFAULT_LIMITS, MIB
from app.intake.reasons import REASONS
from app.intake.receive import Limits, ReceivedScan, Refusal, receive
from tests.app.intake.made_files import (
    ct_dataset,
    file_of,
    jpeg_declaring,
    png_chunk,
    png_declaring,
    ramp,
    shipped,
)

WITHIN_SECONDS = 2.0 * 4
"""The bar is 2 s on an idle machine; a test machine may be four times busier."""


def changed(**changes: Any) -> bytes:
    return file_of(ct_dataset(ramp(), **changes))


def encapsulated(syntax: str, frame: bytes, **changes: Any) -> bytes:
    dataset = ct_dataset(ramp(), **changes)
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.PixelData = encapsulate([frame])
    dataset["PixelData"].VR = "OB"
    return file_of(dataset)


def deflated_bomb() -> bytes:
    whole = changed()
    start = whole.index(b"\x08\x00\x16\x00")
    pixels = struct.pack("<HH2sHI", 0x7FE0, 0x0010, b"OW", 0, 400 * MIB)
    packed = deflated(whole[start:-8204] + pixels, 400, -zlib.MAX_WBITS)
    uid = DeflatedExplicitVRLittleEndian.encode() + b"\0"
    meta = struct.pack("<HH2sH", 2, 0x10, b"UI", len(uid)) + uid
    return bytes(128) + b"DICM" + meta + packed


def deflated(head: bytes, blank_mib: int, window_bits: int = zlib.MAX_WBITS) -> bytes:
    """This beginning and so many MiB of nothing, packed piece by piece to spare our own memory."""
    packer = zlib.compressobj(9, zlib.DEFLATED, window_bits)
    pieces = [packer.compress(head), *(packer.compress(bytes(MIB)) for _ in range(blank_mib))]
    return b"".join((*pieces, packer.flush()))


def nested(depth: int) -> bytes:
    opening = struct.pack("<HH2sHI", 0x0040, 0xA730, b"SQ", 0, 0xFFFFFFFF)
    item = struct.pack("<HHI", 0xFFFE, 0xE000, 0xFFFFFFFF)
    whole = changed()
    start = whole.index(b"\x28\x00\x02\x00")
    return whole[:start] + (opening + item) * depth


def jpeg2000_declaring(side: int) -> bytes:
    size = struct.pack(">HHIIIIIIIIH", 41, 0, side, side, 0, 0, side, side, 0, 0, 1) + b"\x0f\1\1"
    return b"\xff\x4f\xff\x51" + size + b"\xff\xd9"


ZTXT_BOMB = png_chunk(b"zTXt", b"Comment\0\0" + deflated(b"", 200))
ICCP_BOMB = png_chunk(b"iCCP", b"icc\0\0" + deflated(b"", 200))

BAD: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "empty"),
    "words": (b"This is not a picture at all, but a letter to the doctor." * 9, "not_a_picture"),
    "page": (b"<html><body><img src=x onerror=alert(1)></body></html>", "not_a_picture"),
    "zip": (b"PK\x03\x04" + bytes(300), "archive"),
    "png 30,000": (png_declaring(30_000, 30_000), "too_many_pixels"),
    "png 65,500": (png_declaring(65_500, 65_500), "too_many_pixels"),
    "png 2^31": (png_declaring(2**31 - 1, 2**31 - 1), "too_many_pixels"),
    "png 0": (png_declaring(0, 100), "broken"),
    "png empty body": (png_declaring(4000, 4000), "broken"),
    "png zTXt bomb": (png_declaring(64, 64, ZTXT_BOMB), "broken"),
    "png iCCP bomb": (png_declaring(64, 64, ICCP_BOMB), "broken"),
    "png mark alone": (b"\x89PNG\r\n\x1a\n", "broken"),
    "jpeg 65,535": (jpeg_declaring(65_535, 65_535), "too_many_pixels"),
    "jpeg 10,000 scans": (jpeg_declaring(4000, 4000, scans=10_000), "broken"),
    "jpeg 200,000 segments": (b"\xff\xd8" + b"\xff\xe1\x00\x02" * 200_000, "broken"),
    "jpeg of fill bytes": (b"\xff\xd8" + b"\xff" * 8 * MIB, "broken"),
    "jpeg without tables": (jpeg_declaring(400, 400), "broken"),
    "webp 16,383": (
        b"RIFF\x40\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\xff\x3f\0\xff\x3f\0" + bytes(40),
        "too_many_pixels",
    ),
    "heic huge": (
        b"\0\0\0\x18ftypheic" + bytes(12) + b"\0\0\0\x14ispe" + b"\0\0\0\0" + b"\0\1\0\0" * 2,
        "too_many_pixels",
    ),
    "heic nothing": (b"\0\0\0\x18ftypheic" + bytes(200), "broken"),
    "heic noise": (b"\0\0\0\x18ftypheicispe\0\0\0\0\0\0\0\x40\0\0\0\x40" + bytes(99), "broken"),
    "dicom mark alone": (bytes(128) + b"DICM", "broken"),
    "dicom noise": (bytes(128) + b"DICM" + bytes(range(256)) * 8, "broken"),
    "dicom cut in the header": (shipped("CT_small.dcm")[:700], "no_pixels"),
    "dicom cut in the pixels": (shipped("CT_small.dcm")[:-9000], "broken"),
    "dicom without pixels": (changed(PixelData=None), "no_pixels"),
    "dicom with empty pixels": (changed(PixelData=b""), "no_pixels"),
    "no rows": (changed(Rows=None), "broken"),
    "no rows at all": (changed(Rows=0), "broken"),
    "rows times columns": (changed(Rows=65_535, Columns=65_535), "too_many_pixels"),
    "frames 2^31": (changed(NumberOfFrames=2**31 - 1), "broken"),
    "frames 20,001": (
        encapsulated(RLELossless, bytes(64), NumberOfFrames=20_001),
        "too_many_pixels",
    ),
    "frames below nought": (
        encapsulated(RLELossless, bytes(64), NumberOfFrames=-3),
        "broken",
    ),
    "more rows than bytes": (changed(Rows=4000, Columns=4000), "broken"),
    "three samples": (changed(SamplesPerPixel=3), "broken"),
    "unknown colours": (changed(PhotometricInterpretation="HSV"), "unsupported_format"),
    "rle noise": (encapsulated(RLELossless, bytes(range(256))), "broken"),
    "jpeg 2000 of 60,000": (
        encapsulated(JPEG2000Lossless, jpeg2000_declaring(60_000)),
        "broken",
    ),
    "jpeg 2000 noise": (encapsulated(JPEG2000Lossless, bytes(500)), "broken"),
    "sequences 10,000 deep": (nested(10_000), "broken"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_file_is_refused_with_its_reason_and_soon(name: str) -> None:
    data, reason = BAD[name]
    began = time.monotonic()
    answer = receive(data)
    assert time.monotonic() - began < WITHIN_SECONDS
    assert answer == Refusal(reason)
    assert reason in REASONS


def test_deflated_bomb_is_refused_before_it_unfolds() -> None:
    bomb = deflated_bomb()
    assert len(bomb) < MIB
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    assert receive(bomb) == Refusal("too_large")
    grown_kib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss - before
    assert grown_kib < 300 * 1024


@pytest.mark.parametrize("name", ["CT_small.dcm", "MR_small_RLE.dcm", "MR_small_jp2klossless.dcm"])
def test_damaged_file_gives_a_picture_or_a_reason(name: str) -> None:
    rng = np.random.default_rng(len(name))
    for _ in range(5):
        damaged = bytearray(shipped(name))
        for at in rng.integers(0, 1500, 20):
            damaged[at] = rng.integers(0, 256)
        answer = receive(bytes(damaged))
        assert isinstance(answer, ReceivedScan) or answer.reason in REASONS


def test_file_above_the_byte_limit_is_not_even_looked_at() -> None:
    assert receive(b"x" * 1001, limits=Limits(max_bytes=1000)) == Refusal("too_large")


def test_mpeg_in_dicom_is_a_video() -> None:
    data = encapsulated("1.2.840.10008.1.2.4.103", bytes(64))
    assert receive(data) == Refusal("video")


def test_palette_index_beyond_its_table_is_harmless() -> None:
    dataset = ct_dataset(ramp(dtype="uint8"), PhotometricInterpretation="PALETTE COLOR")
    for colour in ("Red", "Green", "Blue"):
        setattr(dataset, f"{colour}PaletteColorLookupTableDescriptor", [2, 0, 16])
        setattr(dataset, f"{colour}PaletteColorLookupTableData", b"\x00\x10\x00\x20")
    answer = receive(file_of(dataset))
    assert not isinstance(answer, Refusal)
    # Beyond the table its last entry holds (PS3.3 C.7.6.3.1.5): 0x2000 is 32 of 255.
    assert answer.width == 64


def test_nested_sequence_of_usual_depth_is_fine() -> None:
    dataset = ct_dataset(ramp())
    inner: Dataset = dataset
    for _ in range(20):
        item = Dataset()
        inner.ReferencedImageSequence = Sequence([item])
        inner = item
    assert not isinstance(receive(file_of(dataset)), Refusal)


def test_memory_limit_holds_for_what_slips_through() -> None:
    tight = Limits(memory_bytes=256 * MIB, max_frame_pixels=DEFAULT_LIMITS.max_frame_pixels)
    large = ct_dataset(ramp(), Rows=5000, Columns=5000, PixelData=bytes(5000 * 5000 * 2))
    assert receive(file_of(large), limits=tight) == Refusal("too_large")
