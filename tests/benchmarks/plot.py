"""Curves and bars as a small PNG, drawn with pillow."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from PIL import Image, ImageDraw

Point = tuple[float, float]
COLOURS = ("#1f6f8b", "#c06c2b", "#4a7c3a", "#7a4f9a", "#555555")
WIDTH, HEIGHT, EDGE = 720, 420, 56
STEPS = 5


def draw_curves(
    path: Path, title: str, axes: tuple[str, str], curves: Mapping[str, Sequence[Point]]
) -> None:
    """Each curve with its name; both axes begin at nothing."""
    picture = Image.new("RGB", (WIDTH, HEIGHT), "white")
    draw = ImageDraw.Draw(picture)
    most_x = _round_end(max(x for curve in curves.values() for x, _ in curve))
    most_y = _round_end(max(y for curve in curves.values() for _, y in curve))

    def at(point: Point) -> Point:
        x = EDGE + point[0] / most_x * (WIDTH - 2 * EDGE)
        return x, HEIGHT - EDGE - point[1] / most_y * (HEIGHT - 2 * EDGE)

    for step in range(STEPS + 1):
        (x, y), share = at((most_x * step / STEPS, most_y * step / STEPS)), step / STEPS
        draw.line([(EDGE, y), (WIDTH - EDGE, y)], fill="#dddddd")
        draw.text((8, y - 6), f"{most_y * share:g}", fill="black")
        draw.text((x - 8, HEIGHT - EDGE + 6), f"{most_x * share:g}", fill="black")
    draw.text((EDGE, 12), title, fill="black")
    draw.text((WIDTH // 2 - 60, HEIGHT - 24), axes[0], fill="black")
    draw.text((8, EDGE - 22), axes[1], fill="black")
    for number, (name, curve) in enumerate(curves.items()):
        colour = COLOURS[number % len(COLOURS)]
        places = [at(point) for point in curve]
        draw.line(places, fill=colour, width=3)
        for x, y in places:
            draw.ellipse([x - 3, y - 3, x + 3, y + 3], fill=colour)
        draw.text((EDGE + 12, EDGE + 4 + 16 * number), name, fill=colour)
    picture.save(path, optimize=True)


def _round_end(most: float) -> float:
    """The end of an axis whose five steps are round numbers."""
    power = 10.0 ** math.floor(math.log10((most or 1.0) / STEPS))
    return next(STEPS * power * one for one in (1, 2, 2.5, 5, 10) if STEPS * power * one >= most)


def draw_bars(path: Path, title: str, bars: Mapping[str, float]) -> None:
    """One bar a name, with its number."""
    picture = Image.new("RGB", (WIDTH, 40 + 28 * max(1, len(bars))), "white")
    draw = ImageDraw.Draw(picture)
    draw.text((12, 12), title, fill="black")
    most = max([*bars.values(), 1.0])
    for number, (name, value) in enumerate(bars.items()):
        y = 36 + 28 * number
        draw.text((12, y + 4), name, fill="black")
        draw.rectangle([300, y, 300 + 340 * value / most, y + 18], fill=COLOURS[number % 5])
        draw.text((306 + 340 * value / most, y + 4), f"{value:.2f}", fill="black")
    picture.save(path, optimize=True)
