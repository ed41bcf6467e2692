"""Outlines of masks: edge tracing, simplifying and the point a number can stand on; numpy only."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from model.types import Mask

DEFAULT_TOLERANCE: Final = 0.8
"""Pixels an outline may stray; below 0.7 the stair steps of the pixels stay visible."""
MIN_LOOP_AREA: Final = 6.0
"""Square pixels; smaller loops are specks of the mask codec, nothing a finger can meet."""
ANCHOR_GRID: Final = 96
"""Most samples along one side of the box in which the anchor is sought."""

Loop = NDArray[np.float64]
"""float64[N, 2] of (x, y) in picture pixels, closed without repeating the first point."""


def outline_paths(mask: Mask, tolerance: float = DEFAULT_TOLERANCE) -> str:
    """SVG path data along the pixel edges of bool[H, W], for fill-rule evenodd; "" when empty.

    Coordinates are picture pixels: a mask that fills the picture gives M0 0 to W H.
    """
    loops = (simplify(loop, tolerance) for loop in trace_loops(mask))
    return "".join(_path(loop) for loop in loops if len(loop) >= 3)


def trace_loops(mask: Mask) -> list[Loop]:
    """The closed borders of bool[H, W], outer ones and holes, largest first."""
    starts, ends = _edges(mask)
    following: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for (x, y), (to_x, to_y) in zip(starts.tolist(), ends.tolist(), strict=True):
        following.setdefault((x, y), []).append((to_x, to_y))
    loops = []
    while following:
        loops.append(np.array(_walk(following), dtype=np.float64))
    kept = [loop for loop in loops if abs(signed_area(loop)) >= MIN_LOOP_AREA]
    return sorted(kept, key=lambda loop: -abs(signed_area(loop)))


def signed_area(loop: Loop) -> float:
    """The area of a loop in square pixels; outer borders and holes differ in sign."""
    x, y = loop[:, 0], loop[:, 1]
    return float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2


def simplify(loop: Loop, tolerance: float) -> Loop:
    """A loop with fewer corners that strays at most `tolerance` pixels.

    Source: Douglas and Peucker 1973, with two far points as the fixed ends of two open halves.
    """
    if len(loop) < 4 or tolerance <= 0:
        return loop
    far = int(np.argmax(((loop - loop[0]) ** 2).sum(axis=1)))
    first = _thin(loop[: far + 1], tolerance)
    second = _thin(np.vstack([loop[far:], loop[:1]]), tolerance)
    return np.vstack([first[:-1], second[:-1]])


def anchor_point(mask: Mask) -> tuple[float, float]:
    """A point (x, y) in picture pixels that lies inside the mask, far from its border.

    Raises:
        ValueError: the mask is empty.
    """
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        raise ValueError("an empty mask has no inside")
    top, left = int(rows[0]), int(columns[0])
    part = mask[top : rows[-1] + 1, left : columns[-1] + 1]
    step = max(1, -(-max(part.shape) // ANCHOR_GRID))
    samples = part[::step, ::step]
    if not samples.any():  # thinner than the grid
        step, samples = 1, part
    y, x = _innermost(samples)
    return (left + x * step + 0.5, top + y * step + 0.5)


def _innermost(samples: Mask) -> tuple[int, int]:
    """Peel layers off until nothing is left; the last layer's point nearest its middle."""
    layer = np.pad(samples, 1)
    while True:
        inner = layer.copy()
        inner[1:-1, 1:-1] &= layer[:-2, 1:-1] & layer[2:, 1:-1] & layer[1:-1, :-2] & layer[1:-1, 2:]
        if not inner.any():
            break
        layer = inner
    points = np.argwhere(layer) - 1
    nearest = np.argmin(((points - points.mean(axis=0)) ** 2).sum(axis=1))
    return int(points[nearest][0]), int(points[nearest][1])


def _edges(mask: Mask) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Start and end of every pixel edge between inside and outside, inside to the right hand."""
    padded = np.pad(mask, 1).astype(np.int8)
    down = padded[1:, 1:-1] - padded[:-1, 1:-1]  # across horizontal edges: [H + 1, W]
    along = padded[1:-1, 1:] - padded[1:-1, :-1]  # across vertical edges: [H, W + 1]
    top, bottom = np.argwhere(down == 1), np.argwhere(down == -1)
    left, right = np.argwhere(along == 1), np.argwhere(along == -1)
    one_down, one_right = np.array([1, 0]), np.array([0, 1])
    starts = [top, bottom + one_right, left + one_down, right]
    ends = [top + one_right, bottom, left, right + one_down]
    return np.vstack(starts)[:, ::-1], np.vstack(ends)[:, ::-1]


def _walk(following: dict[tuple[int, int], list[tuple[int, int]]]) -> list[tuple[int, int]]:
    """Take one loop out of the edges; where two pixels meet at a corner, it turns right."""
    start = next(iter(following))
    loop, point, heading = [start], start, (0, 0)
    while True:
        choices = following[point]
        end = max(choices, key=lambda to: _turn(heading, point, to))
        choices.remove(end)
        if not choices:
            del following[point]
        heading = (end[0] - point[0], end[1] - point[1])
        point = end
        if point == start:
            return loop
        loop.append(point)


def _turn(heading: tuple[int, int], point: tuple[int, int], to: tuple[int, int]) -> int:
    return heading[0] * (to[1] - point[1]) - heading[1] * (to[0] - point[0])


def _thin(line: Loop, tolerance: float) -> Loop:
    """An open line thinned without recursion: outlines reach tens of thousands of points."""
    keep = np.zeros(len(line), dtype=bool)
    keep[[0, -1]] = True
    open_parts = [(0, len(line) - 1)]
    while open_parts:
        low, high = open_parts.pop()
        if high - low < 2:
            continue
        away = _distances(line[low + 1 : high], line[low], line[high])
        worst = int(np.argmax(away))
        if away[worst] > tolerance:
            middle = low + 1 + worst
            keep[middle] = True
            open_parts += [(low, middle), (middle, high)]
    return line[keep]


def _distances(
    points: Loop, start: NDArray[np.float64], end: NDArray[np.float64]
) -> NDArray[np.float64]:
    way = end - start
    length = float(np.hypot(*way))
    off = points - start
    if length == 0:
        return np.asarray(np.hypot(off[:, 0], off[:, 1]))
    return np.asarray(np.abs(way[0] * off[:, 1] - way[1] * off[:, 0]) / length)


def _path(loop: Loop) -> str:
    corners = [f"{x:g} {y:g}" for x, y in loop.tolist()]
    return f"M{corners[0]}L{' '.join(corners[1:])}Z"
