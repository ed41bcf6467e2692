"""Bar 22: a machine reads every paper, in every edition, language, template and letter size."""

import itertools
import shutil
import subprocess
import time
from dataclasses import replace
from pathlib import Path

from app.i18n import LANGUAGES
from app.report.content import Edition, ReportContent, ReportStyle, ReportWithheld
from app.report.render import ReportError, render_pdf
from tests.app.report.drawn_content import drawn_png
from tests.app.report.test_template import GOOD
from tests.app.report.whole_content import QUESTIONS, whole_report
from tests.reliability.bar import Bar
from tests.report_structure import faults_of

EDITIONS: tuple[Edition | str, ...] = ("before", "after", "doctor")
PLAIN = ReportStyle()
OWN = ReportStyle(logo_png=drawn_png(), template=GOOD, header="Ward 3B", footer="Open 8 to 18")
STYLES = (PLAIN, OWN, *(replace(one, large_print=True, paper="Letter") for one in (PLAIN, OWN)))
"""Ours and a clinic's own template, on A4 and, in large print, on Letter."""


def every_paper(folder: Path, is_full: bool) -> Bar:
    """Structure, fonts, size and the letters of the language, of each kind of paper."""
    started = time.monotonic()
    styles = STYLES if is_full else STYLES[:2]
    failures = n = 0
    for language, edition, style in itertools.product(LANGUAGES, EDITIONS, styles):
        n += 1
        failures += not _is_good(_content(language, edition, style), folder / "paper.pdf")
    what = "papers with a fault of structure, font, letters or size"
    return Bar(22, what, failures, n, 96, time.monotonic() - started)


def _content(language: str, edition: str, style: ReportStyle) -> ReportContent:
    if edition == "before":
        return whole_report(language, "before", style)
    content = whole_report(language, "after", style)
    held = ReportWithheld(QUESTIONS[language], "raw words", "condition")
    return replace(content, withheld=(held,) if edition == "doctor" else ())


def _is_good(content: ReportContent, file: Path) -> bool:
    try:
        pdf = render_pdf(content)
    except ReportError:
        return False
    file.write_bytes(pdf)
    faults = faults_of(pdf, content.language)
    done = subprocess.run(["pdftotext", file, "-"], capture_output=True, check=True)
    words = {"".join(sorted(word)) for word in done.stdout.decode().split()}
    asked = {"".join(sorted(word)) for word in QUESTIONS[content.language].split()}
    if shutil.which("qpdf"):
        faults += [] if subprocess.run(["qpdf", "--check", file]).returncode == 0 else ["qpdf"]
    return not faults and asked <= words and len(pdf) < 2 * 2**20
