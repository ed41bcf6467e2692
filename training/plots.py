"""Plots beside a run, never in an adapter folder: confusion matrices and the learning curve."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from PIL import Image as PillowImage
from PIL import ImageDraw, ImageFont

from model.adapters import CONFIG_NAME

CURVE_NAME: Final = "curve.png"
Table = Mapping[str, Mapping[str, int]]
"""What is true, what was said, how often."""
Point = tuple[float, float]
Box = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels."""
Ink = tuple[int, int, int]

PAPER: Final[Ink] = (255, 255, 255)
INK: Final[Ink] = (30, 34, 40)
FAINT: Final[Ink] = (214, 218, 224)
DARKEST: Final[Ink] = (16, 82, 128)
COLOURS: Final[tuple[Ink, ...]] = (
    (16, 82, 128),
    (200, 110, 20),
    (40, 130, 80),
    (130, 70, 150),
    (90, 90, 90),
)
CELL_WIDE, CELL_HIGH, NAMES_WIDE, HEAD_HIGH = 112, 46, 190, 112
CURVE_SIZE: Final = (900, 620)
SCORES: Final = ("eval_score", "eval_modality", "eval_plane", "eval_region", "eval_preferred")
SMOOTHED: Final = 20
"""Steps over which the loss is averaged for the dark line."""


@dataclass(frozen=True)
class Cell:
    """One cell of a matrix: how often, and which share of its row."""

    row: int
    column: int
    count: int
    share: float


@dataclass(frozen=True)
class Grid:
    """A confusion matrix laid out: right answers lie on the diagonal."""

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: tuple[Cell, ...]


def lay_out(table: Table) -> Grid:
    """The cells of a table, every column of every row; words that are never true stand last."""
    rows = tuple(sorted(table))
    said = {word for row in table.values() for word in row}
    columns = (*rows, *sorted(said - set(rows)))
    cells = [
        Cell(at, place, table[row].get(word, 0), table[row].get(word, 0) / sum(table[row].values()))
        for at, row in enumerate(rows)
        for place, word in enumerate(columns)
    ]
    return Grid(rows, columns, tuple(cells))


def shade(share: float) -> Ink:
    """White for none of a row, the darkest blue for all of it."""
    red, green, blue = (
        round(light + (dark - light) * share) for light, dark in zip(PAPER, DARKEST, strict=True)
    )
    return red, green, blue


def draw_matrix(title: str, table: Table) -> PillowImage.Image:
    """A confusion matrix: rows are true, columns were said."""
    grid = lay_out(table)
    width = NAMES_WIDE + CELL_WIDE * len(grid.columns) + 16
    page = PillowImage.new("RGB", (width, HEAD_HIGH + CELL_HIGH * len(grid.rows) + 16), PAPER)
    pen = ImageDraw.Draw(page)
    pen.text((12, 10), title, fill=INK, font=label_font(17))
    pen.text((12, 34), "rows: true, columns: said", fill=INK, font=label_font(12))
    for place, word in enumerate(grid.columns):
        middle = NAMES_WIDE + CELL_WIDE * place + CELL_WIDE // 2
        _centred(pen, (middle, HEAD_HIGH - 6), _wrapped(word, 15), INK, anchor="md")
    for at, word in enumerate(grid.rows):
        middle = HEAD_HIGH + CELL_HIGH * at + CELL_HIGH // 2
        text = _wrapped(word, 25)
        pen.multiline_text((12, middle), text, fill=INK, font=label_font(13), anchor="lm")
    for cell in grid.cells:
        _draw_cell(pen, cell)
    return page


def place_points(points: Sequence[Point], box: Box, highest: Point) -> list[tuple[int, int]]:
    """Where points lie in a box whose left lower corner is (0, 0) and right upper `highest`."""
    left, top, right, bottom = box
    return [
        (
            round(left + (right - left) * across / highest[0]),
            round(bottom - (bottom - top) * min(max(up / highest[1], 0.0), 1.0)),
        )
        for across, up in points
    ]


def series_of(lines: Sequence[Mapping[str, Any]], name: str) -> list[Point]:
    """Step and value of one figure of a log."""
    return [(float(line["step"]), float(line[name])) for line in lines if name in line]


def smoothed(points: Sequence[Point], over: int) -> list[Point]:
    """Each value as the mean of itself and the ones before it, at most `over` in all."""
    found = []
    for at, (step, _) in enumerate(points):
        near = [value for _, value in points[max(at + 1 - over, 0) : at + 1]]
        found.append((step, sum(near) / len(near)))
    return found


