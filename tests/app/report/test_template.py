"""A clinic's own template: what it may do, and how it says which line is wrong."""

import pytest

from app.report.content import ReportStyle
from app.report.page import build_page
from app.report.template import template_mistakes
from tests.app.report.drawn_content import drawn_report

HEAD = '{% extends "report/report.html" %}\n'
GOOD = (
    HEAD
    + """{% block opening %}
<p class="line" lang="nl">Polikliniek Rivier &lt;3</p>
{% if report.style.logo_png %}<img src="{{ asset('logo') }}" alt="Rivier">{% endif %}
{% endblock %}
{% block body %}
{{ super() }}
{% include "report/sections/questions.html" %}
<table><tr><th scope="col">Vraag</th></tr>
{% for one in report.questions | list %}<tr><td>{{ one | written }}</td></tr>{% endfor %}</table>
{% endblock %}
"""
)


def closing(inside: str) -> str:
    return f"{HEAD}{{% block closing %}}\n{inside}\n{{% endblock %}}\n"


def test_a_template_of_plain_html_and_values_is_used() -> None:
    assert template_mistakes(GOOD) == []
    page = build_page(drawn_report(style=ReportStyle(template=GOOD))).html
    assert "Polikliniek Rivier &lt;3" in page
    assert page.count("Do I need another test, and why?") == 3


HOSTILE = {
    "script": "<script>alert(1)</script>",
    "capital script": "<SCRIPT>alert(1)</SCRIPT>",
    "handler": '<p onclick="alert(1)">x</p>',
    "unquoted": "<p onclick=alert(1)>x</p>",
    "style": '<p style="background: url(http://a.example/)">x</p>',
    "style tag": "<style>@import url(http://a.example/)</style>",
    "link": '<a href="http://a.example/">x</a>',
    "picture": '<img src="http://a.example/x.png" alt="">',
    "file": '<img src="file:///etc/passwd" alt="">',
    "data": '<img src="data:image/svg+xml,x" alt="">',
    "picture of a question": '<img src="{{ report.questions[0] }}" alt="">',
    "picture of a value": '<img src="{{ report.date }}" alt="">',
    "frame": '<iframe src="/"></iframe>',
    "form": '<form action="/erase"><button>x</button></form>',
    "attachment": '<link rel="attachment" href="file:///etc/passwd">',
    "embed": '<embed src="x">',
    "svg": '<svg><use href="http://a.example/#a"/></svg>',
    "comment": "<!-- x -->",
    "half a tag": "<p class=",
    "tag in two": "<{% if true %}script{% endif %}>",
    "attribute by branch": '<p {% if false %}>{% else %}onclick="x">{% endif %}',
    "tag by value": "<{{ report.date }}>",
    "forged stand-in": '<img src="\ue000" alt="">',
    "safe": "{{ report.date | safe }}",
    "no escaping": "{% autoescape false %}{{ report.date }}{% endautoescape %}",
    "gettext": '{{ _("<script>") }}',
    "translation": "{% trans %}<b>x</b>{% endtrans %}",
    "method": '{{ report.date.replace("a", "b") }}',
    "slice": "{{ (report.date | written)[0:1] }}",
    "kept super": "{% set t = super() %}{{ t }}",
    "macro": "{% macro m() %}<p>x</p>{% endmacro %}{{ m() }}",
    "block of text": "{% set t %}<p>x</p>{% endset %}{{ t }}",
    "filtered": "{% filter upper %}<p>x</p>{% endfilter %}",
    "import": '{% import "report/words.html" as words %}',
    "include": '{% include "/etc/passwd" %}',
    "another page": '{% include "patient/scan.html" %}',
    "long": "{% for i in range(10**9) %}a{% endfor %}",
    "power": "{{ 9 ** 9 ** 9 }}",
    "large": "{{ 'a' * 10**9 }}",
    "loops": "{% for a in turns %}{% for b in turns %}{% for c in turns %}{% for d in turns %}x"
    "{% endfor %}{% endfor %}{% endfor %}{% endfor %}",
    "classes": "{{ report.__class__.__mro__ }}{{ ''.format() }}",
}


@pytest.mark.parametrize("inside", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_template_is_refused_with_its_line(inside: str) -> None:
    found = template_mistakes(closing(inside))
    assert found, inside
    assert all(line in (1, 2, 3) for line, _ in found), found
    assert 3 in {line for line, _ in found}


@pytest.mark.parametrize(
    ("source", "line", "words"),
    [
        ("<p>x</p>", 1, "must begin with"),
        ("<p>x</p>" + HEAD, 1, "must begin with"),
        ('{% extends "report/about.html" %}', 1, "must begin with"),
        (HEAD + "{% block body %}\n{% if %}\n{% endblock %}", 3, "cannot be read"),
        (HEAD + "\n\n{% block ai %}{% endblock %}", 4, "there is no open place called 'ai'"),
        ("x" * 40_001, 1, "is longer than"),
    ],
)
def test_a_mistake_names_its_line(source: str, line: int, words: str) -> None:
    assert [one for one in template_mistakes(source) if one[0] == line and words in one[1]]
