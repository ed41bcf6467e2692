"""Bar 12: small files that promise or unfold to far more than they may."""

import resource
import time
from pathlib import Path

from app.intake.receive import ReceivedScan, Refusal, receive
from tests.app.intake.test_bad_input import BAD, deflated_bomb
from tests.builders import png_bytes
from tests.reliability.bar import Bar

SECONDS = 2.0
MEMORY_KIB = 300 * 1024


def bombs(_: Path, _is_full: bool) -> Bar:
    """Bar 12: each refused within 2 s, with at most 300 MB more than a sound file takes."""
    started = time.monotonic()
    failed, count, slowest, most = bomb_failures()
    what = f"bombs (slowest {slowest:.2f} s of CPU, at most {most} MiB more)"
    return Bar(12, what, len(failed), count, 25, time.monotonic() - started)


def _cpu_seconds() -> float:
    """What the decoders and this process took; a busy machine stretches the clock, not this."""
    kinds = (resource.RUSAGE_CHILDREN, resource.RUSAGE_SELF)
    return sum(sum(resource.getrusage(kind)[:2]) for kind in kinds)


def bomb_failures(seconds: float = SECONDS) -> tuple[list[str], int, float, int]:
    """(which were not refused so soon and so cheaply, how many, slowest, MiB over a sound file)."""
    assert isinstance(receive(png_bytes()), ReceivedScan)
    usual = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    failed, slowest = [], 0.0
    files = {name: data for name, (data, _) in BAD.items()} | {"deflated": deflated_bomb()}
    for name, data in files.items():
        began = _cpu_seconds()
        is_refused = isinstance(receive(data), Refusal)
        took = _cpu_seconds() - began
        slowest = max(slowest, took)
        if not is_refused or took > seconds:
            failed.append(f"{name}: {took:.1f} s")
    more = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss - usual
    if more > MEMORY_KIB:
        failed.append(f"memory: {more} KiB")
    return failed, len(files), slowest, max(0, more) // 1024
