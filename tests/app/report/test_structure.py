"""Every language and edition, with a clinic's own template and logo: read as machines read it."""

import html
import re
import shutil
import subprocess
import unicodedata
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from app.i18n import LANGUAGES, direction, words_of
from app.report.content import Edition, ReportContent, ReportStyle, ReportWithheld
from app.report.page import build_page
from app.report.render import render_article, render_pdf
from tests.app.report.drawn_content import drawn_png
from tests.app.report.test_template import GOOD
from tests.app.report.whole_content import QUESTIONS, whole_report
from tests.report_structure import faults_of

Read = Callable[[str], Counter[str]]
OWN = ReportStyle(logo_png=drawn_png(), template=GOOD, header="Ward 3B", footer="Open 8 to 18")
LARGE = ReportStyle(paper="Letter", large_print=True, colour="#5A2A6A", logo_png=drawn_png())
EDITIONS: dict[str, tuple[Edition, ReportStyle]] = {
    "before": ("before", ReportStyle()),
    "after, own template": ("after", OWN),
    "doctor's copy, large": ("after", LARGE),
}
"""The whole matrix of editions, templates and papers is `python -m tests.reliability papers`."""


def words_in(text: str) -> Counter[str]:
    plain = re.sub(r"[\u200b-\u200f\u202a-\u202e\u2066-\u2069\f]", "", text)
    # A line may end after a hyphen, so both halves count as words.
    return Counter(unicodedata.normalize("NFKC", plain).replace("-", "- ").split())


def letters_in(text: str) -> Counter[str]:
    """Words, letters sorted: poppler turns the two letters of an Arabic ligature round."""
    found: Counter[str] = Counter()
    for word, count in words_in(text).items():
        found["".join(sorted(word))] += count
    return found


def singly(text: str) -> Counter[str]:
    """Each letter: which word a bracket or a stop stands at is lost where lines run both ways."""
    found: Counter[str] = Counter()
    for word, count in words_in(text).items():
        for letter in word:
            found[letter] += count
    return found


def text_of(pdf: bytes, folder: Path) -> str:
    file = folder / "report.pdf"
    file.write_bytes(pdf)
    done = subprocess.run(["pdftotext", "-layout", file, "-"], capture_output=True, check=True)
    return done.stdout.decode()


def article_text(article: str) -> str:
    without = re.sub(r"<(?:/?bdi|/?strong|/?span|img)\b[^>]*>", "", article)
    return html.unescape(re.sub(r"<[^>]+>", " ", without))


def on_every_sheet(content: ReportContent, pages: int, read: Read) -> Counter[str]:
    """The words that stand outside the text of the sheets: purpose, head, number."""
    said = words_of(content.language).gettext
    head = f"{content.clinic_name} · {said('Your picture, in plain words')} · {content.date}"
    number = said("Page %(page)s of %(pages)s")
    found = read(" ".join([f"{content.intended_purpose} {head}"] * (pages - 1)))
    for page in range(1, pages + 1):
        found += read(number % {"page": page, "pages": pages})
    return found


CASES = [(which, language) for which in EDITIONS for language in LANGUAGES]
FEW = [one for one in CASES if "doctor" not in one[0] or one[1] in ("pl", "ar")]


@pytest.mark.parametrize(("which", "language"), FEW)
def test_a_machine_reads_all_of_it(language: str, which: str, tmp_path: Path) -> None:
    content = whole_report(language, *EDITIONS[which])
    if "doctor" in which:
        content = replace(content, withheld=(ReportWithheld("Is it?", "raw words", "condition"),))
    pdf = render_pdf(content)
    assert faults_of(pdf, language) == []
    assert len(pdf) < 2 * 2**20
    text = text_of(pdf, tmp_path)
    assert letters_in(QUESTIONS[language]) <= letters_in(text)
    assert ("raw" in words_in(text)) == ("doctor" in which)
    if shutil.which("qpdf"):
        done = subprocess.run(["qpdf", "--check", tmp_path / "report.pdf"], capture_output=True)
        assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("language", LANGUAGES)
def test_paper_and_screen_say_the_same_words(language: str, tmp_path: Path) -> None:
    content = whole_report(language, "after")
    pdf = render_pdf(content)
    assert faults_of(pdf, language) == []
    text = text_of(pdf, tmp_path)
    pages = text.count("\f")
    read = singly if direction(language) == "rtl" else letters_in
    screen = read(article_text(render_article(content, "/report/asset/")))
    paper = read(text) - on_every_sheet(content, pages, read)
    assert screen - paper == Counter()
    heads = re.findall(r"<thead>(.*?)</thead>", build_page(content).html, re.S)
    repeated = set(read(article_text(" ".join(heads))))
    more = {word for word in paper - screen if not re.fullmatch(r"[.\d]+|•", word)}
    assert more <= repeated, "only heads of tables repeat; numbers stand in pictures and lists"
