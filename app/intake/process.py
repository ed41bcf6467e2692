"""Starting the disposable decoding process, and what its end means when it gives no answer."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from app.intake.limits import Limits
from app.intake.reasons import Refused
from app.intake.wire import Decoded, Order, pack_order, unpack_answer

ROOT: Final = Path(__file__).parents[2]
MAX_CHILDREN: Final = 4
"""Each may take a whole memory limit; further uploads wait their turn."""
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
    try:
        ended = subprocess.run(
            [sys.executable, "-s", "-B", "-m", "app.intake.decode", *bounds],
            input=message,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=ROOT,
            env=environment(),
            timeout=limits.wall_seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Refused("too_slow") from None
    _check_end(ended.returncode)
    return ended.stdout


@dataclass(frozen=True)
class UploadChild:
    """A running process that decodes a whole upload; `says` is what it writes."""

    process: "subprocess.Popen[bytes]"
    says: IO[bytes]

    def order(self, message: bytes) -> None:
        """Tell it what to do, once."""
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(message)
            self.process.stdin.close()
        except BrokenPipeError:
            raise Refused("broken") from None

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
def upload_child(handle: int) -> Iterator[UploadChild]:
    """Start the process for a whole upload, with one open file; it ends with the block."""
    process = subprocess.Popen(
        [sys.executable, "-s", "-B", "-m", "app.intake.decode_upload"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=ROOT,
        env=environment(),
        pass_fds=(handle,),
    )
    try:
        assert process.stdout is not None
        yield UploadChild(process, process.stdout)
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
