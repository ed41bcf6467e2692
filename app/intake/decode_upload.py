"""The disposable process for a whole upload: bounded, reads many files, says slice after slice.

Started by app.intake.series and by nobody else. One process serves a whole series, so that 500
slices do not pay 500 starts; what it may use is limited before the first byte is read.
"""

import os
import resource
import sys
import time
from dataclasses import asdict, dataclass, field, replace
from typing import BinaryIO, Final

import numpy as np

from app.intake.decode import bound, private_stdout
from app.intake.dicom import Frame, OpenedFile, facts_of, open_file, show
from app.intake.hounsfield import to_stored
from app.intake.reasons import Refused
from app.intake.room import make_room
from app.intake.sorting import Item, Stack, outward, sampled, sort_into_stacks, thinned
from app.intake.stream import UploadOrder, unpack_order, write
from app.intake.survey import Survey, survey
from app.intake.unpack import files_of, reader_of
from app.intake.wire import READY
from model.pixels import brightest
from model.types import Image

_SAMPLES: Final = 5
"""Slices that are decoded to choose the first one: 5 cost under a second."""
_TICK_SECONDS: Final = 0.5
_BACKGROUND: Final = 30
"""Grey values below this are air around the body."""
_OFF_CENTRE: Final = 0.3
"""How much a slice at the end of the middle half must hold more than the middle one."""


@dataclass
class Work:
    """The upload at hand: its order, its files, its stacks and the file opened last."""

    order: UploadOrder
    found: Survey
    stacks: list[Stack]
    out: BinaryIO
    opened: dict[int, OpenedFile] = field(default_factory=dict)


def main() -> None:
    """Carry out the order on stdin; every outcome but a crash is a message on stdout."""
    out = private_stdout()
    order = unpack_order(sys.stdin.buffer.read())
    make_room()
    bound(order.limits.memory_bytes, order.limits.upload_cpu_seconds)
    out.write(READY)
    out.flush()
    try:
        _carry_out(order, out)
    except Refused as refused:
        write(out, "refused", reason=refused.reason)
    except MemoryError:
        write(out, "refused", reason="too_large")
    except BrokenPipeError:
        pass  # the server has heard enough
    except Exception:
        # As in decode: a trace would carry attribute values, the reason key is all that leaves.
        write(out, "refused", reason="broken")
    os._exit(0)


def _carry_out(order: UploadOrder, out: BinaryIO) -> None:
    found = _surveyed(order, out)
    stacks = sort_into_stacks(found.items)[: order.limits.max_series]
    if not stacks:
        _hand_back_pictures(order, found, out)
        return
    work = Work(order, found, stacks, out)
    write(out, "found", count=len(stacks), left_out=sum(_telling(found).values()))
    firsts = [_say_first(work, number) for number in range(len(stacks))]
    for number, first in enumerate(firsts):
        if first is not None:
            _say_rest(work, number, first)
    write(out, "end")


def _surveyed(order: UploadOrder, out: BinaryIO) -> Survey:
    said = time.monotonic()

    def tick(count: int) -> None:
        nonlocal said
        _allow_cpu(order)
        if time.monotonic() - said > _TICK_SECONDS:
            said = time.monotonic()
            write(out, "reading", count=count)

    _allow_cpu(order)
    whole = reader_of(order.handle, order.key)
    return survey(files_of(whole, order.parts, order.limits), order.limits, tick)


