"""The files inside an upload: as they came, or out of zip folders; runs in the decoding process.

Nothing is written and no name inside a zip is looked at, so no name can point anywhere.
"""

import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from io import SEEK_CUR, SEEK_END, BytesIO, RawIOBase
from typing import Final

from app.intake.limits import MIB, Limits
from app.intake.reasons import Refused
from app.intake.sealed_file import read_sealed

_ZIP_MARKS: Final = (b"PK\x03\x04", b"PK\x05\x06")
_READABLE: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED: Final = 0x1
"""Bit 0 of the general purpose flags (APPNOTE.TXT, 4.4.4)."""
_RATIO_FROM: Final = 64 * MIB
_ZIP_ERRORS: Final = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    OverflowError,
    RuntimeError,
    ValueError,
    struct.error,
)


Reader = Callable[[int, int], bytes]
"""Gives at most so many bytes (second) from a place on (first)."""


@dataclass(frozen=True)
class Source:
    """One file of the upload; `read(n)` gives its first n bytes, at most, each time anew."""

    size: int
    read: Callable[[int], bytes]


@dataclass
class Budget:
    """What one upload may still unpack."""

    limits: Limits
    files: int = 0
    unpacked: int = 0
    packed: int = field(default=0)

    def count(self, size: int, packed: int) -> None:
        """Note one more file; raises Refused where it would be too many or too much."""
        self.files += 1
        self.unpacked += size
        self.packed += packed
        is_bomb = self.unpacked > max(_RATIO_FROM, self.limits.max_ratio * self.packed)
        if self.files > self.limits.max_files or self.unpacked > self.limits.max_unpacked_bytes:
            raise Refused("too_large")
        if is_bomb:
            raise Refused("too_large")


class _Part(RawIOBase):
    """A part of a sealed file as a file of its own; other readers of it are not disturbed."""

    def __init__(self, whole: Reader, start: int, size: int) -> None:
        super().__init__()
        self._whole, self._start, self._size, self._at = whole, start, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = 0) -> int:
        base = {SEEK_CUR: self._at, SEEK_END: self._size}.get(whence, 0)
        self._at = max(0, base + offset)
        return self._at

    def read(self, count: int = -1) -> bytes:
        left = max(0, self._size - self._at)
        wanted = left if count < 0 else min(count, left)
        data = self._whole(self._start + self._at, wanted)
        self._at += len(data)
        return data


def reader_of(handle: int, key: str) -> Reader:
    """Reads the sealed file behind a descriptor."""
    opened = bytes.fromhex(key)
    return lambda start, count: read_sealed(handle, opened, start, count)


def files_of(whole: Reader, parts: Sequence[tuple[int, int]], limits: Limits) -> Iterator[Source]:
    """Every file of an upload, zip folders opened.

    Args:
        whole: reads the one file that holds the whole upload.
        parts: (start, size) of each uploaded file in it.
        limits: bounds on number, size and nesting.

    Raises:
        Refused: too much inside, or a zip that is locked or damaged.
    """
    budget = Budget(limits)
    for start, size in parts:
        budget.count(size, size)
        part = _Part(whole, start, size)
        yield from _opened(Source(size, _reader(part)), part, budget, 1)


def _reader(part: RawIOBase) -> Callable[[int], bytes]:
    def read(most: int) -> bytes:
        part.seek(0)
        return part.read(most) or b""

    return read


def _opened(source: Source, file: RawIOBase, budget: Budget, depth: int) -> Iterator[Source]:
    if source.read(4) not in _ZIP_MARKS:
        yield source
        return
    if depth > budget.limits.max_nesting:
        raise Refused("archive")
    try:
        folder = zipfile.ZipFile(file)
        entries = [entry for entry in folder.infolist() if not entry.is_dir()]
    except _ZIP_ERRORS:
        raise Refused("broken") from None
    if len(entries) > budget.limits.max_files:
        raise Refused("too_large")
    if any(entry.flag_bits & _ENCRYPTED for entry in entries):
        raise Refused("locked_archive")
    for entry in entries:
        budget.count(entry.file_size, entry.compress_size)
    for entry in entries:
        yield from _entry(folder, entry, budget, depth)


def _entry(
    folder: zipfile.ZipFile, entry: zipfile.ZipInfo, budget: Budget, depth: int
) -> Iterator[Source]:
    if entry.compress_type not in _READABLE:
        return

    def read(most: int) -> bytes:
        # zipfile stops at the declared size, which the budget has counted.
        try:
            with folder.open(entry) as opened:
                return opened.read(min(most, entry.file_size))
        except _ZIP_ERRORS:
            raise Refused("broken") from None

    source = Source(entry.file_size, read)
    try:
        is_zip = source.read(4) in _ZIP_MARKS
    except Refused:
        return
    if not is_zip:
        yield source
    elif entry.file_size <= budget.limits.max_bytes:
        # A folder inside a folder: the outer one counts as its packed size already.
        yield from _opened(source, BytesIO(source.read(entry.file_size)), budget, depth + 1)  # type: ignore[arg-type]
