"""Finds the four corners of a film, a print or a screen in a photo; numpy alone, no model."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from model.photo_lines import LEAST_STEP, Line, Plane, find_lines, slopes
from model.types import Image

Corner = tuple[float, float]
"""(y, x) as a share of the picture's height and width; slightly outside where it is cut off."""
Quad = tuple[Corner, Corner, Corner, Corner]
"""Top left, top right, bottom right, bottom left."""
_Points = NDArray[np.float64]

_SIDE: Final = 320
"""Pixels along the longer side while lines are looked for."""
_FINE_SIDE: Final = 960
"""The same while a found line is laid exactly along its edge."""
_TRIED: Final = 300
_SAMPLES: Final = 64
_LEAST_SUPPORT: Final = 0.62
_LEAST_MEAN: Final = 0.8
_LEAST_AREA: Final = 0.12
_MOST_AREA: Final = 0.97
_MOST_MARGIN: Final = 0.15
"""Of a sheet's longer side: how wide the paper around a print may be."""
_LEAST_TURN: Final = 0.6
"""Degrees: a frame as upright as this was drawn by a program, and no photo needs straightening."""
_RIM: Final = 5
"""Pixels outside of an edge, of 320, where one looks at what the sheet lies on."""
_LEAST_LIGHT: Final = 15.0
_MOST_UNEVEN: Final = 15.0
"""Grey levels (standard deviation) along all sides but one, which a lamp may light."""
_EXACT: Final = 0.25
"""Degrees: two sides this upright or level mean a window on a screen that was copied."""
_LEAST_RATIO: Final = 0.6
"""Of opposite sides: a steeper view shows too little to straighten."""
_LEAST_SQUARE: Final = 0.75
"""Sine of the angle at each corner."""
_OUTSIDE: Final = 0.06
_REFINE: Final = 6


@dataclass(frozen=True)
class _Found:
    """float[4, 2] corners as (x, y) in pixels from the top left one on, and how sure they are."""

    corners: _Points
    score: float


def find_frame(image: Image) -> Quad | None:
    """The corners of the sheet or screen in a photo; None where there is no such frame.

    Args:
        image: uint8[H, W, 3] RGB, upright.
    """
    grey = _grey(image, _SIDE)
    dark, light = _best_quad(grey), _best_quad(-grey)
    found = _inner(dark, light)
    if found is None:
        return None
    if not _is_set_off(grey, found.corners, is_light=found is light):
        return None
    fine = _grey(image, _FINE_SIDE) * (1.0 if found is dark else -1.0)
    corners = _refined(fine, found.corners * fine.shape[1] / grey.shape[1])
    height, width = fine.shape
    if not (_is_photographed(corners) and _are_plausible(corners[None], fine.shape)[0]):
        return None
    first, second, third, fourth = ((float(y / height), float(x / width)) for x, y in corners)
    return first, second, third, fourth


def _inner(dark: _Found | None, light: _Found | None) -> _Found | None:
    """The picture on a sheet rather than the sheet; else what stands out more."""
    if dark is None or light is None:
        return dark or light
    gap = np.abs(dark.corners - light.corners).max() / np.ptp(light.corners, axis=0).max()
    is_nested = _areas(dark.corners) < _areas(light.corners) and gap < _MOST_MARGIN
    return dark if is_nested or dark.score >= light.score else light


def _grey(image: Image, side: int) -> Plane:
    picture = PillowImage.fromarray(image).convert("L")
    picture.thumbnail((side, side), PillowImage.Resampling.BOX)
    values = np.asarray(picture, dtype=np.float64)
    padded = np.pad(values, 1, mode="edge")
    height, width = values.shape
    near = [padded[y : y + height, x : x + width] for y in range(3) for x in range(3)]
    return np.asarray(np.mean(near, axis=0))


def _best_quad(grey: Plane) -> _Found | None:
    """The dark four-sided figure that stands out most from what lies around it."""
    down, across = slopes(grey)
    sides = [find_lines(across, down, middle) for middle in (0, 180, 360, 540)]
    if not all(sides):
        return None
    quads = _quads(sides, grey.shape)
    if len(quads) == 0:
        return None
    support = _support(across, down, quads)
    least, mean = support.min(axis=1), support.mean(axis=1)
    score = (mean + least) / 2 + 0.25 * _areas(quads) / grey.size
    score[(least < _LEAST_SUPPORT) | (mean < _LEAST_MEAN)] = 0.0
    best = int(score.argmax())
    return _Found(quads[best], float(score[best])) if score[best] > 0 else None


