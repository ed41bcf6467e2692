"""Reads a tagged PDF as a screen reader would and says what is wrong with it."""

import io
import itertools
import re
from collections.abc import Iterator

import pikepdf

ACTING = {"/JS", "/JavaScript", "/OpenAction", "/AA", "/Launch", "/EmbeddedFile", "/URI", "/AF"}


def faults_of(pdf: bytes, language: str) -> list[str]:
    """What breaks PDF/UA as far as it can be told without a validator; empty when nothing does."""
    with pikepdf.open(io.BytesIO(pdf)) as document:
        root = document.Root
        found = [] if bool(root.MarkInfo.Marked) else ["not marked"]
        found += [] if str(root.Lang) == language else [f"language {root.Lang}"]
        found += [] if str(document.docinfo.get("/Title", "")) else ["no title"]
        found += [] if bool(root.ViewerPreferences.DisplayDocTitle) else ["title not shown"]
        elements = list(structure_elements(document))
        found += [*_of_elements(elements), *_of_fonts(document), *_of_text(document)]
        keys = {key for one in document.objects if _has_keys(one) for key in set(one.keys())}
        found += [f"{key} acts" for key in sorted(ACTING & keys)]
    return found


def structure_elements(document: pikepdf.Pdf) -> Iterator[pikepdf.Dictionary]:
    """Every structure element in reading order."""
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


def _of_elements(elements: list[pikepdf.Dictionary]) -> Iterator[str]:
    kinds = [str(one.S) for one in elements]
    levels = [int(kind[2]) for kind in kinds if re.fullmatch(r"/H[1-6]", kind)]
    if levels[:1] != [1] or levels.count(1) != 1:
        yield f"first headings {levels[:3]}"
    if any(after > before + 1 for before, after in itertools.pairwise(levels)):
        yield f"headings jump {levels}"
    for one in elements:
        if one.S == "/Figure" and not str(one.get("/Alt", "")):
            yield "a figure without words"
        if one.S == "/Table" and not _has_header(one):
            yield "a table without headers"


def _has_header(table: pikepdf.Dictionary) -> bool:
    waiting = [table.K]
    while waiting:
        node = waiting.pop()
        if isinstance(node, pikepdf.Array):
            waiting += list(node)
        elif isinstance(node, pikepdf.Dictionary):
            if node.get("/S") == "/TH":
                return True
            waiting += [node.K] if "/K" in node else []
    return False


def _of_fonts(document: pikepdf.Pdf) -> Iterator[str]:
    for one in document.objects:
        if not isinstance(one, pikepdf.Dictionary):
            continue
        if one.get("/Type") == "/Font" and one.Subtype == "/Type0" and "/ToUnicode" not in one:
            yield f"{one.BaseFont} cannot be read back"
        is_embedded = {"/FontFile2", "/FontFile3"} & set(one.keys())
        if one.get("/Type") == "/FontDescriptor" and not is_embedded:
            yield f"{one.FontName} is not embedded"


def _of_text(document: pikepdf.Pdf) -> Iterator[str]:
    """Words and pictures that are drawn outside every tag and are no artifact either."""
    for number, page in enumerate(document.pages, start=1):
        depth = loose = 0
        for instruction in pikepdf.parse_content_stream(page):
            operator = str(instruction.operator)
            depth += (operator in ("BDC", "BMC")) - (operator == "EMC")
            loose += operator in ("Tj", "TJ", "'", '"', "Do") and depth == 0
        if loose:
            yield f"{loose} words or pictures without a tag on page {number}"


def _has_keys(one: object) -> bool:
    return isinstance(one, pikepdf.Dictionary | pikepdf.Stream)
