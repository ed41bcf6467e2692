"""Writing in a photo or a screenshot, which has no header to say so: looked for always, covered."""

from typing import Final

import numpy as np
from PIL import Image as PillowImage
from PIL import ImageDraw

from app.intake.burned_in import Area, cover, find_writing, reached
from app.intake.framing import Framing
from model.pixels import Grey, brightest
from model.straighten import placed_back, straightened
from model.types import Image

_EVEN: Final = 6
"""Grey values by which an even ground may differ from its commonest one."""
_LEAST_GROUND: Final = 0.36
"""3 % of 178 places that look written in 13 pictures of SLAKE have as much, and 86 % of 378 at the
upper and lower edges of 40 of MedPix, most of which are captions."""


def without_writing(whole: Image, framing: Framing) -> tuple[Image, bool]:
    """A picture (uint8[H, W, 3] RGB) with its lines of writing black, and whether there were any.

    Lines on a film that was photographed aslant are level only once it is straightened, so they
    are looked for in that view too and covered where they lie in the photo.
    """
    areas = _plain(whole, writing_in(whole))
    covered = cover(whole, areas)
    if framing.quad is None:
        return covered, bool(areas)
    sheet = straightened(covered, framing.quad)
    on_sheet = _plain(sheet, writing_in(sheet))
    picture = PillowImage.fromarray(covered)
    for corners in placed_back(covered, framing.quad, on_sheet):
        ImageDraw.Draw(picture).polygon(corners, fill=(0, 0, 0))
    return np.asarray(picture, dtype=np.uint8), bool(areas or on_sheet)


def _plain(rgb: Image, areas: list[Area]) -> list[Area]:
    """Those on an even ground, and the lines above and below them that begin or end with them.

    Folds, vessels and grain that look written have no even ground behind them.
    """
    grey = brightest(rgb)
    plain = [area for area in areas if _ground_share(grey, area) >= _LEAST_GROUND]
    others = [area for area in areas if area not in plain]
    return plain + reached(plain, others, _is_next_line)


def _is_next_line(here: Area, other: Area) -> bool:
    height = here[2] - here[0]
    gap = max(here[0], other[0]) - min(here[2], other[2])
    edge = min(abs(here[1] - other[1]), abs(here[3] - other[3]))
    return gap <= height and edge <= height


def _ground_share(grey: Grey, area: Area) -> float:
    """The share of an area's pixels within a few grey values of its commonest one."""
    top, left, bottom, right = area
    counts = np.bincount(grey[top:bottom, left:right].ravel(), minlength=256)
    return float(np.convolve(counts, np.ones(2 * _EVEN + 1)).max() / counts.sum())


def writing_in(rgb: Image) -> list[Area]:
    """The areas of bright and of dark writing in uint8[H, W, 3] RGB."""
    grey = brightest(rgb)
    return find_writing(grey) + find_writing(255 - grey)