def _quads(sides: Sequence[Sequence[Line]], shape: tuple[int, ...]) -> _Points:
    """float[N, 4, 2]: the most promising figures of one line a side, corners from the top left."""
    right, bottom, left, top = (
        one.ravel() for one in np.meshgrid(*(np.arange(len(one)) for one in sides), indexing="ij")
    )
    lines = [
        np.array([(line.angle, line.distance, line.votes) for line in one])[picked].T
        for one, picked in zip(sides, (right, bottom, left, top), strict=True)
    ]
    votes = np.sum([one[2] for one in lines], axis=0)
    order = np.argsort(-votes)
    right_, bottom_, left_, top_ = (one[:, order] for one in lines)
    pairs = ((left_, top_), (top_, right_), (right_, bottom_), (bottom_, left_))
    corners = np.stack([_meetings(*pair) for pair in pairs], axis=1)
    quads = corners + np.array([shape[1] / 2, shape[0] / 2])
    return np.asarray(quads[_are_plausible(quads, shape)][:_TRIED])


def _meetings(one: _Points, other: _Points) -> _Points:
    """float[N, 2]: where two lines meet, (angle, distance) each; far away where they hardly do."""
    turned = np.sin(other[0] - one[0])
    turned = np.where(np.abs(turned) < 0.3, 1e-9, turned)
    x = (one[1] * np.sin(other[0]) - other[1] * np.sin(one[0])) / turned
    y = (other[1] * np.cos(one[0]) - one[1] * np.cos(other[0])) / turned
    return np.stack((x, y), axis=1)


