"""How the pages stand: facts of the drawn sheets that must not slip when something changes."""

import io
from dataclasses import replace
from typing import Any

import pdfplumber
import pytest

from app.anatomy.catalogue import load
from app.report.compose import marked_structures
from app.report.content import ReportContent, ReportStyle
from app.report.fit import LONGEST_SIDE
from app.report.render import render_pdf
from tests.app.report.drawn_content import drawn_png, drawn_region
from tests.app.report.whole_content import whole_report

PLACES = {
    "liver": (0.3, 0.42, 0.17),
    "spleen": (0.78, 0.47, 0.08),
    "stomach": (0.6, 0.36, 0.08),
    "right kidney": (0.35, 0.66, 0.06),
    "left kidney": (0.66, 0.66, 0.06),
    "pancreas": (0.5, 0.5, 0.04),
}
GOLDEN = {
    ("en", "before"): 6,
    ("en", "after"): 7,
    ("nl", "before"): 6,
    ("nl", "after"): 7,
    ("ar", "before"): 6,
    ("ar", "after"): 7,
}
"""Sheets of the whole report: looked at as pictures, and few enough to carry."""


def many_parts(language: str) -> ReportContent:
    """A report on Letter whose first picture has so many parts that the legend has columns."""
    content = whole_report(language, "after", ReportStyle(paper="Letter"))
    regions = [drawn_region(key, *place) for key, place in PLACES.items()]
    marked = marked_structures(regions, load(), language)
    return replace(content, scans=(replace(content.scans[0], structures=marked),))


def sheets(content: ReportContent) -> list[Any]:  # pages of pdfplumber, which is untyped
    return list(pdfplumber.open(io.BytesIO(render_pdf(content))).pages)


def body(page: Any) -> list[Any]:
    """The lines of a sheet between its head and its foot."""
    top, foot = 0.06 * page.height, 0.9 * page.height
    return [one for one in page.extract_text_lines() if top < one["top"] and one["bottom"] < foot]


def low_edge(page: Any) -> float:
    """Where the last word or picture of a sheet ends, as a share of the sheet."""
    edges = [one["bottom"] for one in body(page)] + [one["bottom"] for one in page.images]
    return float(max(edges) / page.height)


@pytest.mark.parametrize(("language", "edition"), GOLDEN)
def test_the_sheets_are_full_and_no_heading_stands_alone(language: str, edition: Any) -> None:
    pages = sheets(whole_report(language, edition))
    assert len(pages) == GOLDEN[language, edition]
    for number, page in enumerate(pages[:-1], start=1):
        assert low_edge(page) > 0.6, f"sheet {number} is nearly empty"
        last = body(page)[-1]
        assert max(char["size"] for char in last["chars"]) < 14, f"sheet {number} ends in a heading"


@pytest.mark.parametrize("language", ["en", "ar"])
def test_the_legend_stands_beside_its_picture_and_the_picture_is_not_mirrored(
    language: str,
) -> None:
    content = many_parts(language)
    page = sheets(content)[0]
    own, coloured = page.images[0], page.images[1]
    # The picture that reads first stands where reading begins; both lie on the same line.
    assert (own["x0"] < coloured["x0"]) == (language == "en")
    assert abs(own["top"] - coloured["top"]) < 1
    numbers = {str(one.number) for one in content.scans[0].structures}
    words = page.extract_words()
    on_picture = {one["text"]: one for one in words if inside(one, coloured)}
    below = [one for one in words if one["top"] > coloured["bottom"] and one["text"] in numbers]
    assert set(on_picture) >= numbers
    assert {one["text"] for one in below} == numbers
    liver, spleen = (next(n for n in content.scans[0].structures if n.key == key).number
                     for key in ("liver", "spleen"))  # fmt: skip
    assert on_picture[str(liver)]["x0"] < on_picture[str(spleen)]["x0"]
    first, second = (next(b for b in below if b["text"] == n) for n in ("1", "2"))
    assert (first["x0"] < second["x0"]) == (language == "en")


def inside(word: Any, picture: Any) -> bool:
    across = picture["x0"] <= word["x0"] and word["x1"] <= picture["x1"]
    return bool(across and picture["top"] <= word["top"] and word["bottom"] <= picture["bottom"])


def test_pictures_of_any_size_stay_small_on_paper() -> None:
    content = whole_report("en")
    large = tuple(replace(one, image_png=drawn_png(1024, n)) for n, one in enumerate(content.scans))
    examples = tuple(replace(one, image_png=drawn_png(1024, 9)) for one in content.references)
    pdf = render_pdf(replace(content, scans=large, references=examples))
    assert len(pdf) < 2 * 2**20
    with pdfplumber.open(io.BytesIO(pdf)) as document:
        sizes = {one["srcsize"] for page in document.pages for one in page.images}
        kinds = {str(one["colorspace"]) for page in document.pages for one in page.images}
    assert max(max(size) for size in sizes) == LONGEST_SIDE
    assert all("Gray" in kind for kind in kinds)
