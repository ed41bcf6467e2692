import io
import itertools
import re
import unicodedata
from collections.abc import Iterator

import pdfplumber
import pikepdf
import pytest

from app.report.content import ReportTurn
from app.report.render import render_pdf
from tests.app.report.drawn_content import AI_LINE, COMPANION, PURPOSE, drawn_report, drawn_scan


@pytest.fixture(scope="module")
def pdf() -> bytes:
    return render_pdf(drawn_report())


@pytest.fixture(scope="module")
def opened(pdf: bytes) -> Iterator[pikepdf.Pdf]:
    with pikepdf.open(io.BytesIO(pdf)) as document:
        yield document


@pytest.fixture(scope="module")
def pages(pdf: bytes) -> list[str]:
    return page_texts(pdf)


def page_texts(data: bytes) -> list[str]:
    with pdfplumber.open(io.BytesIO(data)) as document:
        return [squeezed(page.extract_text()) for page in document.pages]


def squeezed(text: str) -> str:
    """Without white space and invisible breaks, which line breaking decides."""
    return re.sub(r"[\s\u200b]+", "", unicodedata.normalize("NFKC", text))


def structure_elements(document: pikepdf.Pdf) -> Iterator[pikepdf.Dictionary]:
    waiting = [document.Root.StructTreeRoot.K]
    while waiting:
        node = waiting.pop()
        if isinstance(node, pikepdf.Array):
            waiting += reversed(list(node))
        elif isinstance(node, pikepdf.Dictionary):
            if "/S" in node:
                yield node
            if "/K" in node:
                waiting.append(node.K)


def all_keys(document: pikepdf.Pdf) -> set[str]:
    found: set[str] = set()
    for one in document.objects:
        if isinstance(one, pikepdf.Dictionary | pikepdf.Stream):
            found |= set(one.keys())
    return found


def test_the_first_page_says_it_is_a_program(pages: list[str]) -> None:
    for line in (AI_LINE, COMPANION, "Your picture, in plain words", "demonstration model"):
        assert squeezed(line) in pages[0]


def test_the_purpose_and_the_page_number_are_on_every_page(pdf: bytes) -> None:
    with pdfplumber.open(io.BytesIO(pdf)) as document:
        assert len(document.pages) > 1
        for number, page in enumerate(document.pages, start=1):
            foot, edge = float(page.height) * 0.9, float(page.width) * 0.8
            left = page.crop((0, foot, edge, float(page.height))).extract_text()
            right = page.crop((edge, foot, float(page.width), float(page.height))).extract_text()
            assert squeezed(PURPOSE) == squeezed(left)
            assert squeezed(right) == f"Page{number}of{len(document.pages)}"


def test_the_text_of_the_pdf_is_the_content(pages: list[str]) -> None:
    content = drawn_report()
    text = "".join(pages)
    expected = [content.clinic_name, content.date, *content.questions]
    expected += [part for turn in content.turns for part in (turn.question, turn.answer)]
    for one in content.scans[0].structures:
        expected += [one.name]
        # A legend cell sits beside its name, so it is looked for line by line.
        expected += [word for word in one.does.split() if len(word) > 4]
    expected += [content.scans[0].uncertain[0], "A drawn slice", "Drawn by code", "CC0"]
    expected += ["contrast", "A fluid that makes vessels bright.", "Front desk", "extension 214"]
    expected += ["compact 3f2a", "medpix2-3f2a", "2026-11-1", "c0ffee"]
    missing = [part for part in expected if squeezed(part) not in text]
    assert missing == []


def test_the_legend_reads_without_colour(pdf: bytes) -> None:
    """Each number stands in the legend and on the picture, in the same order as the names."""
    with pdfplumber.open(io.BytesIO(pdf)) as document:
        words = [word["text"] for word in document.pages[0].extract_words()]
    for one in drawn_scan().structures:
        assert words.count(str(one.number)) >= 2, one.number


def test_the_document_has_language_title_and_tags(opened: pikepdf.Pdf) -> None:
    assert str(opened.Root.Lang) == "en"
    assert bool(opened.Root.MarkInfo.Marked)
    assert bool(opened.Root.ViewerPreferences.DisplayDocTitle)
    assert str(opened.docinfo["/Title"]) == "Your picture, in plain words"
    with opened.open_metadata() as metadata:
        assert metadata.get("pdfuaid:part") == "1"