def _allow_cpu(order: UploadOrder) -> None:
    """From now on the next file may take its own share of time, whatever the others took."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    spent = used.ru_utime + used.ru_stime
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    soft = min(int(spent) + order.limits.cpu_seconds + 1, hard)
    resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


def _telling(found: Survey) -> dict[str, int]:
    """What was left out and might be missed: not the programs and texts of a CD."""
    quiet = ("not_a_picture", "table_of_contents", "no_pixels", "empty")
    return {reason: count for reason, count in found.left_out.items() if reason not in quiet}


def _hand_back_pictures(order: UploadOrder, found: Survey, out: BinaryIO) -> None:
    """Without a DICOM picture the photos count; they are decoded one by one, each apart."""
    if not found.pictures:
        reasons = _telling(found) or found.left_out
        raise Refused(max(reasons, key=lambda reason: reasons[reason], default="empty"))
    for number in found.pictures[: order.limits.max_series]:
        source = found.sources[number]
        write(out, "picture", source.read(source.size))
    write(out, "end")


def _say_first(work: Work, series: int) -> int | None:
    """Send the slice a person should see first; gives its number, None where none can be read."""
    items = _kept(work, series)
    best: tuple[float, int, Frame] | None = None
    reason = "broken"
    for number in sampled(len(items), _SAMPLES):
        try:
            frame = _decoded(work, items[number])
        except Refused as refused:
            reason = refused.reason
            continue
        off = abs(2 * number / max(len(items) - 1, 1) - 1)
        score = content_of(frame.pixels) * (1 - _OFF_CENTRE * off)
        if best is None or score > best[0]:
            best = score, number, frame
    if best is None:
        write(work.out, "dropped", series=series, reason=reason)
        return None
    # Facts are those of the file read last: read the chosen one again.
    _, number, frame = best
    opened = _open(work, items[number])
    frame = show(opened, items[number].frame, work.order.limits)
    facts = facts_of(opened, frame, delivered=work.order.delivered)
    if len(items) < len(work.stacks[series].items):
        facts = replace(facts, notes=(*facts.notes, "slices_thinned"))
    if _telling(work.found) and series == 0:
        facts = replace(facts, notes=(*facts.notes, "files_left_out"))
    _say(work, "first", series, number, frame, count=len(items), facts=asdict(facts))
    return number


def content_of(pixels: Image) -> float:
    """How much there is to see: the share that is body, times how varied the body is."""
    grey = brightest(pixels)
    body = grey[grey > _BACKGROUND]
    return float(body.size / grey.size * body.std()) if body.size else 0.0


def _say_rest(work: Work, series: int, first: int) -> None:
    items = _kept(work, series)
    for number in outward(len(items), first)[1:]:
        try:
            frame = _decoded(work, items[number])
        except Refused:
            write(work.out, "missing", series=series, number=number)
            continue
        _say(work, "slice", series, number, frame)


def _kept(work: Work, series: int) -> tuple[Item, ...]:
    return thinned(work.stacks[series].items, work.order.limits.max_slices)


def _decoded(work: Work, item: Item) -> Frame:
    """One slice; a decoder that raises anything else than Refused has met damage."""
    _allow_cpu(work.order)
    try:
        return show(_open(work, item), item.frame, work.order.limits)
    except Refused:
        raise
    except MemoryError:
        raise Refused("too_large") from None
    except Exception:
        raise Refused("broken") from None


def _open(work: Work, item: Item) -> OpenedFile:
    """The file of a slice; the one opened last stays open, since frames follow each other."""
    if item.source not in work.opened:
        work.opened.clear()
        source, order = work.found.sources[item.source], work.order
        data = source.read(source.size)
        work.opened[item.source] = open_file(data, order.limits, delivered=order.delivered)
    return work.opened[item.source]


def _say(work: Work, kind: str, series: int, number: int, frame: Frame, **words: object) -> None:
    about = {"series": series, "number": number, "shape": frame.pixels.shape[:2], **words}
    stored = None if frame.hounsfield is None else to_stored(frame.hounsfield)
    if stored is not None:
        window = frame.shown.window
        write(work.out, kind, stored.tobytes(), layer="hounsfield", window=window, **about)
        return
    pixels = frame.pixels
    is_grey = bool((pixels == pixels[:, :, :1]).all())
    layer = "grey" if is_grey else "rgb"
    data = np.ascontiguousarray(pixels[:, :, 0] if is_grey else pixels).tobytes()
    write(work.out, kind, data, layer=layer, **about)


if __name__ == "__main__":
    main()
