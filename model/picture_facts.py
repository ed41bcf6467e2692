"""Simple facts of a picture as numbers: colour, greys, edges, noise, symmetry, likeness to text.

No model is asked here; training and serving measure the same pixels in the same way.
"""

import itertools
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from model.picture_texture import TEXTURE, measure_texture
from model.types import Image

FACTS_VERSION: Final = "2"
_SIDE: Final = 128
"""Pixels; every picture is squashed to this square, so that a fact means the same everywhere."""
_FINE_SIDE: Final = 256
"""The same for grain and straight lines, which a smaller square would smear."""
_GREYS: Final = np.array([0.299, 0.587, 0.114], dtype=np.float32)
"""Red, green and blue as the eye weighs them (ITU-R BT.601)."""
_GREY_STEPS: Final = (8, 24, 48, 80, 112, 144, 176, 208, 232, 248)
_CLEAR_COLOUR: Final = (16, 40, 90)
_BANDS: Final = (2, 4, 8, 14, 22, 32, 46, 64)
"""Edges of the rings of the power spectrum, in cycles per picture."""
_RINGS: Final = (0.25, 0.5, 0.75, 1.0, 1.5)
_BLOCK: Final = 8
_EDGE: Final = (12, 32, 80)
_Plane = NDArray[np.float32]

FACTS: Final = (
    *(f"colour above {level}" for level in _CLEAR_COLOUR),
    "mean colour",
    *(f"darker than {step}" for step in _GREY_STEPS),
    "spread of greys",
    "kinds of greys",
    *(f"edges above {level}" for level in _EDGE),
    "edges along the axes",
    "edges across rather than down",
    "fine noise",
    "flat blocks",
    "spread of block deviations",
    "black and white blocks",
    "left like right",
    "top like bottom",
    *(f"ring {ring} grey" for ring in _RINGS),
    "dark rim",
    "bright rim",
    "even rim",
    "rim to middle",
    *(f"waves {low} to {high}" for low, high in itertools.pairwise(_BANDS)),
    "waves along the axes",
    "lines of rows",
    "lines of columns",
    "largest dark area at the rim",
    "skewness of greys",
    *TEXTURE,
)
"""The names of the numbers that measure_facts gives, in its order."""


def measure_facts(image: Image) -> NDArray[np.float32]:
    """float32[len(FACTS)]: the facts of a picture, uint8[H, W, 3] RGB."""
    picture = PillowImage.fromarray(image)
    small, fine = (
        np.asarray(picture.resize((side, side), PillowImage.Resampling.BOX), dtype=np.float32)
        for side in (_SIDE, _FINE_SIDE)
    )
    grey: _Plane = np.asarray(small @ _GREYS, dtype=np.float32)
    facts = [
        *_colour(small),
        *_greys(grey),
        *_edges(grey),
        *_blocks(grey),
        *_symmetry(grey),
        *_places(grey),
        *_waves(grey),
        *_lines(grey),
        _dark_at_the_rim(grey),
        _skewness(grey),
        *measure_texture(np.asarray(fine @ _GREYS, dtype=np.float32)),
    ]
    return np.nan_to_num(np.array(facts, dtype=np.float32))


def _colour(small: _Plane) -> list[float]:
    spread = small.max(axis=2) - small.min(axis=2)
    return [*(float((spread > level).mean()) for level in _CLEAR_COLOUR), float(spread.mean())]


def _greys(grey: _Plane) -> list[float]:
    shares = [float((grey < step).mean()) for step in _GREY_STEPS]
    counts = np.histogram(grey, bins=64, range=(0, 256))[0] / grey.size
    entropy = -float(np.sum(counts * np.log2(counts + 1e-9)))
    return [*shares, float(grey.std()), entropy]


def _edges(grey: _Plane) -> list[float]:
    across, down = np.abs(np.diff(grey, axis=1))[:-1], np.abs(np.diff(grey, axis=0))[:, :-1]
    strength = np.hypot(across, down)
    strong = strength > _EDGE[0]
    axial = (np.minimum(across, down) < 0.2 * np.maximum(across, down)) & strong
    return [
        *(float((strength > level).mean()) for level in _EDGE),
        float(axial.sum() / max(1, strong.sum())),
        float((across.sum() - down.sum()) / (across.sum() + down.sum() + 1)),
        float(np.median(np.abs(grey[1:-1, 1:-1] * 2 - grey[1:-1, :-2] - grey[1:-1, 2:]))),
    ]


