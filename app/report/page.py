"""Turns report content into one HTML page and the assets it names; knows no PDF and no network."""

import base64
import io
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Final

import segno
from jinja2 import ChoiceLoader, DictLoader, FileSystemLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Namespace
from markupsafe import Markup

from app.analysis.overlay import Shape, overlay_svg, swatch_svg
from app.i18n import direction, words_of
from app.report.compose import (
    MAX_ITEMS,
    breakable,
    for_edition,
    legend_rows,
    printable,
    rows_to_explain,
    shows_sides,
    way_of,
    words_to_explain,
)
from app.report.content import SECTIONS, ReportContent, ReportScan
from app.report.fit import for_paper
from app.report.template import FILTERS, OURS

TEMPLATES: Final = Path(__file__).resolve().parents[2] / "templates"
FOLDER: Final = TEMPLATES / "report"
STYLE_SHEETS: Final = ("report.css", "paper.css", "screen.css")
SCHEME: Final = "asset:"
SVG: Final = "image/svg+xml"
CSS: Final = "text/css"
PNG: Final = "image/png"
OWN: Final = "the clinic's own template"


PAPER_RULES: Final = Template("""@page {
  size: $paper;
  @top-$start { content: element(running-head); width: 100%;
    vertical-align: bottom; padding-bottom: 4mm }
  @bottom-$start { content: element(purpose); width: 150mm; vertical-align: top; padding-top: 3mm }
  @bottom-$end {
    content: $number;
    font: 9pt "Noto Sans", "Noto Sans Arabic", sans-serif; color: #33454F;
    width: 26mm; text-align: $end; vertical-align: top; padding-top: 2.6mm
  }
}
@page :first { @top-$start { content: none } }""")
"""What stands on every sheet; margin boxes know no "start" and "end"."""


LARGE_RULES: Final = """html { font-size: 18pt }
.report .turn { break-inside: auto }
.report .legend.many li { width: 48% }"""


@dataclass(frozen=True)
class Asset:
    """Bytes that the page may load by its id, and what they are."""

    body: bytes
    media_type: str


@dataclass(frozen=True)
class Page:
    """HTML, and everything it shows by its id: a document for paper, an article for a screen."""

    html: str
    assets: dict[str, Asset]


def build_page(content: ReportContent, address: str = SCHEME, *, has_gaps: bool = False) -> Page:
    """The report as HTML in its language, with everything it shows.

    Args:
        content: what it holds.
        address: what stands before an asset's id; any but SCHEME makes the article for a screen.
        has_gaps: no font here has some of its letters, so the paper says so.

    Raises:
        jinja2.TemplateError: the clinic's own template cannot be used.
    """
    content = for_edition(content)
    template = _environment(content, address).get_template(OWN if content.style.template else OURS)
    html = template.render(
        report=content,
        is_screen=address != SCHEME,
        has_gaps=has_gaps,
        direction=direction(content.language),
        sections=[name for name in content.sections if name in SECTIONS],
        explained=words_to_explain(content.scans),
        turns=content.turns[:MAX_ITEMS],
        questions=content.questions[:MAX_ITEMS],
    )
    return Page(html, assets_of(content, address))


