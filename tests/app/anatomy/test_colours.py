"""The structures' colours as people see them who see few colours.

What is near in colour to such eyes must differ in its pattern; number and name stand beside both.
"""

import itertools
import sys

import numpy as np
import pytest
from numpy.typing import NDArray

from app.anatomy.catalogue import Structure, load

CLEAR = 10.0
"""CIE76 distance at which two patches side by side are told apart at a glance."""
# Machado, Oliveira and Fernandes 2009, severity 1.0, on linear RGB.
SEES = {
    "everything": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritanopia": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}
TO_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)
WHITE = np.array([0.95047, 1.0, 1.08883])


def lab(colour: str, sees: NDArray[np.float64]) -> NDArray[np.float64]:
    """A colour as these eyes see it, in CIELAB."""
    values = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    part = TO_XYZ @ np.clip(sees @ linear, 0, 1) / WHITE
    f = np.where(part > 216 / 24389, np.cbrt(part), (24389 / 27 * part + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def pairs_in_one_picture() -> list[tuple[Structure, Structure]]:
    known = [one for one in load().structures.values() if one.reliable]
    return [
        (one, other)
        for one, other in itertools.combinations(known, 2)
        if set(one.regions) & set(other.regions)
        and set(one.modalities) & set(other.modalities)
        and set(one.planes) & set(other.planes)
    ]


def test_known_distances() -> None:
    eyes = SEES["everything"]
    assert np.linalg.norm(lab("#ffffff", eyes) - lab("#000000", eyes)) == pytest.approx(
        100, abs=0.1
    )
    red_green = [lab(one, SEES["deuteranopia"]) for one in ("#c04040", "#6e7a2e")]
    assert np.linalg.norm(red_green[0] - red_green[1]) < 25


@pytest.mark.parametrize("eyes", sorted(SEES))
def test_what_looks_alike_to_some_eyes_has_another_pattern(eyes: str) -> None:
    pairs = pairs_in_one_picture()
    near = [
        (one, other)
        for one, other in pairs
        if np.linalg.norm(lab(one.colour, SEES[eyes]) - lab(other.colour, SEES[eyes])) < CLEAR
    ]
    same = [(one.key, other.key) for one, other in near if one.pattern == other.pattern]
    share = len(near) / len(pairs)
    sys.stdout.write(f"\n{eyes}: {len(near)} of {len(pairs)} pairs near ({share:.1%})\n")
    assert same == []
