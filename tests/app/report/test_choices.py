"""What a clinic and a patient may change of the paper: order, parts, letters, paper, template."""

import io
from dataclasses import replace

import jinja2
import pdfplumber
import pytest

from app.report.content import SECTIONS, ReportContent, ReportStyle, ReportWithheld
from app.report.page import build_page
from app.report.render import ReportError, render_pdf
from tests.app.report.drawn_content import drawn_png, drawn_report

HEADINGS = {
    "pictures": "What this picture shows",
    "examples": "How a healthy one looks",
    "answers": "What you asked",
    "questions": "My questions for the doctor",
    "words": "Words used here",
}
ALWAYS = ("Whom to ask", "What happens next", "How this page was made")


def html(**changes: object) -> str:
    return build_page(drawn_report(**changes)).html


def styled(**style: object) -> ReportContent:
    return drawn_report(style=ReportStyle(**style))  # type: ignore[arg-type]


def test_sections_stand_in_the_order_given() -> None:
    for order in (SECTIONS, SECTIONS[::-1]):
        text = html(sections=order)
        places = [text.index(f">{HEADINGS[name]}<") for name in order]
        assert places == sorted(places)


@pytest.mark.parametrize("left_out", SECTIONS)
def test_a_section_can_be_left_out_and_the_rest_stays(left_out: str) -> None:
    text = html(sections=tuple(name for name in SECTIONS if name != left_out))
    assert HEADINGS[left_out] not in text
    assert all(HEADINGS[name] in text for name in SECTIONS if name != left_out)
    assert all(heading in text for heading in ALWAYS)


def test_what_is_no_section_is_not_looked_for() -> None:
    assert html(sections=("../base", "pictures")).count("<h2>") >= 1


def test_paper_and_letters_can_be_larger() -> None:
    sizes = {}
    for name, content in (
        ("usual", drawn_report()),
        ("large", styled(large_print=True, paper="Letter")),
    ):
        with pdfplumber.open(io.BytesIO(render_pdf(content))) as document:
            page = document.pages[0]
            words = page.extract_words(extra_attrs=["size"])
            question = next(word for word in words if word["text"].startswith("computer"))
            sizes[name] = (round(page.width), round(page.height), question["size"])
    assert sizes["usual"][:2] == (595, 842)
    assert sizes["large"][:2] == (612, 792)
    assert sizes["large"][2] >= 1.3 * sizes["usual"][2]


def test_a_logo_stands_in_the_head() -> None:
    page = build_page(styled(logo_png=drawn_png()))
    assert 'src="asset:logo"' in page.html
    assert page.assets["logo"].body == drawn_png()


def test_lines_of_the_clinic_stand_in_head_and_foot_as_text() -> None:
    text = build_page(styled(header="River <b>House</b>", footer="Open from 8 to 18")).html
    assert "River &lt;b&gt;House&lt;/b&gt;" in text
    assert text.index("Open from 8 to 18") > text.index("How this page was made")


def test_a_template_of_the_clinic_extends_ours() -> None:
    own = '{% extends "report/report.html" %}{% block closing %}<p>Thank you.</p>{% endblock %}'
    text = build_page(styled(template=own)).html
    assert "<p>Thank you.</p>" in text
    assert "What this picture shows" in text


@pytest.mark.parametrize(
    "hostile",
    [
        "{{ report.__class__.__mro__[1].__subclasses__() }}",
        "{{ ''.format.__globals__ }}",
        "{{ self.__init__.__globals__ }}",
        "{% include '/etc/passwd' %}",
        "{% include '../../etc/passwd' %}",
        "{% for i in range(10**9) %}a{% endfor %}",
        "{{ report.unknown }}",
        "{% if %}",
    ],
)
def test_a_hostile_template_reaches_nothing(hostile: str) -> None:
    with pytest.raises((jinja2.TemplateError, jinja2.exceptions.SecurityError, OverflowError)):
        build_page(styled(template=hostile))


def test_a_broken_template_is_a_named_failure() -> None:
    with pytest.raises(ReportError) as failed:
        render_pdf(styled(template="{% if %}"))
    assert failed.value.key == "report_failed"


def test_the_doctors_page_is_the_last_and_marked() -> None:
    held = ReportWithheld("Is it bad?", "raw words of a model", "condition")
    text = html(withheld=(held,))
    assert text.index("raw words of a model") > text.index("How this page was made")
    assert "Nobody has checked them" in text
    assert "For the doctor only" not in build_page(replace(drawn_report(), withheld=())).html
