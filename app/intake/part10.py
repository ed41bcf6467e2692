"""The outer layer of a DICOM file: preamble, meta group, compression of the data set as a whole."""

import struct
import zlib
from collections.abc import Collection
from io import BytesIO
from typing import Final

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from app.intake.limits import Limits
from app.intake.reasons import Refused

_HEAD: Final = 132
"""Bytes of preamble and mark (PS3.10, 7.1)."""
_LONG_VRS: Final = (b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"UC", b"UN", b"UR", b"UT")
"""Value representations with a four-byte length (PS3.5, 7.1.2)."""
_TRANSFER_SYNTAX: Final = b"\x02\x00\x10\x00"


def read_dataset(
    data: bytes, limits: Limits, keywords: Collection[str], *, is_cut: bool = False
) -> tuple[Dataset, str]:
    """The named attributes of a file and the UID of its transfer syntax.

    Only what is named is read at all: an identifier that is not asked for never becomes a value.

    Args:
        data: the file, or its beginning.
        limits: bounds on size.
        keywords: which attributes to read.
        is_cut: the bytes end somewhere in the pixels, so reading stops before those.

    Raises:
        Refused: ``too_large`` when the data set inflates beyond the limit.
    """
    syntax, start = _meta(data)
    if syntax == DeflatedExplicitVRLittleEndian:
        if is_cut:
            raise ValueError("a packed data set is read whole")
        data, syntax = _inflated(data[start:], limits.max_inflated_bytes), ExplicitVRLittleEndian
    dataset = dcmread(
        BytesIO(data), force=True, specific_tags=sorted(keywords), stop_before_pixels=is_cut
    )
    return dataset, syntax or _guessed_syntax(dataset)


def _meta(data: bytes) -> tuple[str, int]:
    """The transfer syntax named in the meta group (always explicit little endian) and its end."""
    at, syntax = (_HEAD if data[128:132] == b"DICM" else 0), ""
    while data[at : at + 2] == b"\x02\x00" and at + 12 <= len(data):
        if data[at + 4 : at + 6] in _LONG_VRS:
            length, value = struct.unpack_from("<I", data, at + 8)[0], at + 12
        else:
            length, value = struct.unpack_from("<H", data, at + 6)[0], at + 8
        if data[at : at + 4] == _TRANSFER_SYNTAX:
            syntax = data[value : value + length].rstrip(b"\0 ").decode("ascii", "replace")
        at = value + length
    return syntax, at


def _inflated(deflated: bytes, max_bytes: int) -> bytes:
    """The data set as an uncompressed file of its own, never more than the limit in memory."""
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
    plain: bytes = unpacker.decompress(deflated, max_bytes)
    if unpacker.unconsumed_tail:
        raise Refused("too_large")
    uid = ExplicitVRLittleEndian.encode("ascii") + b"\0"
    meta = _TRANSFER_SYNTAX + b"UI" + struct.pack("<H", len(uid)) + uid
    return b"".join((bytes(128), b"DICM", meta, plain))


def _guessed_syntax(dataset: Dataset) -> str:
    """Without a meta group only the plain syntaxes are possible; pydicom saw which it was."""
    is_implicit, is_little_endian = dataset.original_encoding
    if is_implicit:
        return str(ImplicitVRLittleEndian)
    return str(ExplicitVRLittleEndian if is_little_endian else ExplicitVRBigEndian)
