"""The front door for many files: an upload, a CD, a delivery in; series of slices out."""

import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO, Final

from app.intake.bundle import Bundle, bundle_of
from app.intake.formats import PICTURES, recognise
from app.intake.hounsfield import HounsfieldSlice, pack, windowed
from app.intake.limits import DEFAULT_LIMITS, Limits
from app.intake.opening import Opening
from app.intake.process import upload_child
from app.intake.reasons import Refused
from app.intake.receive import ReceivedScan, Refusal, png_of, receive, received
from app.intake.stream import (
    Message,
    UploadOrder,
    facts_in,
    pack_order,
    pixels_in,
    read,
    window_in,
)
from app.intake.wire import Decoded
from model.pixels import to_rgb
from model.types import Image

_HEAD: Final = 2**16
_MAX_UPLOADS: Final = 2
"""Uploads that are decoded at once; each may take a whole memory limit."""
_FREE_PLACES: Final = threading.BoundedSemaphore(_MAX_UPLOADS)


@dataclass(frozen=True)
class Slice:
    """One slice of a series as it is stored.

    Attributes:
        series: its series by the number in Arrival.series.
        number: its place in the series, from 0.
        stored: a PNG file, or a packed slice of Hounsfield units (app.intake.hounsfield); None
            where this one file could not be read.
    """

    series: int
    number: int
    stored: bytes | None


@dataclass(frozen=True)
class ReceivedSeries:
    """A series whose first shown slice is here already.

    Attributes:
        scan: the first shown slice with all that is kept about the series.
        count: how many slices there are.
        first: the number of the first shown slice.
    """

    scan: ReceivedScan
    count: int
    first: Slice


@dataclass(frozen=True)
class Arrival:
    """An upload in two parts: what can be shown at once, and the slices that are still to come.

    Attributes:
        series: the best one first.
        rest: the other slices as they are decoded, in the order they are best stored; whoever
            takes the arrival must run through them or close them, since a process stands behind.
    """

    series: tuple[ReceivedSeries, ...]
    rest: Iterator[Slice]

    def close(self) -> None:
        """Give up the slices that are still to come, and end the process."""
        _close(self.rest)


def receive_files(
    files: Iterable[bytes | BinaryIO],
    *,
    limits: Limits = DEFAULT_LIMITS,
    delivered: bool = False,
    opening: Opening | None = None,
) -> Arrival | Refusal:
    """The series in these files, or why there is none; never raises for any input.

    Files are told apart by their content: DICOM, zip folders (also inside zip folders), pictures.
    A DICOMDIR is left aside: many are broken, and the files themselves say the same. Where there
    is a DICOM picture, others such as the icons of a CD's viewer do not count.

    Args:
        files: contents, or open files, which are read to the end and closed.
        limits: bounds on bytes, files, memory and time.
        delivered: True for what the clinic sent; each scan then carries its envelope.
        opening: is told how far it is, and can stop it.
    """
    opening = opening or Opening()
    try:
        bundle = bundle_of(files, limits)
    except Refused as refused:
        return Refusal(refused.reason)
    messages = None
    try:
        if _is_all_pictures(bundle):
            pictures = (bundle.head(n, limits.max_bytes + 1) for n in range(len(bundle.parts)))
            return _pictures(pictures, limits, opening)
        messages = _messages(bundle, limits, delivered, opening)
        return _arrival(messages, limits, opening)
    except Refused as refused:
        if messages is not None:
            _close(messages)
        return Refusal(refused.reason)
    finally:
        bundle.close()  # the child holds a handle of its own


def _is_all_pictures(bundle: Bundle) -> bool:
    try:
        return all(recognise(bundle.head(n, _HEAD)) in PICTURES for n in range(len(bundle.parts)))
    except Refused:
        return False


