"""Turns report content into one HTML page and the assets it names; knows no PDF and no network."""

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import segno
from jinja2 import ChoiceLoader, DictLoader, FileSystemLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from app.analysis.overlay import Shape, overlay_svg, swatch_svg
from app.i18n import direction, words_of
from app.report.compose import (
    MAX_ITEMS,
    breakable,
    for_edition,
    legend_rows,
    printable,
    shows_sides,
    words_to_explain,
)
from app.report.content import SECTIONS, ReportContent, ReportScan, ReportStyle

TEMPLATES: Final = Path(__file__).resolve().parents[2] / "templates"
SCHEME: Final = "asset:"
SVG: Final = "image/svg+xml"
PNG: Final = "image/png"
OURS: Final = "report/report.html"
OWN: Final = "the clinic's own template"


@dataclass(frozen=True)
class Asset:
    """Bytes that the page may load by its id, and what they are."""

    body: bytes
    media_type: str


@dataclass(frozen=True)
class Page:
    """A whole HTML document; every address in it is `asset:` and one of the ids."""

    html: str
    assets: dict[str, Asset]


def build_page(content: ReportContent) -> Page:
    """The report as HTML in its language, with everything it shows.

    Raises:
        jinja2.TemplateError: the clinic's own template cannot be used.
    """
    content = for_edition(content)
    template = _environment(content).get_template(OWN if content.style.template else OURS)
    html = template.render(
        report=content,
        direction=direction(content.language),
        sections=[name for name in content.sections if name in SECTIONS],
        explained=words_to_explain(content.scans),
        turns=content.turns[:MAX_ITEMS],
        questions=content.questions[:MAX_ITEMS],
    )
    return Page(html, _assets(content))


def _environment(content: ReportContent) -> ImmutableSandboxedEnvironment:
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
    install = environment.install_gettext_translations  # type: ignore[attr-defined]
    install(words_of(content.language), newstyle=True)
    environment.filters["printable"] = lambda text: breakable(printable(text))
    environment.filters["legend_rows"] = legend_rows
    environment.tests["facing"] = shows_sides
    return environment


def _assets(content: ReportContent) -> dict[str, Asset]:
    css = (TEMPLATES / "report" / "report.css").read_bytes()
    assets = {"report.css": Asset(css, "text/css")}
    assets["style.css"] = Asset(_style_css(content.style).encode(), "text/css")
    if content.style.logo_png:
        assets["logo"] = Asset(content.style.logo_png, PNG)
    for at, scan in enumerate(content.scans):
        assets[f"scan-{at}"] = Asset(scan.image_png, PNG)
        overlay = overlay_svg(scan.width, scan.height, _shapes(scan), f"{SCHEME}scan-{at}")
        assets[f"overlay-{at}"] = Asset(overlay.encode(), SVG)
    assets |= _swatches(content)
    for at, reference in enumerate(content.references):
        assets[f"reference-{at}"] = Asset(reference.image_png, PNG)
    if content.visit_url:
        assets["qr"] = Asset(_qr(content.visit_url), SVG)
    return assets


def _style_css(style: ReportStyle) -> str:
    """The paper and the clinic's colour; colours are checked where they are read."""
    rules = [f"@page {{ size: {style.paper} }}"]
    if style.large_print:
        rules.append("html { font-size: 15pt }")
    if style.colour:
        rules.append(f":root {{ --strong: {style.colour}; --line: {style.colour} }}")
    return "\n".join(rules)


def _swatches(content: ReportContent) -> dict[str, Asset]:
    """The patches of the legend and their style sheet: as backgrounds they are no figures."""
    assets, rules = {}, []
    for at, scan in enumerate(content.scans):
        for one in scan.structures:
            name = f"swatch-{at}-{one.number}"
            assets[name] = Asset(swatch_svg(one.colour, one.pattern).encode(), SVG)
            rules.append(f".{name} {{ background-image: url({SCHEME}{name}) }}")
    assets["swatches.css"] = Asset("\n".join(rules).encode(), "text/css")
    return assets


def _shapes(scan: ReportScan) -> list[Shape]:
    return [
        Shape(one.key, one.number, one.colour, one.pattern, one.path, one.anchor)
        for one in scan.structures
    ]


def _qr(address: str) -> bytes:
    target = io.BytesIO()
    segno.make(address, error="m", micro=False).save(
        target, kind="svg", xmldecl=False, border=2, dark="#10222E"
    )
    return target.getvalue()
