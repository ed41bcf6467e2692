"""A file without a name, enciphered on the disk, that holds an upload while it is opened."""

import os
import secrets
import tempfile
from io import SEEK_CUR, SEEK_END, BufferedIOBase
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CTR

_BLOCK: Final = 16
_KEY_BYTES: Final = 32


class SealedFile:
    """Grows at its end and can be read anywhere; the key lives in memory alone.

    Counter mode is sound here since each file has a key of its own and no byte is written twice.
    Nothing authenticates the bytes: whoever could change them on the disk could send them as well.
    """

    def __init__(self) -> None:
        """Make an empty one in the system's folder for temporary files; it is unlinked at once."""
        # Without a buffer: the process that reads beside us must see what was written.
        self._file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115, close() closes it
        self._key = secrets.token_bytes(_KEY_BYTES)
        self.size = 0

    @property
    def handle(self) -> int:
        """Its descriptor, for the process that reads it too."""
        return self._file.fileno()

    @property
    def key(self) -> str:
        """What opens it, as text; for that process alone, and never through an argument."""
        return self._key.hex()

    def append(self, data: bytes) -> None:
        """Write at the end."""
        left = memoryview(_turned(self._key, self.size, data))
        self.size += len(left)
        while left:
            left = left[self._file.write(left) :]

    def read_at(self, start: int, count: int) -> bytes:
        """At most `count` bytes from `start` on."""
        return read_sealed(self.handle, self._key, start, count)

    def close(self) -> None:
        """Let go of the bytes."""
        self._file.close()


class Part(BufferedIOBase):
    """A part of a sealed file as a file of its own; it grows while it is the last one."""

    def __init__(self, whole: SealedFile) -> None:
        """An empty part of `whole`; it begins where its first byte is written."""
        super().__init__()
        self._whole, self._start, self._size, self._at = whole, 0, 0, 0

    def write(self, data: bytes) -> int:  # type: ignore[override]  # bytes are all that comes
        """Write at the end."""
        if self._size == 0:
            self._start = self._whole.size
        if self._start + self._size != self._whole.size:
            raise ValueError("a part that has ended")
        self._whole.append(data)
        self._size += len(data)
        return len(data)

    def read(self, count: int | None = -1) -> bytes:
        """The next bytes; all that are left without a count."""
        left = max(0, self._size - self._at)
        wanted = left if count is None or count < 0 else min(count, left)
        data = self._whole.read_at(self._start + self._at, wanted)
        self._at += len(data)
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go to a place in the part."""
        base = {SEEK_CUR: self._at, SEEK_END: self._size}.get(whence, 0)
        self._at = max(0, base + offset)
        return self._at

    def tell(self) -> int:
        """The place at which the next bytes are read."""
        return self._at


def read_sealed(handle: int, key: bytes, start: int, count: int) -> bytes:
    """At most `count` plain bytes from `start` on of the sealed file behind a descriptor."""
    return _turned(key, start, os.pread(handle, count, start))


def _turned(key: bytes, start: int, data: bytes) -> bytes:
    """Plain to sealed or back (NIST SP 800-38A, 6.5), for bytes that stand at `start`."""
    counter, skipped = divmod(start, _BLOCK)
    turn = Cipher(AES256(key), CTR(counter.to_bytes(_BLOCK, "big"))).encryptor()
    turn.update(bytes(skipped))
    return turn.update(data)
