"""Every language and edition, with a clinic's own template and logo: read as machines read it."""

import html
import re
import shutil
import subprocess
import unicodedata
from collections import Counter
from pathlib import Path

import pytest

from app.i18n import LANGUAGES, words_of
from app.report.content import Edition, ReportContent, ReportStyle
from app.report.page import build_page
from app.report.render import render_article, render_pdf
from tests.app.report.drawn_content import drawn_png
from tests.app.report.test_template import GOOD
from tests.app.report.whole_content import QUESTIONS, whole_report
from tests.report_structure import faults_of

OWN = ReportStyle(logo_png=drawn_png(), template=GOOD, header="Ward 3B", footer="Open 8 to 18")
EDITIONS: tuple[tuple[Edition, ReportStyle], ...] = (
    ("before", ReportStyle()),
    ("after", OWN),
)


def words_in(text: str) -> Counter[str]:
    plain = re.sub(r"[\u200b-\u200f\u202a-\u202e\u2066-\u2069\f]", "", text)
    # A line may end after a hyphen, so both halves count as words.
    return Counter(unicodedata.normalize("NFKC", plain).replace("-", "- ").split())


def letters_in(text: str) -> set[str]:
    """Words, letters sorted: poppler turns the two letters of an Arabic ligature round."""
    return {"".join(sorted(word)) for word in words_in(text)}


def text_of(pdf: bytes, folder: Path) -> str:
    file = folder / "report.pdf"
    file.write_bytes(pdf)
    done = subprocess.run(["pdftotext", "-layout", file, "-"], capture_output=True, check=True)
    return done.stdout.decode()


def article_text(article: str) -> str:
    without = re.sub(r"<(?:/?bdi|/?strong|/?span|img)\b[^>]*>", "", article)
    return html.unescape(re.sub(r"<[^>]+>", " ", without))


def on_every_sheet(content: ReportContent, pages: int) -> Counter[str]:
    """The words that stand outside the text of the sheets: purpose, head, number."""
    said = words_of(content.language).gettext
    head = f"{content.clinic_name} · {said('Your picture, in plain words')} · {content.date}"
    number = said("Page %(page)s of %(pages)s")
    found = words_in(" ".join([f"{content.intended_purpose} {head}"] * (pages - 1)))
    for page in range(1, pages + 1):
        found += words_in(number % {"page": page, "pages": pages})
    return found


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("edition", "style"), EDITIONS, ids=("before", "after, own template"))
def test_a_machine_reads_all_of_it(
    language: str, edition: Edition, style: ReportStyle, tmp_path: Path
) -> None:
    content = whole_report(language, edition, style)
    pdf = render_pdf(content)
    assert faults_of(pdf, language) == []
    assert len(pdf) < 2 * 2**20
    text = text_of(pdf, tmp_path)
    assert letters_in(QUESTIONS[language]) <= letters_in(text)
    if shutil.which("qpdf"):
        done = subprocess.run(["qpdf", "--check", tmp_path / "report.pdf"], capture_output=True)
        assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("language", ["en", "nl", "tr"])
def test_paper_and_screen_say_the_same_words(language: str, tmp_path: Path) -> None:
    content = whole_report(language, "after")
    text = text_of(render_pdf(content), tmp_path)
    pages = text.count("\f")
    screen = words_in(article_text(render_article(content, "/report/asset/")))
    paper = words_in(text) - on_every_sheet(content, pages)
    assert screen - paper == Counter()
    heads = re.findall(r"<thead>(.*?)</thead>", build_page(content).html, re.S)
    repeated = set(words_in(article_text(" ".join(heads))))
    more = {word for word in paper - screen if not re.fullmatch(r"\d+\.?|•", word)}
    assert more <= repeated, "only heads of tables repeat; numbers stand in pictures and lists"
