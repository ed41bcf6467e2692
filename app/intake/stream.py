"""What the process that decodes a whole upload says, message by message, and its checking.

A message is four bytes of length (big endian), that many bytes of JSON, then `size` raw bytes. The
server trusts no word of it: every size, number and word is checked on this side.
"""

import json
from dataclasses import asdict, dataclass
from typing import IO, Any, Final

import numpy as np
from numpy.typing import NDArray

from app.intake.limits import Limits
from app.intake.reasons import REASONS, Refused
from app.intake.wire import Facts, checked_facts

_PREFIX: Final = 4
_MAX_HEADER_BYTES: Final = 2**16
PIXELS: Final = ("grey", "rgb", "hounsfield")


@dataclass(frozen=True)
class UploadOrder:
    """What the child is asked: where the files lie in its one sealed file, and the bounds."""

    handle: int
    key: str
    parts: tuple[tuple[int, int], ...]
    delivered: bool
    limits: Limits


@dataclass(frozen=True)
class Message:
    """One message: its kind, its other words, its raw bytes."""

    kind: str
    words: dict[str, Any]  # as JSON gives it; read through the functions below alone
    data: bytes = b""

    @property
    def series(self) -> int:
        """Which series it is about."""
        return int(self.words["series"])

    @property
    def number(self) -> int:
        """Which slice of the series it is about."""
        return int(self.words["number"])


def pack_order(order: UploadOrder) -> bytes:
    """The order as JSON, the whole of the child's input."""
    return json.dumps(asdict(order)).encode()


def unpack_order(data: bytes) -> UploadOrder:
    """What pack_order packed."""
    words = json.loads(data)
    limits = Limits(**words.pop("limits"))
    parts = tuple((start, size) for start, size in words.pop("parts"))
    return UploadOrder(**words, parts=parts, limits=limits)


def write(out: IO[bytes], kind: str, data: bytes = b"", **words: object) -> None:
    """Say one thing to the server."""
    text = json.dumps({"kind": kind, "size": len(data), **words}).encode()
    out.write(len(text).to_bytes(_PREFIX, "big") + text)
    out.write(data)
    out.flush()


def read(source: IO[bytes], limits: Limits) -> Message | None:
    """The next message, or None where the child has ended.

    Raises:
        Refused: ``broken`` for a message that breaks any rule, else the child's own reason.
    """
    prefix = source.read(_PREFIX)
    if not prefix:
        return None
    try:
        words = _header(source, prefix)
        kind, size = str(words.pop("kind")), int(words.pop("size"))
        data = source.read(size) if 0 < size <= limits.max_bytes else b""
        if len(data) != size:
            raise ValueError("a message that was cut short")
        if kind == "refused" and words["reason"] in REASONS:
            raise Refused(words["reason"])
        return Message(kind, words, data)
    except (ValueError, TypeError, KeyError):
        raise Refused("broken") from None


def facts_in(message: Message) -> Facts:
    """The checked facts of a first slice; raises Refused for any word outside the lists."""
    try:
        return checked_facts(dict(message.words["facts"]))
    except (ValueError, TypeError, KeyError):
        raise Refused("broken") from None


def pixels_in(message: Message, limits: Limits) -> NDArray[Any]:
    """uint8[H, W], uint8[H, W, 3] or uint16[H, W] (``hounsfield``), within bounds.

    Raises:
        Refused: ``broken`` where shape and bytes do not fit.
    """
    try:
        height, width = (int(side) for side in message.words["shape"])
        layer = message.words["layer"]
        if not limits.min_side <= min(height, width) <= max(height, width) <= limits.longest_side:
            raise ValueError("a picture out of bounds")
        dtype = np.uint16 if layer == "hounsfield" else np.uint8
        shape = (height, width, 3) if layer == "rgb" else (height, width)
        if layer not in PIXELS:
            raise ValueError("an unknown layer")
        return np.frombuffer(message.data, dtype=dtype).reshape(shape)
    except (ValueError, TypeError, KeyError):
        raise Refused("broken") from None


def window_in(message: Message) -> tuple[float, float]:
    """The (level, width) of a slice in Hounsfield units; raises Refused for none."""
    try:
        level, width = (float(value) for value in message.words["window"])
        if not (abs(level) < 1e6 and 1 <= width < 1e7):
            raise ValueError("a window out of bounds")
        return level, width
    except (ValueError, TypeError, KeyError):
        raise Refused("broken") from None


def _header(source: IO[bytes], prefix: bytes) -> dict[str, Any]:
    length = int.from_bytes(prefix, "big")
    if not 2 <= length <= _MAX_HEADER_BYTES:
        raise ValueError("a header of impossible length")
    words = json.loads(source.read(length))
    if not isinstance(words, dict):
        raise ValueError("a header that is no object")
    return words
