"""The probe's curve: accuracy against cases by doublings, and what the slope promises."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

from PIL import Image as PillowImage
from PIL import ImageDraw

from training.plots import COLOURS, FAINT, INK, PAPER, Box, Point, label_font, place_points

SIZE: Final = (900, 560)
FRAME: Final[Box] = (70, 60, 870, 500)
LOWEST, HIGHEST = 0.4, 1.0
BARS: Final[Mapping[str, float]] = {"modality": 0.93, "plane": 0.85, "body_part": 0.75}
"""What is asked for on the official dev split."""
AHEAD: Final = 2.0
"""Doublings that the dashed line goes on for."""
FITTED: Final = 3
"""Points at the right end that the line is laid through: two doublings."""
DASH: Final = 8


def gain_per_doubling(points: Sequence[Point]) -> float:
    """The slope of accuracy over the binary logarithm of cases, by least squares at the end."""
    last = points[-FITTED:]
    if len(last) < 2:
        return 0.0
    across = [math.log2(cases) for cases, _ in last]
    middle, height = sum(across) / len(last), sum(up for _, up in last) / len(last)
    steep = sum((x - middle) * (up - height) for x, (_, up) in zip(across, last, strict=True))
    return steep / max(sum((x - middle) ** 2 for x in across), 1e-12)


def cases_for(points: Sequence[Point], wanted: float) -> float:
    """How many cases the line needs to reach an accuracy; infinity where it does not rise.

    It is the least: real curves bend down.
    """
    cases, reached = points[-1]
    if reached >= wanted:
        return cases
    slope = gain_per_doubling(points)
    return cases * 2.0 ** ((wanted - reached) / slope) if slope > 0.0 else math.inf


def points_of(found: Mapping[str, Any], measure: str) -> list[Point]:
    """Cases and accuracy of one measure of `training probe`."""
    return [(float(one["cases"]), float(one[measure]["mean"])) for one in found["points"]]


def draw_growth(found: Mapping[str, Any]) -> PillowImage.Image:
    """Accuracy by cases with its spread, the line that goes on, and the bars (dotted)."""
    page = PillowImage.new("RGB", SIZE, PAPER)
    pen = ImageDraw.Draw(page)
    counts = [float(one["cases"]) for one in found["points"]]
    last = counts[-1] * 2.0**AHEAD
    _axes(pen, counts, last)
    for at, (measure, bar) in enumerate(BARS.items()):
        colour = COLOURS[at]
        points = points_of(found, measure)
        spreads = [float(one[measure]["spread"]) for one in found["points"]]
        slope = gain_per_doubling(points)
        ahead = [points[-1], (last, points[-1][1] + slope * AHEAD)]
        places = _places(points, counts[0], last)
        pen.line(places, fill=colour, width=2)
        for (across, up), spread in zip(places, spreads, strict=True):
            tall = round(spread / (HIGHEST - LOWEST) * (FRAME[3] - FRAME[1]))
            pen.line((across, up - tall, across, up + tall), fill=colour, width=1)
            pen.ellipse((across - 3, up - 3, across + 3, up + 3), fill=colour)
        _dashes(pen, _places(ahead, counts[0], last), colour, DASH)
        _dashes(pen, _places([(counts[0], bar), (last, bar)], counts[0], last), colour, 3)
        label = f"{measure.replace('_', ' ')} {points[-1][1]:.3f}, {slope:+.3f} a doubling"
        pen.text((FRAME[0] + 265 * at, 34), label, fill=colour, font=label_font(13))
    return page


def _axes(pen: ImageDraw.ImageDraw, counts: Sequence[float], last: float) -> None:
    left, _, right, bottom = FRAME
    pen.text((left, 10), "linear reader, five-fold over train cases", fill=INK, font=label_font(14))
    for tenth in range(round(LOWEST * 10), round(HIGHEST * 10) + 1):
        (_, up), *_ = _places([(counts[0], tenth / 10)], counts[0], last)
        pen.line((left, up, right, up), fill=FAINT)
        pen.text((left - 8, up), f"{tenth / 10:.1f}", fill=INK, font=label_font(12), anchor="rm")
    for cases in (*counts, counts[-1] * 2, last):
        (across, _), *_ = _places([(cases, LOWEST)], counts[0], last)
        pen.text((across, bottom + 6), f"{cases:.0f}", fill=INK, font=label_font(12), anchor="ma")
    middle = (left + right) // 2
    said = "cases learnt from; dashed: the slope goes on; dotted: what is asked for"
    pen.text((middle, bottom + 28), said, fill=INK, font=label_font(12), anchor="ma")


def _places(points: Sequence[Point], first: float, last: float) -> list[tuple[int, int]]:
    shifted = [(math.log2(cases / first), up - LOWEST) for cases, up in points]
    return place_points(shifted, FRAME, (max(math.log2(last / first), 1e-9), HIGHEST - LOWEST))


def _dashes(
    pen: ImageDraw.ImageDraw,
    ends: Sequence[tuple[int, int]],
    colour: tuple[int, int, int],
    long: int,
) -> None:
    (left, start), (right, end) = ends
    for across in range(left, right, long * 2):
        stop = min(across + long, right)
        ups = [start + (end - start) * (x - left) / max(right - left, 1) for x in (across, stop)]
        pen.line((across, ups[0], stop, ups[1]), fill=colour, width=1 if long < DASH else 2)
