"""Contrast of two colours, and the shades a page needs of the clinic's one colour; pure."""

import re
from dataclasses import dataclass
from typing import Final

LEAST_CONTRAST: Final = 4.5
"""For text of usual size. Source: WCAG 2.2, success criterion 1.4.3."""
GROUNDS: Final = {"white": "#ffffff", "paper": "#eef3f2"}
"""What the colour is written on, or what is written on it, in static/css/base.css."""
DARK_SURFACE: Final = "#16272b"
_HEX: Final = re.compile(r"#[0-9a-fA-F]{6}")

Rgb = tuple[float, float, float]
"""Red, green, blue in [0, 1]."""


@dataclass(frozen=True)
class Shades:
    """The colours of a page in bright and in dark surroundings, as #rrggbb."""

    primary: str
    strong: str
    soft: str
    dark_primary: str
    dark_strong: str
    dark_soft: str
    dark_on: str


def is_colour(text: str) -> bool:
    """Whether a text is a colour as #rrggbb."""
    return bool(_HEX.fullmatch(text))


def contrast(first: str, second: str) -> float:
    """The contrast of two colours, 1 to 21. Source: WCAG 2.2, definition of contrast ratio."""
    low, high = sorted((_luminance(first), _luminance(second)))
    return (high + 0.05) / (low + 0.05)


def least_contrast(colour: str) -> float:
    """The smallest contrast that a colour has with what stands behind or on it."""
    return min(contrast(colour, ground) for ground in GROUNDS.values())


def shades(colour: str) -> Shades:
    """Everything a page needs of one colour; in dark surroundings it is made light enough."""
    bright = colour
    while contrast(bright, DARK_SURFACE) < 2 * LEAST_CONTRAST:
        bright = _mixed(bright, "#ffffff", 0.08)
    return Shades(
        primary=colour,
        strong=_mixed(colour, "#000000", 0.25),
        soft=_mixed(colour, "#ffffff", 0.85),
        dark_primary=bright,
        dark_strong=_mixed(bright, "#ffffff", 0.35),
        dark_soft=_mixed(colour, DARK_SURFACE, 0.6),
        dark_on="#06181b",
    )


def _rgb(colour: str) -> Rgb:
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return red, green, blue


def _luminance(colour: str) -> float:
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in _rgb(colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _mixed(first: str, second: str, share: float) -> str:
    """`share` of the second colour in the first."""
    pairs = zip(_rgb(first), _rgb(second), strict=True)
    return "#" + "".join(f"{round(255 * (a + (b - a) * share)):02x}" for a, b in pairs)
