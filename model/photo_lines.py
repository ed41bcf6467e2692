"""Long straight edges of a picture, each with the side on which it grows brighter; numpy alone."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float64]

LEAST_STEP: Final = 2.5
"""Grey levels a pixel: below is grain."""
_ANGLES: Final = 720
"""Directions in half degrees: a line is known by the side on which it is brighter."""
_TILT: Final = 70
"""Half degrees by which an edge may lean away from upright or level."""
_SPREAD: Final = 6
"""Half degrees by which the gradient of one pixel may err."""
_MOST_STEP: Final = 12.0
"""Grey levels a pixel: below is grain, above counts as this much, so that the dark rim of a screen
weighs as much as white paper on a dark table."""
_LINES: Final = 6
"""Lines tried on each of the four sides."""


@dataclass(frozen=True)
class Line:
    """Points p with p . (cos, sin) = distance from the middle; brighter outside."""

    angle: float
    distance: float
    votes: float


def slopes(grey: Plane) -> tuple[Plane, Plane]:
    """How much brighter the picture grows a pixel further down, and a pixel further right."""
    return np.asarray(np.gradient(grey, axis=0)), np.asarray(np.gradient(grey, axis=1))


def find_lines(across: Plane, down: Plane, middle: int) -> list[Line]:
    """The strongest straight edges that grow brighter towards this direction, in half degrees."""
    height, width = across.shape
    strength = np.hypot(across, down)
    angle = np.rint(np.degrees(np.arctan2(down, across)) * 2).astype(int)
    off = (angle - middle + _ANGLES // 2) % _ANGLES - _ANGLES // 2
    rows, columns = np.nonzero((strength > LEAST_STEP) & (np.abs(off) <= _TILT + _SPREAD))
    if rows.size == 0:
        return []
    weight = np.minimum(strength[rows, columns], _MOST_STEP)
    reach = int(math.hypot(height, width) / 2) + 2
    spans = 2 * _TILT + 1
    votes = np.zeros(spans * 2 * reach)
    x, y = columns - width / 2, rows - height / 2
    for step in range(-_SPREAD, _SPREAD + 1):
        place = off[rows, columns] + step
        inside = np.abs(place) <= _TILT
        turn = np.radians((place + middle) / 2)
        distance = np.rint(x * np.cos(turn) + y * np.sin(turn)).astype(int) + reach
        key = (place + _TILT) * 2 * reach + distance
        votes += np.bincount(key[inside], weight[inside], minlength=votes.size)
    return _peaks(votes.reshape(spans, 2 * reach), middle, reach)


def _peaks(votes: Plane, middle: int, reach: int) -> list[Line]:
    votes, found = votes.copy(), []
    for _ in range(_LINES):
        turn, place = np.unravel_index(int(votes.argmax()), votes.shape)
        if votes[turn, place] <= 0:
            break
        angle = math.radians((int(turn) - _TILT + middle) / 2)
        found.append(Line(angle, float(place) - reach, float(votes[turn, place])))
        votes[max(0, turn - 12) : turn + 13, max(0, place - 3) : place + 4] = 0
    return found
