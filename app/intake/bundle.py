"""Many files as one: gathered in a sealed file, for the decoding process to read."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import BinaryIO, Final

from app.intake.limits import Limits
from app.intake.reasons import Refused
from app.intake.sealed_file import SealedFile

_PIECE: Final = 2**20


@dataclass(frozen=True)
class Bundle:
    """An upload: an open file that ends with its last handle, and its parts.

    Attributes:
        file: all files of the upload, one behind the other.
        parts: (start, size) of each.
    """

    file: SealedFile
    parts: tuple[tuple[int, int], ...]

    def close(self) -> None:
        """Let go of the bytes."""
        self.file.close()

    def head(self, part: int, count: int) -> bytes:
        """The first bytes of one file."""
        start, size = self.parts[part]
        return self.file.read_at(start, min(size, count))


def bundle_of(files: Iterable[bytes | BinaryIO], limits: Limits) -> Bundle:
    """Copy files, piece by piece, into one; an open file that was copied is closed.

    The copy stands on the disk until it is closed, since 300 MB of CT do not fit beside the rest
    in memory: without a name and enciphered, so that a crash leaves nothing to be found.

    Raises:
        Refused: ``empty`` without a file, ``too_large`` for too many or too much.
    """
    target = SealedFile()
    parts: list[tuple[int, int]] = []
    try:
        for file in files:
            start = target.size
            _copy(file, target, limits)
            parts.append((start, target.size - start))
            if len(parts) > limits.max_files:
                raise Refused("too_large")
        if not any(size for _, size in parts):
            raise Refused("empty")
    except BaseException:
        target.close()
        raise
    return Bundle(target, tuple(part for part in parts if part[1]))


def _copy(file: bytes | BinaryIO, target: SealedFile, limits: Limits) -> None:
    if isinstance(file, bytes):
        target.append(file)
    else:
        while piece := file.read(_PIECE):
            target.append(piece)
            if target.size > limits.max_upload_bytes:
                break
        file.close()
    if target.size > limits.max_upload_bytes:
        raise Refused("too_large")