def test_the_metadata_says_a_machine_wrote_it(opened: pikepdf.Pdf) -> None:
    assert "AI-generated" in str(opened.docinfo["/Keywords"])
    assert "machine-made" in str(opened.docinfo["/Creator"])
    assert str(opened.docinfo["/Subject"]) == AI_LINE


def test_every_picture_has_words_or_is_an_ornament(opened: pikepdf.Pdf) -> None:
    alternatives = [str(e.get("/Alt", "")) for e in structure_elements(opened) if e.S == "/Figure"]
    assert len(alternatives) == 4  # scan, overlay, healthy example, code
    assert all(alternatives)
    assert any("1 liver, 2 right kidney, 3 left kidney, 4 spleen" in alt for alt in alternatives)


def test_headings_are_in_order_and_tables_have_headers(opened: pikepdf.Pdf) -> None:
    kinds = [str(e.S) for e in structure_elements(opened)]
    levels = [int(kind[2]) for kind in kinds if re.fullmatch(r"/H[1-6]", kind)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    assert kinds.count("/Table") == 2
    assert kinds.count("/TH") >= 2 * 2


def test_fonts_are_embedded_and_readable(opened: pikepdf.Pdf) -> None:
    fonts = [
        one
        for one in opened.objects
        if isinstance(one, pikepdf.Dictionary) and one.get("/Type") == "/Font"
    ]
    names = {str(one.BaseFont) for one in fonts}
    assert names
    assert all("Noto" in name for name in names)
    assert all("/ToUnicode" in one for one in fonts if one.Subtype == "/Type0")
    descriptors = [
        one
        for one in opened.objects
        if isinstance(one, pikepdf.Dictionary) and one.get("/Type") == "/FontDescriptor"
    ]
    assert descriptors
    assert all({"/FontFile2", "/FontFile3"} & set(one.keys()) for one in descriptors)


def test_nothing_in_the_pdf_acts(opened: pikepdf.Pdf) -> None:
    acting = {"/JS", "/JavaScript", "/OpenAction", "/AA", "/Launch", "/EmbeddedFile", "/URI", "/AF"}
    assert all_keys(opened) & acting == set()


def test_the_same_content_gives_the_same_bytes(pdf: bytes) -> None:
    assert render_pdf(drawn_report()) == pdf


def test_other_content_gives_another_document(pdf: bytes) -> None:
    other = render_pdf(drawn_report(questions=("Another one?",)))
    with pikepdf.open(io.BytesIO(pdf)) as one, pikepdf.open(io.BytesIO(other)) as two:
        assert bytes(one.trailer.ID[0]) != bytes(two.trailer.ID[0])


def test_the_after_edition_carries_the_doctors_sentence() -> None:
    text = "".join(page_texts(render_pdf(drawn_report(edition="after", doctor_sentence="Monday."))))
    assert squeezed("From your doctor Monday.") in text
    assert squeezed("After you saw your doctor") in text


def test_arabic_is_set_from_the_right_with_its_own_font() -> None:
    question = "هل أحتاج إلى فحص آخر؟"
    data = render_pdf(drawn_report(language="ar", turns=(ReportTurn(question, "…"),)))
    with pikepdf.open(io.BytesIO(data)) as document:
        assert str(document.Root.Lang) == "ar"
        fonts = {str(o.BaseFont) for o in document.objects if _is_font(o)}
    assert any("Noto-Sans-Arabic" in name for name in fonts)
    with pdfplumber.open(io.BytesIO(data)) as document:
        page = document.pages[0]
        letters = page.extract_words(extra_attrs=["size"])
        title = [one for one in letters if one["size"] == max(word["size"] for word in letters)]
        assert max(one["x1"] for one in title) > 0.9 * page.width


def test_a_report_without_anything_is_still_a_report() -> None:
    bare = drawn_report(
        scans=(),
        references=(),
        turns=(),
        questions=(),
        glossary=(),
        whom_to_call=(),
        visit_url=None,
    )
    text = "".join(page_texts(render_pdf(bare)))
    assert squeezed(AI_LINE) in text
    assert squeezed("no healthy example that fits") in text
    assert squeezed("Please ask the nurse or the front desk.") in text


def _is_font(one: object) -> bool:
    return isinstance(one, pikepdf.Dictionary) and one.get("/Type") == "/Font"
