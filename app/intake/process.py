"""Starting the disposable decoding process, and what its end means when it gives no answer."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Final

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
            env=_environment(),
            timeout=limits.wall_seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Refused("too_slow") from None
    if ended.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
        raise Refused("too_slow")
    if ended.returncode != 0:
        raise Refused("broken")
    return ended.stdout


def _environment() -> dict[str, str]:
    """Only what Python needs to start: no secret of the server reaches the child."""
    passed = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    # Each thread of OpenBLAS reserves address space, which the memory limit counts.
    return passed | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