def _environment(content: ReportContent, address: str) -> ImmutableSandboxedEnvironment:
    """Sandboxed, because a clinic's template extends ours: it reaches values and nothing else."""
    own = DictLoader({OWN: content.style.template})
    environment = ImmutableSandboxedEnvironment(
        loader=ChoiceLoader([own, FileSystemLoader(TEMPLATES)]),
        extensions=["jinja2.ext.i18n"],
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals = {
        "_": environment.globals["_"],
        "namespace": Namespace,
        "asset": lambda name: f"{address}{name}",
    }
    install = environment.install_gettext_translations  # type: ignore[attr-defined]
    install(words_of(content.language), newstyle=True)
    environment.filters |= {
        "printable": _printable,
        "written": _written,
        "way": way_of,
        "legend_rows": legend_rows,
        "rows_to_explain": rows_to_explain,
    }
    environment.filters = {name: environment.filters[name] for name in FILTERS}
    environment.tests["facing"] = shows_sides
    return environment


def _printable(text: str) -> str:
    return breakable(printable(text))


def _written(text: str) -> Markup:
    """What somebody wrote, shut off from the direction of the words around it."""
    return Markup('<bdi dir="{}">{}</bdi>').format(way_of(text), _printable(text))


def assets_of(content: ReportContent, address: str = SCHEME) -> dict[str, Asset]:
    """Everything the report shows: style sheets, pictures, the patches of its legends."""
    assets = {name: Asset((FOLDER / name).read_bytes(), CSS) for name in STYLE_SHEETS}
    assets["style.css"] = Asset(_style_css(content).encode(), CSS)
    if content.style.logo_png:
        assets["logo"] = Asset(content.style.logo_png, PNG)
    for at, scan in enumerate(content.scans):
        assets |= _pictures(at, scan, address)
    assets["swatches.css"] = Asset(_swatches_css(content, address).encode(), CSS)
    for at, reference in enumerate(content.references):
        assets[f"reference-{at}"] = _picture(reference.image_png, address)
    if content.visit_url:
        assets["qr"] = Asset(_qr(content.visit_url), SVG)
    return assets


def _pictures(at: int, scan: ReportScan, address: str) -> dict[str, Asset]:
    """A picture, the same with its parts, and the patches of its legend."""
    inside = f"{SCHEME}scan-{at}"
    if address != SCHEME:  # a browser fetches nothing for a drawing that is itself a picture
        inside = f"data:{PNG};base64,{base64.b64encode(scan.image_png).decode()}"
    shapes = [
        Shape(one.key, one.number, one.colour, one.pattern, one.path, one.anchor)
        for one in scan.structures
    ]
    overlay = overlay_svg(scan.width, scan.height, shapes, inside)
    swatches = {
        f"swatch-{at}-{one.number}": Asset(swatch_svg(one.colour, one.pattern).encode(), SVG)
        for one in scan.structures
    }
    pictures = {
        f"scan-{at}": _picture(scan.image_png, address),
        f"overlay-{at}": Asset(overlay.encode(), SVG),
    }
    return pictures | swatches


def _picture(png: bytes, address: str) -> Asset:
    return Asset(for_paper(png) if address == SCHEME else png, PNG)


def _swatches_css(content: ReportContent, address: str) -> str:
    """The patches of the legends as backgrounds: pictures without words would need some."""
    names = [
        f"swatch-{at}-{one.number}"
        for at, scan in enumerate(content.scans)
        for one in scan.structures
    ]
    return "\n".join(f".{name} {{ background-image: url({address}{name}) }}" for name in names)


def _style_css(content: ReportContent) -> str:
    """Paper, letters, the words around a page's number, and the clinic's colour.

    Colours are checked where they are read, so they are plain here.
    """
    style = content.style
    words = _environment(content, SCHEME).get_template("report/words.html").module
    number = _css_string(str(words.page_of("\0", "\1")))  # type: ignore[attr-defined]
    number = number.replace("\0", '" counter(page) "').replace("\1", '" counter(pages) "')
    start, end = ("right", "left") if direction(content.language) == "rtl" else ("left", "right")
    rules = [PAPER_RULES.substitute(paper=style.paper, start=start, end=end, number=number)]
    if style.large_print:
        rules.append(LARGE_RULES)
    if style.colour:
        rules.append(f".report {{ --strong: {style.colour}; --line: {style.colour} }}")
    return "\n".join(rules)


def _css_string(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _qr(address: str) -> bytes:
    target = io.BytesIO()
    segno.make(address, error="m", micro=False).save(
        target, kind="svg", xmldecl=False, border=2, dark="#10222E"
    )
    return target.getvalue()
