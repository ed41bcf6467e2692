"""Starting the disposable decoding process, and what its end means when it gives no answer."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from app.intake.limits import Limits
from app.intake.reasons import Refused
from app.intake.wire import READY, Decoded, Order, pack_order, unpack_answer

ROOT: Final = Path(__file__).parents[2]
MAX_CHILDREN: Final = 4
"""Each may take a whole memory limit; further uploads wait their turn."""
START_SECONDS: Final = 60.0
"""A hard limit on a start, which costs 0.3 s alone and 10 s at a load of 15; it is not the file's
fault, so `Limits.wall_seconds` begin when the child says that it is ready."""
_FREE_PLACES: Final = threading.BoundedSemaphore(MAX_CHILDREN)
_ENVIRONMENT: Final = ("PATH", "LANG", "LC_ALL", "TZ", "VIRTUAL_ENV", "LD_LIBRARY_PATH")


def decode_apart(order: Order, data: bytes) -> Decoded:
    """The decoded picture, made by a process of its own with limits on memory, CPU and time.

    Raises:
        Refused: the child's reason; ``too_slow`` when a time limit was met, ``broken`` when the
            child died.
    """
    limits = order.limits
    if not _FREE_PLACES.acquire(timeout=limits.wall_seconds):
        raise Refused("too_slow")
    try:
        answer = _run(pack_order(order, data), limits)
    finally:
        _FREE_PLACES.release()
    return unpack_answer(answer, limits)


def _run(message: bytes, limits: Limits) -> bytes:
    bounds = [str(limits.memory_bytes), str(limits.cpu_seconds)]
    with _child(["app.intake.decode", *bounds]) as child:
        child.order(message)
        with child.within(limits.wall_seconds):
            answer = child.says.read()
            child.check_end()
    return answer


@dataclass(frozen=True)
class DecodingChild:
    """A running process that decodes a file or a whole upload; `says` is what it writes."""

    process: "subprocess.Popen[bytes]"
    says: IO[bytes]

    def order(self, message: bytes) -> None:
        """Tell it what to do, once, and wait until it is ready to begin."""
        assert self.process.stdin is not None
        with self.within(START_SECONDS):
            try:
                self.process.stdin.write(message)
                self.process.stdin.close()
            except BrokenPipeError:
                self.check_end()
                raise Refused("broken") from None
            self.says.read(len(READY))  # nothing when it died: what it says next tells that

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """A time in which it must say the next thing; it is killed when that is over."""
        alarm = threading.Timer(seconds, self.process.kill)
        alarm.daemon = True
        alarm.start()
        try:
            yield
        finally:
            alarm.cancel()

    def check_end(self) -> None:
        """What its end means when nothing was left to say; raises Refused."""
        _check_end(self.process.wait())


@contextmanager
def upload_child(handle: int) -> Iterator[DecodingChild]:
    """Start the process for a whole upload, with one open file; it ends with the block."""
    with _child(["app.intake.decode_upload"], handle) as child:
        yield child


@contextmanager
def _child(module: Sequence[str], *handles: int) -> Iterator[DecodingChild]:
    process = subprocess.Popen(
        [sys.executable, "-s", "-B", "-m", *module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=ROOT,
        env=environment(),
        pass_fds=handles,
    )
    try:
        assert process.stdout is not None
        yield DecodingChild(process, process.stdout)
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None and not pipe.closed:
                pipe.close()


def _check_end(returncode: int) -> None:
    if returncode in (-signal.SIGXCPU, -signal.SIGKILL):
        raise Refused("too_slow")
    if returncode != 0:
        raise Refused("broken")


def environment() -> dict[str, str]:
    """Only what Python needs to start: no secret of the server reaches the child."""
    passed = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    # Each thread of OpenBLAS reserves address space, which the memory limit counts.
    return passed | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
