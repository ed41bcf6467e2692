"""The size that a picture file declares, read from its first bytes before anything is opened."""

import re
from typing import Final

from app.intake.limits import Limits
from app.intake.reasons import Refused

_MAX_JPEG_SCANS: Final = 100
"""libjpeg writes 10 scans for a progressive picture; thousands are an attack on the CPU."""
_MAX_JPEG_SEGMENTS: Final = 10_000
_JPEG_MARKER: Final = re.compile(rb"\xff([^\x00\xff\xd0-\xd8])", re.DOTALL)
"""Any marker but stuffed bytes, fill bytes, restarts and start of image (ITU-T T.81, B.1.1)."""
_START_OF_SCAN: Final = 0xDA
_SIZED_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""JPEG markers that carry height and width (ITU-T T.81, table B.1), without DHT, JPG and DAC."""
_ISPE_WITHIN: Final = 2**20

Size = tuple[int, int]
"""(width, height) in pixels."""


def check_declared_size(data: bytes, picture_format: str, limits: Limits) -> None:
    """Pass a picture whose declared size is within bounds.

    Raises:
        Refused: ``broken`` without a readable size, ``too_many_pixels`` above the limit.
    """
    readers = {"png": _png_size, "jpeg": _jpeg_size, "webp": _webp_size, "heic": _heic_size}
    size = readers[picture_format](data)
    if size is None or min(size) < 1:
        raise Refused("broken")
    if size[0] * size[1] > limits.max_picture_pixels:
        raise Refused("too_many_pixels")


def _png_size(data: bytes) -> Size | None:
    if len(data) < 33 or data[12:16] != b"IHDR":
        return None
    return int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")


def _jpeg_size(data: bytes) -> Size | None:
    """Walk the segments to the end of the picture, since the number of scans is bounded as well."""
    sizes: list[Size] = []
    scans, at = 0, 2
    for _ in range(_MAX_JPEG_SEGMENTS):
        found = _JPEG_MARKER.search(data, at)
        if found is None or found[1] == b"\xd9":
            return max(sizes, key=_area, default=None)
        marker, body = found[1][0], found.end()
        if marker in _SIZED_FRAMES:
            height = int.from_bytes(data[body + 3 : body + 5], "big")
            sizes.append((int.from_bytes(data[body + 5 : body + 7], "big"), height))
        scans += marker == _START_OF_SCAN
        if scans > _MAX_JPEG_SCANS:
            return None
        at = body + int.from_bytes(data[body : body + 2], "big")
    return None


def _area(size: Size) -> int:
    return size[0] * size[1]


def _webp_size(data: bytes) -> Size | None:
    chunk = data[12:16]
    if chunk == b"VP8X" and len(data) >= 30:
        return 1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(data[27:30], "little")
    if chunk == b"VP8 " and len(data) >= 30:
        width = int.from_bytes(data[26:28], "little") & 0x3FFF
        return width, int.from_bytes(data[28:30], "little") & 0x3FFF
    if chunk == b"VP8L" and len(data) >= 25:
        bits = int.from_bytes(data[21:25], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    return None


def _heic_size(data: bytes) -> Size | None:
    """The largest ``ispe`` property (ISO 23008-12, 6.5.3): the picture is larger than its tiles."""
    sizes, head = [], data[:_ISPE_WITHIN]
    at = head.find(b"ispe")
    while at >= 0:
        width = int.from_bytes(head[at + 8 : at + 12], "big")
        sizes.append((width, int.from_bytes(head[at + 12 : at + 16], "big")))
        at = head.find(b"ispe", at + 4)
    return max(sizes, key=_area, default=None)