def _are_plausible(quads: _Points, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """bool[N]: whether a sheet seen from not too far aside looks like this."""
    size = np.array([shape[1], shape[0]], dtype=np.float64)
    is_near = ((quads > -_OUTSIDE * size) & (quads < (1 + _OUTSIDE) * size)).all(axis=(1, 2))
    sides = np.roll(quads, -1, axis=1) - quads
    after = np.roll(sides, -1, axis=1)
    turns = sides[..., 0] * after[..., 1] - sides[..., 1] * after[..., 0]
    lengths = np.hypot(sides[..., 0], sides[..., 1]) + 1e-9
    square = (turns / (lengths * np.roll(lengths, -1, axis=1))).min(axis=1)
    ratios = lengths[:, :2] / lengths[:, 2:]
    is_even = (ratios.min(axis=1) > _LEAST_RATIO) & (ratios.max(axis=1) < 1 / _LEAST_RATIO)
    share = _areas(quads) / (size[0] * size[1])
    is_large = (lengths.min(axis=1) > 0.2 * min(shape)) & (share > _LEAST_AREA)
    return np.asarray(
        is_near & (square > _LEAST_SQUARE) & is_even & is_large & (share < _MOST_AREA)
    )


def _is_photographed(corners: _Points) -> bool:
    """Whether it leans: what a program drew lies along the rows and columns of its pixels."""
    sides = np.roll(corners, -1, axis=0) - corners
    lean = np.degrees(np.abs(np.arctan2(sides[:, 1], sides[:, 0]))) % 90
    off = np.minimum(lean, 90 - lean)
    return bool(off.max() > _LEAST_TURN and (off < _EXACT).sum() < 2)


def _is_set_off(grey: Plane, corners: _Points, *, is_light: bool) -> bool:
    """Whether one even, lit thing lies around it: a table, a wall, paper; or a rim within it.

    Straight edges inside of a body have now fat, now air beside them.
    """
    around = _along_sides(grey, corners, _RIM)
    if is_light and len(within := _along_sides(grey, corners, -_RIM)) == 4:
        lit = min(float(np.median(one)) for one in within) > _LEAST_LIGHT
        if lit and max(float(one.std()) for one in within) < _MOST_UNEVEN:
            return True
    if len(around) < 2 or np.median(np.concatenate(around)) < _LEAST_LIGHT:
        return False
    return sorted(float(one.std()) for one in around)[-2] < _MOST_UNEVEN


def _along_sides(grey: Plane, corners: _Points, outwards: int) -> list[Plane]:
    """The grey values on lines beside the four sides, so far outwards; sides cut off left out."""
    rims = []
    for start, stop in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        way = (stop - start) / np.hypot(*(stop - start))
        outward = np.array([way[1], -way[0]])
        along = start + (stop - start) * np.linspace(0.03, 0.97, _SAMPLES)[:, None]
        x, y = np.rint(along + outwards * outward).astype(int).T
        inside = (x >= 0) & (y >= 0) & (x < grey.shape[1]) & (y < grey.shape[0])
        if inside.sum() > _SAMPLES / 4:
            rims.append(grey[y[inside], x[inside]])
    return rims


def _areas(quads: _Points) -> _Points:
    x, y = quads[..., 0], quads[..., 1]
    crossed = x * np.roll(y, -1, axis=-1) - y * np.roll(x, -1, axis=-1)
    return np.asarray(np.abs(crossed.sum(axis=-1)) / 2)


def _support(across: Plane, down: Plane, quads: _Points) -> _Points:
    """float[N, 4]: the share of each side along which the picture grows brighter outwards."""
    ends = np.roll(quads, -1, axis=1)
    way = ends - quads
    way = way / np.hypot(way[..., 0], way[..., 1])[..., None]
    outward = np.stack((way[..., 1], -way[..., 0]), axis=-1)[:, :, None]
    along = np.linspace(0.03, 0.97, _SAMPLES)[:, None]
    points = quads[:, :, None] + (ends - quads)[:, :, None] * along
    best = np.full(points.shape[:3], -np.inf)
    for step in (-1.0, 0.0, 1.0):
        best = np.maximum(best, _steps_at(across, down, points + step * outward, outward))
    seen = np.isfinite(best)
    share = ((best > LEAST_STEP) & seen).sum(axis=2) / np.maximum(seen.sum(axis=2), 1)
    return np.asarray(np.where(seen.mean(axis=2) > 0.6, share, 0.0))


def _steps_at(across: Plane, down: Plane, points: _Points, outward: _Points) -> _Points:
    """How much brighter the picture grows outwards at each point; minus infinity outside of it."""
    x, y = np.moveaxis(np.rint(points).astype(int), -1, 0)
    inside = (x >= 0) & (y >= 0) & (x < across.shape[1]) & (y < across.shape[0])
    x, y = np.clip(x, 0, across.shape[1] - 1), np.clip(y, 0, across.shape[0] - 1)
    steps = across[y, x] * outward[..., 0] + down[y, x] * outward[..., 1]
    return np.asarray(np.where(inside, steps, -np.inf))


def _refined(grey: Plane, corners: _Points) -> _Points:
    """The corners where lines laid exactly along the four edges meet."""
    down, across = slopes(grey)
    lines = [
        _along_the_edge(across, down, start, stop)
        for start, stop in zip(corners, np.roll(corners, -1, axis=0), strict=True)
    ]
    # Sides run from corner to corner, so corner n lies between side n - 1 and side n.
    found = []
    for number, corner in enumerate(corners):
        (p, d), (q, e) = lines[number - 1], lines[number]
        turned = d[0] * e[1] - d[1] * e[0]
        if abs(turned) < 0.3:
            return corners
        share = ((q[0] - p[0]) * e[1] - (q[1] - p[1]) * e[0]) / turned
        met = p + share * d
        found.append(met if np.hypot(*(met - corner)) < 5 * _REFINE else corner)
    return np.array(found)


def _along_the_edge(
    across: Plane, down: Plane, start: _Points, stop: _Points
) -> tuple[_Points, _Points]:
    """(a point, a direction) of the straight line through the steepest points near a side."""
    way = (stop - start) / np.hypot(*(stop - start))
    outward = np.array([way[1], -way[0]])
    shares = np.linspace(0.04, 0.96, 4 * _SAMPLES)[:, None]
    points = start + (stop - start) * shares
    offsets = np.arange(-_REFINE, _REFINE + 1)
    near = points[:, None] + offsets[None, :, None] * outward
    steps = _steps_at(across, down, near, outward[None, None])
    strong = steps.max(axis=1) > LEAST_STEP / 2
    if strong.sum() < _SAMPLES:
        return start, way
    place = shares[strong, 0] * np.hypot(*(stop - start))
    off = offsets[steps[strong].argmax(axis=1)].astype(np.float64)
    slope, base = np.polyfit(place, off, 1)
    for _ in range(3):
        fits = np.abs(off - (slope * place + base)) < 1.5
        if fits.sum() < _SAMPLES / 2:
            break
        slope, base = np.polyfit(place[fits], off[fits], 1)
    return start + base * outward, way + slope * outward
