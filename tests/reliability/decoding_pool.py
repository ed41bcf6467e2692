"""A decoding process confined as the real one is, but for many files one after the other."""

import mmap
import os
import resource
import time
from dataclasses import dataclass
from io import BytesIO
from multiprocessing import get_context
from multiprocessing.connection import Connection

from app.intake.limits import DEFAULT_LIMITS

_ROOM = 8 * 2**20
"""Bytes of the file without a name in which an upload lies; no file may grow once confined."""
_CPU_SECONDS = 100_000


@dataclass(frozen=True)
class Outcome:
    """What became of one file: a problem that no reason names, the CPU it took, a dead decoder."""

    number: int
    name: str
    problem: str
    seconds: float
    died: bool = False


class Decoder:
    """One running process; replaced by its owner when it dies."""

    def __init__(self) -> None:
        """Start it."""
        context = get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()
        self._now = (0, "")

    def order(self, number: int, name: str, data: bytes) -> None:
        """Give it one file."""
        self._now = (number, name)
        self.pipe.send((number % 2 == 1, data))

    def outcome(self) -> Outcome:
        """What it says of the file given last."""
        try:
            problem, seconds = self.pipe.recv()
        except EOFError:
            return Outcome(*self._now, "", 0.0, died=True)
        return Outcome(*self._now, problem, seconds)

    def close(self) -> None:
        """End it."""
        self.pipe.close()
        self._process.join(5)
        if self._process.is_alive():
            self._process.kill()


def _serve(pipe: "Connection[object, object]") -> None:
    from app.intake.decode import bound

    handle = os.memfd_create("upload")
    os.ftruncate(handle, _ROOM)
    upload = mmap.mmap(handle, _ROOM)
    bound(DEFAULT_LIMITS.memory_bytes, _CPU_SECONDS)
    while True:
        try:
            as_upload, data = pipe.recv()
        except EOFError:
            return
        _allow_cpu()
        began = time.process_time()
        problem = _of_many(handle, upload, data) if as_upload else _of_one(data)
        pipe.send((problem, time.process_time() - began))


def _allow_cpu() -> None:
    soft = int(time.process_time()) + DEFAULT_LIMITS.cpu_seconds + 1
    resource.setrlimit(resource.RLIMIT_CPU, (soft, _CPU_SECONDS))


def _of_one(data: bytes) -> str:
    """What no file may cause: an error on the server's side, or an answer it cannot read."""
    from app.intake.decode import _answer
    from app.intake.formats import DICOM, recognise
    from app.intake.headers import check_declared_size
    from app.intake.reasons import Refused
    from app.intake.wire import Order, pack_order, unpack_answer

    try:
        kind = recognise(data)
        if kind != DICOM:
            check_declared_size(data, kind, DEFAULT_LIMITS)
        answer = _answer(pack_order(Order(kind, len(data) % 2 == 0, DEFAULT_LIMITS), data))
        unpack_answer(answer, DEFAULT_LIMITS)
    except Refused:
        return ""
    except Exception as error:  # whatever it is, it is the finding
        return type(error).__name__
    return ""


def _of_many(handle: int, upload: mmap.mmap, data: bytes) -> str:
    """The same for a whole upload of this one file, said message by message."""
    from app.intake.decode_upload import _carry_out
    from app.intake.opening import Opening
    from app.intake.reasons import REASONS, Refused
    from app.intake.sealed_file import _turned
    from app.intake.series import _arrival
    from app.intake.stream import UploadOrder, read

    upload[: len(data)] = _turned(bytes(32), 0, data)
    out = BytesIO()
    try:
        _carry_out(UploadOrder(handle, "00" * 32, ((0, len(data)),), False, DEFAULT_LIMITS), out)
        out.seek(0)
        arrival = _arrival(iter(lambda: read(out, DEFAULT_LIMITS), None), DEFAULT_LIMITS, Opening())
        for _ in getattr(arrival, "rest", ()):
            pass
    except Refused as refused:
        return "" if refused.reason in REASONS else refused.reason
    except MemoryError:
        return ""  # said as too_large
    except Exception as error:
        # The real process says ``broken`` for any of these; a decoder may raise what it likes.
        return "" if _is_a_decoders(error) else type(error).__name__
    return ""


def _is_a_decoders(error: Exception) -> bool:
    """Whether the exception came up outside of our own code."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace is not None and "/app/intake/" not in trace.tb_frame.f_code.co_filename
