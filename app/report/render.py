"""Makes the PDF of a report in a process of its own, which has no network and no data folder."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final, Literal

from app.report.content import ReportContent
from app.report.render_child import TOO_MANY_PAGES
from app.report.wire import to_wire

CODE: Final = Path(__file__).resolve().parents[2]
DEFAULT_TIMEOUT_SECONDS: Final = 20.0
MAX_INPUT_BYTES: Final = 64 * 2**20

ReportErrorKey = Literal["report_too_slow", "report_too_long", "report_failed"]


class ReportError(Exception):
    """A report that could not be made; the sentence for `key` stands in the templates."""

    def __init__(self, key: ReportErrorKey) -> None:
        """An error with the key of its sentence."""
        super().__init__(key)
        self.key: ReportErrorKey = key


def render_pdf(
    content: ReportContent, *, timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS
) -> bytes:
    """The report as a tagged PDF (PDF/UA-1); the same content gives the same bytes.

    Raises:
        ReportError: report_too_slow (time), report_too_long (input or pages), report_failed.
    """
    data = to_wire(content)
    if len(data) > MAX_INPUT_BYTES:
        raise ReportError("report_too_long")
    try:
        done = subprocess.run(
            [sys.executable, "-m", "app.report.render_child"],
            input=data,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # a traceback could quote a question
            cwd="/",
            env=_environment(),
            timeout=timeout_seconds,
            check=False,
            start_new_session=True,
        )
    except subprocess.TimeoutExpired:
        raise ReportError("report_too_slow") from None
    if done.returncode == TOO_MANY_PAGES:
        raise ReportError("report_too_long")
    if done.returncode == -24:  # SIGXCPU: the limit of processor time
        raise ReportError("report_too_slow")
    if done.returncode != 0 or not done.stdout.startswith(b"%PDF-"):
        raise ReportError("report_failed")
    return done.stdout


def _environment() -> dict[str, str]:
    """No settings, no secrets, no data folder: only what Python and fontconfig need."""
    return {
        "PATH": os.defpath,
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(CODE),
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
