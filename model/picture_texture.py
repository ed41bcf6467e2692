"""Facts of grain, layers, straight lines, even areas and outline, from a picture's greys alone.

Ultrasound has grain that grows with brightness and lies along the layers; things made by people
have long straight edges and areas of one tone; a body has neither. Part of model.picture_facts.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

_Plane = NDArray[np.float32]
_LAGS: Final = (1, 2, 4)
_GRAIN: Final = 5
"""Pixels of the square whose mean is taken away to leave the grain."""
_BLOCK: Final = 8
_LIT: Final = 14.0
"""Grey values above this are no air around a body or a fan."""
_WINDOWS: Final = (3, 9)
"""Pixels of half the resolution, as is the gradient: at the whole one it takes 10 ms."""
_CLEAR_EDGE: Final = 24.0
_DIRECTIONS: Final = 16
_FEW_TONES: Final = 6

TEXTURE: Final = (
    *(f"grain alike {lag} {way}" for way in ("across", "down") for lag in _LAGS),
    "grain grows with brightness",
    "grain to brightness",
    "layers of rows",
    "layers of columns",
    "darker downwards",
    "darker to the right",
    *(f"straight within {size}" for size in _WINDOWS),
    "edges in one direction",
    "kinds of directions",
    "areas of one tone",
    "grey areas of one tone",
    "greys in few tones",
    "wider downwards",
    "width above to below",
    "filled between its edges",
    "dark corners above to below",
)
"""The names of the numbers that measure_texture gives, in its order."""


def measure_texture(grey: _Plane) -> list[float]:
    """The facts of a square of greys, float32[N, N] in [0, 255]."""
    return [*_grain(grey), *_layers(grey), *_straightness(grey), *_tones(grey), *_outline(grey)]


def _means(plane: _Plane, size: int) -> _Plane:
    """The mean of the square of `size` pixels (odd) around each pixel."""
    half = size // 2
    padded = np.pad(plane.astype(np.float64), ((half + 1, half), (half + 1, half)), mode="edge")
    sums = padded.cumsum(0).cumsum(1)
    whole = sums[size:, size:] - sums[:-size, size:] - sums[size:, :-size] + sums[:-size, :-size]
    return np.asarray(whole / size**2, dtype=np.float32)


def _grain(grey: _Plane) -> list[float]:
    smooth = _means(grey, _GRAIN)
    rest = np.where(smooth > _LIT, grey - smooth, 0)
    power = float((rest**2).mean()) + 1
    alike = [float((rest[:, :-lag] * rest[:, lag:]).mean()) / power for lag in _LAGS]
    alike += [float((rest[:-lag] * rest[lag:]).mean()) / power for lag in _LAGS]
    count = len(grey) // _BLOCK
    tiles = grey.reshape(count, _BLOCK, count, _BLOCK).swapaxes(1, 2).reshape(count**2, -1)
    means, spreads = tiles.mean(axis=1), np.abs(np.diff(tiles, axis=1)).mean(axis=1)
    lit = means > _LIT
    if lit.sum() < 3:
        return [*alike, 0.0, 0.0]
    means, spreads = means[lit], spreads[lit]
    ratio = float((means * spreads).sum() / (means**2).sum())
    return [*alike, _likeness(means, spreads), ratio]


def _likeness(one: NDArray[np.floating], other: NDArray[np.floating]) -> float:
    spread = float(one.std() * other.std())
    return float(((one - one.mean()) * (other - other.mean())).mean()) / (spread + 1e-3)


def _layers(grey: _Plane) -> list[float]:
    total = float(grey.var()) + 1
    rows, columns = grey.mean(axis=1), grey.mean(axis=0)
    places = np.linspace(-1, 1, len(grey))
    return [
        float(rows.var()) / total,
        float(columns.var()) / total,
        _likeness(rows, places),
        _likeness(columns, places),
    ]


def _straightness(grey: _Plane) -> list[float]:
    """How much the edges near each clear edge run the same way, and how few ways there are."""
    half = len(grey) // 2
    down, across = np.gradient(grey.reshape(half, 2, half, 2).mean(axis=(1, 3)))
    strength = np.hypot(down, across)
    clear = strength > _CLEAR_EDGE
    if clear.sum() < 20:
        return [0.0] * (len(_WINDOWS) + 2)
    found = []
    for size in _WINDOWS:
        xx, yy, xy = (_means(one, size) for one in (across**2, down**2, across * down))
        coherence = np.hypot(xx - yy, 2 * xy) / (xx + yy + 1e-3)
        found.append(float(coherence[clear].mean()))
    angles = np.arctan2(down, across)[clear] % np.pi
    counts = np.histogram(angles, bins=_DIRECTIONS, range=(0, np.pi), weights=strength[clear])[0]
    shares = counts / counts.sum()
    entropy = -float((shares * np.log2(shares + 1e-9)).sum())
    return [*found, float(shares.max()), entropy]


def _tones(grey: _Plane) -> list[float]:
    steps = np.maximum(np.abs(np.diff(grey, axis=0))[:, :-1], np.abs(np.diff(grey, axis=1))[:-1])
    even, inner = steps < 1.5, grey[:-1, :-1]
    between = (inner > _LIT) & (inner < 248)
    counts = np.histogram(inner[between], bins=128, range=(0, 256))[0]
    most = float(np.sort(counts)[-_FEW_TONES:].sum()) / (float(counts.sum()) + 1)
    return [float(even.mean()), float((even & between).mean()), most]


def _outline(grey: _Plane) -> list[float]:
    """The shape of what is lit: a fan grows wider downwards between two straight sides."""
    lit = _means(grey, 7) > _LIT
    rows = np.flatnonzero(lit.any(axis=1))
    if rows.size < 8:
        return [0.0] * 4
    first, last = lit.argmax(axis=1)[rows], lit.shape[1] - lit[:, ::-1].argmax(axis=1)[rows]
    widths = (last - first).astype(np.float32)
    fifth = max(1, rows.size // 5)
    corner = len(grey) // 6
    above = float((~lit[:corner, :corner]).mean() + (~lit[:corner, -corner:]).mean())
    below = float((~lit[-corner:, :corner]).mean() + (~lit[-corner:, -corner:]).mean())
    return [
        _likeness(widths, np.arange(rows.size, dtype=np.float32)),
        float(widths[:fifth].mean() / (widths[-fifth:].mean() + 1)),
        float(lit.sum() / widths.sum()),
        above - below,
    ]