def draw_curve(lines: Sequence[Mapping[str, Any]]) -> PillowImage.Image:
    """The loss above, the held-out scores below, over the same steps."""
    page = PillowImage.new("RGB", CURVE_SIZE, PAPER)
    pen = ImageDraw.Draw(page)
    loss = series_of(lines, "loss")
    last = max([1.0, *(float(line["step"]) for line in lines)])
    top = max([1e-9, *(value for _, value in loss)]) * 1.05
    upper, lower = (70, 40, 870, 290), (70, 350, 870, 580)
    _axes(pen, upper, (last, top), "loss")
    _line(pen, place_points(loss, upper, (last, top)), FAINT)
    _line(pen, place_points(smoothed(loss, SMOOTHED), upper, (last, top)), COLOURS[0])
    _axes(pen, lower, (last, 1.0), "held out")
    across = lower[0] + 80
    for name, colour in zip(SCORES, COLOURS, strict=True):
        points = series_of(lines, name)
        if not points:
            continue
        _line(pen, place_points(points, lower, (last, 1.0)), colour, dots=True)
        label = f"{name.removeprefix('eval_')} {points[-1][1]:.3f}"
        pen.text((across, lower[1] - 24), label, fill=colour, font=label_font(13))
        across += 145
    return page


def write_confusions(figures: Path, confusion: Mapping[str, Table]) -> Path | None:
    """The matrices as one PNG beside the JSON of figures; None where that is an adapter folder."""
    drawn = [draw_matrix(name.replace("_", " "), table) for name, table in confusion.items()]
    if not drawn or (figures.resolve().parent / CONFIG_NAME).is_file():
        return None
    size = max(one.width for one in drawn), sum(one.height for one in drawn)
    page = PillowImage.new("RGB", size, PAPER)
    top = 0
    for one in drawn:
        page.paste(one, (0, top))
        top += one.height
    path = figures.with_name(f"{figures.stem}-confusion.png")
    page.save(path)
    return path


def write_curve(folder: Path, lines: Sequence[Mapping[str, Any]]) -> Path | None:
    """The learning curve beside the log it was read from; None for an empty log."""
    if not lines:
        return None
    draw_curve(lines).save(folder / CURVE_NAME)
    return folder / CURVE_NAME


def _draw_cell(pen: ImageDraw.ImageDraw, cell: Cell) -> None:
    left = NAMES_WIDE + CELL_WIDE * cell.column
    top = HEAD_HIGH + CELL_HIGH * cell.row
    outline = INK if cell.row == cell.column else FAINT
    box = (left + 1, top + 1, left + CELL_WIDE - 2, top + CELL_HIGH - 2)
    pen.rectangle(box, fill=shade(cell.share), outline=outline)
    if cell.count:
        text = f"{cell.count}  ({cell.share:.0%})"
        middle = (left + CELL_WIDE // 2, top + CELL_HIGH // 2)
        _centred(pen, middle, text, PAPER if cell.share > 0.5 else INK)


def _axes(pen: ImageDraw.ImageDraw, box: Box, highest: Point, title: str) -> None:
    left, top, right, bottom = box
    for quarter in range(5):
        up = bottom - (bottom - top) * quarter // 4
        pen.line((left, up, right, up), fill=FAINT)
        text = f"{highest[1] * quarter / 4:.2f}"
        pen.text((left - 8, up), text, fill=INK, font=label_font(12), anchor="rm")
        across = left + (right - left) * quarter // 4
        step = f"{highest[0] * quarter / 4:.0f}"
        pen.text((across, bottom + 6), step, fill=INK, font=label_font(12), anchor="ma")
    pen.text((left, top - 24), title, fill=INK, font=label_font(14))


def _line(
    pen: ImageDraw.ImageDraw, places: Sequence[tuple[int, int]], colour: Ink, *, dots: bool = False
) -> None:
    if len(places) > 1:
        pen.line(list(places), fill=colour, width=2)
    for across, up in places if dots else ():
        pen.ellipse((across - 3, up - 3, across + 3, up + 3), fill=colour)


def _centred(
    pen: ImageDraw.ImageDraw, at: tuple[int, int], text: str, ink: Ink, *, anchor: str = "mm"
) -> None:
    pen.multiline_text(at, text, fill=ink, font=label_font(12), anchor=anchor, align="center")


def _wrapped(text: str, wide: int) -> str:
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > wide:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "\n".join(lines)


def label_font(size: int) -> Any:
    """Pillow's own font at this size in pixels."""
    return ImageFont.load_default(size=size)
