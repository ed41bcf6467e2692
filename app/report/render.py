"""Makes reports in processes of their own, which have no network and no data folder."""

import os
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Final, Literal

from app.report.content import ReportContent
from app.report.page import SCHEME
from app.report.render_child import TOO_MANY_PAGES
from app.report.wire import to_wire

CODE: Final = Path(__file__).resolve().parents[2]
DEFAULT_TIMEOUT_SECONDS: Final = 20.0
MAX_QUEUE_SECONDS: Final = 60.0
AT_ONCE: Final = 2
"""Reports made at the same time; the others wait in a queue, so that pages stay quick."""
MAX_INPUT_BYTES: Final = 64 * 2**20

ReportErrorKey = Literal["report_too_slow", "report_too_long", "report_failed"]
Child = subprocess.Popen[bytes]


class ReportError(Exception):
    """A report that could not be made; the sentence for `key` stands in the templates."""

    def __init__(self, key: ReportErrorKey) -> None:
        """An error with the key of its sentence."""
        super().__init__(key)
        self.key: ReportErrorKey = key


class Bench:
    """The places where reports are made, and one process that is loaded and waits for its order.

    A process makes one report and ends. Loading takes longer than most reports, so the next one is
    started while nobody waits. It reads the end of its pipe and leaves when the house closes.
    """

    def __init__(self) -> None:
        """An empty bench; nothing runs before the first report."""
        self._places = threading.BoundedSemaphore(AT_ONCE)
        self._lock = threading.Lock()
        self._spare: Child | None = None

    def work(self, order: bytes, timeout_seconds: float) -> bytes:
        """What a process makes of an order; raises ReportError."""
        if not self._places.acquire(timeout=MAX_QUEUE_SECONDS):
            raise ReportError("report_too_slow")
        try:
            return _carried_out(self._take(), order, timeout_seconds)
        finally:
            self._places.release()
            self._refill()

    def _take(self) -> Child:
        with self._lock:
            child, self._spare = self._spare, None
        return child if child is not None and child.poll() is None else _start()

    def _refill(self) -> None:
        with self._lock:
            if self._spare is None:
                self._spare = _start()


_BENCH: Final = Bench()


def render_pdf(
    content: ReportContent, *, timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS
) -> bytes:
    """The report as a tagged PDF (PDF/UA-1); the same content gives the same bytes.

    Raises:
        ReportError: report_too_slow (time), report_too_long (input or pages), report_failed.
    """
    pdf = _made(content, SCHEME, timeout_seconds)
    if not pdf.startswith(b"%PDF-"):
        raise ReportError("report_failed")
    return pdf


def render_article(content: ReportContent, address: str) -> str:
    """The same report as one <article> for a page on screen; its assets lie under `address`.

    Raises:
        ReportError: as for the PDF.
    """
    return _made(content, address, DEFAULT_TIMEOUT_SECONDS).decode()


def _made(content: ReportContent, address: str, timeout_seconds: float) -> bytes:
    data = to_wire(content)
    if len(data) > MAX_INPUT_BYTES:
        raise ReportError("report_too_long")
    return _BENCH.work(address.encode() + b"\n" + data, timeout_seconds)


def _start() -> Child:
    return subprocess.Popen(
        [sys.executable, "-m", "app.report.render_child"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # a traceback could quote a question
        cwd="/",
        env=_environment(),
        start_new_session=True,
    )


def _carried_out(child: Child, order: bytes, timeout_seconds: float) -> bytes:
    try:
        made, _ = child.communicate(order, timeout_seconds)
    except subprocess.TimeoutExpired:
        raise ReportError("report_too_slow") from None
    finally:
        with suppress(OSError):
            child.kill()
        child.communicate()
    if child.returncode == TOO_MANY_PAGES:
        raise ReportError("report_too_long")
    if child.returncode == -24:  # SIGXCPU: the limit of processor time
        raise ReportError("report_too_slow")
    if child.returncode != 0 or not made:
        raise ReportError("report_failed")
    return made


def _environment() -> dict[str, str]:
    """No settings, no secrets, no data folder: only what Python and fontconfig need."""
    return {
        "PATH": os.defpath,
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(CODE),
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        "OPENBLAS_NUM_THREADS": "1",  # each thread would reserve memory that the limit counts
    }
