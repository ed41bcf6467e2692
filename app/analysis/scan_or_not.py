"""Whether a picture is a scan at all: its colours, its facts, and the model's own word."""

from typing import Final

import numpy as np

from model.picture_facts import measure_facts
from model.picture_score import shipped_scorer
from model.pixels import brightest
from model.straighten import sharpness
from model.types import Image

CLEAR_COLOUR: Final = 40
"""Grey levels between the strongest and the weakest channel of a pixel."""
COLOUR_SHARE: Final = 0.05
LEAST_CONTRAST: Final = 20.0
"""Grey levels between the darkest and the brightest hundredth."""
LEAST_SHARPNESS: Final = 0.17
"""Real scans of two packs (283) reach down to 0.28; blurred by a hundredth of their side, photos of
films fall below 0.2."""
LEAST_SCORE: Final = 0.0
"""Log-odds. Chosen by cross-validation over train pictures: 1.1 % of scans lie below, 1.0 % of
drawn pictures above. Held-out scans of two packs, writing covered: 0 of 283 lie below."""


def is_scan(image: Image, *, from_scanner: bool, model_agrees: bool) -> bool:
    """Whether to treat a picture (uint8[H, W, 3] RGB) as a scan.

    A picture from a scanner is one whatever a small model or its facts say; any other picture
    needs all three: hardly any colour, the facts of a scan, and a model that does not object.
    """
    if from_scanner:
        return True
    if is_colourful(image) or not model_agrees:
        return False
    return shipped_scorer().score(measure_facts(image)) >= LEAST_SCORE


def is_too_poor(image: Image) -> bool:
    """Whether hardly anything can be told in a picture: all of one grey, or all of it blurred."""
    low, high = np.percentile(image, (1, 99))
    return bool(high - low < LEAST_CONTRAST) or sharpness(image) < LEAST_SHARPNESS


def is_colourful(image: Image) -> bool:
    """Whether more than a twentieth of a picture has clear colour; CT, MR and X-ray are grey.

    Of 18 pictures that are no scans all 12 in colour are above the bound; of 22 phone photos and
    screenshots of scans none is: their tint stays weak.
    """
    spread = brightest(image).astype(np.int16) - image.min(axis=2)
    return bool(np.mean(spread > CLEAR_COLOUR) > COLOUR_SHARE)