def _pictures(files: Iterable[bytes], limits: Limits, opening: Opening) -> Arrival | Refusal:
    """Photos and screen copies: each is a scan of its own and is decoded in its own process."""
    taken: list[ReceivedSeries] = []
    refused: list[Refusal] = []
    for data in files:
        if len(taken) == limits.max_series:
            break
        opening.check()
        answer = receive(data, limits=limits, covers_writing=True)
        opening.files += 1
        if isinstance(answer, Refusal):
            refused.append(answer)
        else:
            first = Slice(len(taken), 0, answer.image_png)
            taken.append(ReceivedSeries(answer, 1, first))
    if not taken:
        return refused[0] if refused else Refusal("empty")
    return Arrival(tuple(taken), iter(()))


def _arrival(messages: Iterator[Message], limits: Limits, opening: Opening) -> Arrival | Refusal:
    series: list[ReceivedSeries] = []
    place: dict[int, int] = {}
    pictures: list[bytes] = []
    reason, expected = "broken", None
    for message in messages:
        if message.kind == "found":
            expected = int(message.words["count"])
        elif message.kind == "picture":
            pictures.append(message.data)
        elif message.kind == "dropped":
            reason, expected = str(message.words["reason"]), (expected or 0) - 1
        elif message.kind == "first":
            place[message.series] = len(series)
            series.append(_first(message, len(series), limits))
        if expected is not None and len(series) >= expected:
            break
    if pictures:
        return _pictures(pictures, limits, opening)
    if not series:
        raise Refused(reason)
    return Arrival(tuple(series), _rest(messages, place, limits))


def _first(message: Message, place: int, limits: Limits) -> ReceivedSeries:
    count = int(message.words["count"])
    if not 0 <= message.number < count <= limits.max_slices:
        raise Refused("broken")
    rgb, packed = _picture(message, limits)
    scan = received(Decoded(rgb, facts_in(message)), source="dicom")
    scan = replace(scan, has_windows=packed is not None)
    return ReceivedSeries(scan, count, Slice(place, message.number, packed or scan.image_png))


def _rest(messages: Iterator[Message], place: dict[int, int], limits: Limits) -> Iterator[Slice]:
    """The slices behind the first ones; ends early, without an error, when the child dies."""
    try:
        for message in messages:
            if message.kind == "missing":
                yield Slice(place[message.series], message.number, None)
            elif message.kind == "slice":
                rgb, packed = _picture(message, limits)
                stored = packed or png_of(rgb, compress_level=1)
                yield Slice(place[message.series], message.number, stored)
    except (Refused, KeyError):
        return
    finally:
        _close(messages)


def _picture(message: Message, limits: Limits) -> tuple[Image, bytes | None]:
    """uint8[H, W, 3] RGB, and the packed slice where there are Hounsfield units."""
    pixels = pixels_in(message, limits)
    if message.words["layer"] != "hounsfield":
        return (pixels if pixels.ndim == 3 else to_rgb(pixels)), None
    kept = HounsfieldSlice(pixels, window_in(message))
    return to_rgb(windowed(kept)), pack(kept)


def _close(running: Iterator[Slice] | Iterator[Message]) -> None:
    close = getattr(running, "close", None)
    if close is not None:
        close()


def _messages(
    bundle: Bundle, limits: Limits, delivered: bool, opening: Opening
) -> Iterator[Message]:
    """What the child says; closing the generator ends the child, and so does `opening`.

    Raises:
        Refused: the child's reason; ``too_slow`` or ``broken`` when it died, ``stopped``.
    """
    if not _FREE_PLACES.acquire(timeout=limits.wall_seconds):
        raise Refused("too_slow")
    try:
        with (
            upload_child(bundle.file.handle) as child,
            opening.ended_by(child.process.kill),
        ):
            file = bundle.file
            order = UploadOrder(file.handle, file.key, bundle.parts, delivered, limits)
            child.order(pack_order(order))
            ends = time.monotonic() + limits.upload_wall_seconds
            while time.monotonic() < ends:
                with child.within(limits.wall_seconds):
                    message = read(child.says, limits)
                if message is None:
                    opening.check()
                    child.check_end()
                    return
                if message.kind == "reading":
                    opening.files = int(message.words["count"])
                yield message
                if message.kind == "end":
                    return
            raise Refused("too_slow")
    except Refused:
        opening.check()
        raise
    finally:
        _FREE_PLACES.release()
