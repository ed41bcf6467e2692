"""Many files as one: gathered in a file without a name, for the decoding process to read."""

import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from typing import BinaryIO, Final

from app.intake.limits import Limits
from app.intake.reasons import Refused

_PIECE: Final = 2**20


@dataclass(frozen=True)
class Bundle:
    """An upload: an open file that has no name and ends with its last handle, and its parts.

    Attributes:
        file: all files of the upload, one behind the other.
        parts: (start, size) of each.
    """

    file: BinaryIO
    parts: tuple[tuple[int, int], ...]

    def close(self) -> None:
        """Let go of the bytes."""
        self.file.close()

    def head(self, part: int, count: int) -> bytes:
        """The first bytes of one file."""
        start, size = self.parts[part]
        self.file.seek(start)
        return self.file.read(min(size, count))


def bundle_of(files: Iterable[bytes | BinaryIO], limits: Limits) -> Bundle:
    """Copy files, piece by piece, into one; an open file that was copied is closed.

    The copy stands in the system's folder for temporary files until it is closed: 300 MB of CT
    do not fit beside the rest in memory. It is unlinked from the start, so that neither a name
    nor a crash leaves anything to be found.

    Raises:
        Refused: ``empty`` without a file, ``too_large`` for too many or too much.
    """
    target = tempfile.TemporaryFile()  # noqa: SIM115, the bundle closes it
    parts: list[tuple[int, int]] = []
    try:
        for file in files:
            start = target.tell()
            _copy(file, target, limits)
            parts.append((start, target.tell() - start))
            if len(parts) > limits.max_files:
                raise Refused("too_large")
        target.flush()
        if not any(size for _, size in parts):
            raise Refused("empty")
    except BaseException:
        target.close()
        raise
    return Bundle(target, tuple(part for part in parts if part[1]))


def _copy(file: bytes | BinaryIO, target: BinaryIO, limits: Limits) -> None:
    if isinstance(file, bytes):
        target.write(file)
    else:
        while piece := file.read(_PIECE):
            target.write(piece)
            if target.tell() > limits.max_upload_bytes:
                break
        file.close()
    if target.tell() > limits.max_upload_bytes:
        raise Refused("too_large")
