"""What crosses the pipe between the server and the disposable decoding process.

One message is four bytes of length (big endian), that many bytes of JSON, then raw bytes: the
upload on the way in, uint8 pixels on the way out. Pixels travel unpacked so that the server alone
writes PNG files: whatever hostile bytes did to the child, it can hand back nothing but pixels and
words from closed lists.
"""

import json
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.intake.deidentify import is_allowed
from app.intake.framing import AS_IT_IS, Framing, framing_from
from app.intake.limits import Limits
from app.intake.reasons import NOTES, Refused
from model.vocabulary import AGE_BANDS, MODALITIES, PLANES, REGIONS, SEXES

READY: Final = b"!"
"""What the child says first of all: it has started, and now begins with the file."""
_PREFIX: Final = 4
_MAX_HEADER_BYTES: Final = 2**16
_MAX_IDENTIFIER_CHARS: Final = 1024


@dataclass(frozen=True)
class Order:
    """What the child is asked: the format as recognised, whether staff delivered it, the bounds.

    With covers_writing, lines of writing in a picture without a header come back black.
    """

    format: str
    delivered: bool
    limits: Limits
    covers_writing: bool = False


@dataclass(frozen=True)
class Facts:
    """All that is known of a decoded picture besides its pixels; identifiers only if delivered."""

    kept: dict[str, str] = field(default_factory=dict)
    modality: str | None = None
    region: str | None = None
    plane: str | None = None
    age_band: str | None = None
    sex: str | None = None
    notes: tuple[str, ...] = ()
    identifiers: dict[str, str] | None = None
    framing: Framing = AS_IT_IS


@dataclass(frozen=True)
class Decoded:
    """pixels: uint8[H, W, 3] RGB, upright and windowed."""

    pixels: NDArray[np.uint8]
    facts: Facts


def pack_order(order: Order, data: bytes) -> bytes:
    """One message to the child."""
    return _packed(asdict(order)) + data


def unpack_order(message: bytes) -> tuple[Order, bytes]:
    """What pack_order packed."""
    header, data = _unpacked(message)
    limits = Limits(**header.pop("limits"))
    return Order(**header, limits=limits), data


def pack_decoded(decoded: Decoded) -> bytes:
    """One message from the child with a picture."""
    header = asdict(decoded.facts) | {"shape": decoded.pixels.shape}
    return _packed(header) + decoded.pixels.tobytes()


def pack_refusal(reason: str) -> bytes:
    """One message from the child without a picture."""
    return _packed({"refused": reason})


def unpack_answer(message: bytes, limits: Limits) -> Decoded:
    """The child's picture, with every word checked again on this side.

    Raises:
        Refused: the child's reason, or ``broken`` for a message that breaks any rule.
    """
    try:
        header, data = _unpacked(message)
        if "refused" in header:
            raise Refused(header["refused"])
        return Decoded(_pixels(header.pop("shape"), data, limits), checked_facts(header))
    except (ValueError, TypeError, KeyError, AssertionError):
        raise Refused("broken") from None


def _packed(header: dict[str, Any]) -> bytes:
    text = json.dumps(header).encode()
    return len(text).to_bytes(_PREFIX, "big") + text


def _unpacked(message: bytes) -> tuple[dict[str, Any], bytes]:
    length = int.from_bytes(message[:_PREFIX], "big")
    if not 2 <= length <= _MAX_HEADER_BYTES:
        raise ValueError("a header of impossible length")
    header = json.loads(message[_PREFIX : _PREFIX + length])
    if not isinstance(header, dict):
        raise ValueError("a header that is no object")
    return header, message[_PREFIX + length :]


def _pixels(shape: list[int], data: bytes, limits: Limits) -> NDArray[np.uint8]:
    height, width, channels = shape
    if channels != 3 or not limits.min_side <= min(height, width):
        raise ValueError("not an RGB picture")
    if max(height, width) > limits.longest_side or len(data) != height * width * channels:
        raise ValueError("pixels that do not fit their shape")
    return np.frombuffer(data, dtype=np.uint8).reshape(height, width, channels)


def checked_facts(header: dict[str, Any]) -> Facts:
    """Facts as the child sent them, every word checked; raises ValueError or TypeError."""
    framing = framing_from(**header.get("framing", {"quad": None, "panels": ()}))
    facts = Facts(**header | {"notes": tuple(header["notes"]), "framing": framing})
    words = (
        (facts.modality, MODALITIES),
        (facts.region, REGIONS),
        (facts.plane, PLANES),
        (facts.age_band, AGE_BANDS),
        (facts.sex, SEXES),
    )
    if any(word is not None and word not in listed for word, listed in words):
        raise ValueError("a word outside the vocabulary")
    if not set(facts.notes) <= set(NOTES):
        raise ValueError("an unknown note")
    if not all(is_allowed(keyword, value) for keyword, value in facts.kept.items()):
        raise ValueError("an attribute that is not on the list")
    for value in (facts.identifiers or {}).values():
        if not isinstance(value, str) or len(value) > _MAX_IDENTIFIER_CHARS:
            raise ValueError("an identifier out of bounds")
    return facts