def _blocks(grey: _Plane) -> list[float]:
    count = _SIDE // _BLOCK
    tiles = grey.reshape(count, _BLOCK, count, _BLOCK).swapaxes(1, 2).reshape(-1, _BLOCK * _BLOCK)
    deviations = tiles.std(axis=1)
    ends = ((tiles < 60) | (tiles > 195)).mean(axis=1)
    return [
        float((deviations < 3).mean()),
        float(deviations.std() / (deviations.mean() + 1)),
        float(((ends > 0.8) & (deviations > 40)).mean()),
    ]


def _symmetry(grey: _Plane) -> list[float]:
    coarse = grey.reshape(32, 4, 32, 4).mean(axis=(1, 3))
    return [_likeness(coarse, coarse[:, ::-1]), _likeness(coarse, coarse[::-1])]


def _likeness(one: _Plane, other: _Plane) -> float:
    spread = one.std() * other.std()
    return float(((one - one.mean()) * (other - other.mean())).mean() / (spread + 1))


def _places(grey: _Plane) -> list[float]:
    rows, columns = np.mgrid[-1 : 1 : _SIDE * 1j, -1 : 1 : _SIDE * 1j]
    radius = np.hypot(rows, columns)
    lows = (0.0, *_RINGS[:-1])
    rings = [
        float(grey[(radius >= low) & (radius < high)].mean())
        for low, high in zip(lows, _RINGS, strict=True)
    ]
    rim = np.concatenate(
        (grey[:4].ravel(), grey[-4:].ravel(), grey[:, :4].ravel(), grey[:, -4:].ravel())
    )
    middle = grey[_SIDE // 4 : -_SIDE // 4, _SIDE // 4 : -_SIDE // 4].mean()
    return [
        *rings,
        float((rim < 24).mean()),
        float((rim > 200).mean()),
        float(rim.std()),
        float(rim.mean() - middle),
    ]


def _waves(grey: _Plane) -> list[float]:
    window = np.hanning(_SIDE)
    spectrum = np.abs(np.fft.rfft2((grey - grey.mean()) * np.outer(window, window))) ** 2
    down = np.fft.fftfreq(_SIDE, 1 / _SIDE)[:, None]
    across = np.fft.rfftfreq(_SIDE, 1 / _SIDE)[None]
    radius = np.hypot(down, across)
    total = spectrum.sum() + 1
    bands = [
        float(np.log10(spectrum[(radius >= low) & (radius < high)].sum() / total + 1e-6))
        for low, high in itertools.pairwise(_BANDS)
    ]
    near_axis = ((np.abs(down) < 2) | (np.abs(across) < 2)) & (radius > 8)
    return [*bands, float(spectrum[near_axis].sum() / (spectrum[radius > 8].sum() + 1))]


def _lines(grey: _Plane) -> list[float]:
    """How much rows (and columns) as a whole alternate: pages, bricks and charts do."""
    strength = np.abs(np.diff(grey, axis=1))
    by_row = strength.mean(axis=1)
    strength = np.abs(np.diff(grey, axis=0))
    by_column = strength.mean(axis=0)
    return [
        float(np.abs(np.diff(profile)).mean() / (profile.mean() + 1))
        for profile in (by_row, by_column)
    ]


def _dark_at_the_rim(grey: _Plane) -> float:
    """The share of rows and columns that are dark from a rim to where the body begins."""
    dark = grey < 32
    runs = [
        np.logical_and.accumulate(turned, axis=0)
        for turned in (dark, dark[::-1], dark.T, dark.T[::-1])
    ]
    seen = runs[0] | runs[1][::-1] | runs[2].T | runs[3][::-1].T
    return float(seen.mean())


def _skewness(grey: _Plane) -> float:
    return float((((grey - grey.mean()) / (grey.std() + 1)) ** 3).mean())
