"""What is painted for each kind of demonstration picture: numbers alone, chosen by eye."""

from typing import Final

import numpy as np

from app.references.drawn import Drawing, Ellipse


def _ring(x: float, y: float, rx: float, ry: float, size: float, grey: float) -> list[Ellipse]:
    """Ribs as a slice meets them: eleven short bars along an oval, none in front."""
    turns = [t for t in range(-60, 241, 30) if t != 90]
    return [
        (
            x + rx * float(np.cos(np.radians(t))),
            y + ry * float(np.sin(np.radians(t))),
            size,
            size * 0.45,
            t + 90.0,
            grey,
        )
        for t in turns
    ]


def _ribs(grey: float) -> list[Ellipse]:
    """Ribs of a frontal chest picture: pairs of flat bars that slope away from the spine."""
    pairs = [(0.2 + 0.075 * n, 0.13 + 0.012 * min(n, 5)) for n in range(7)]
    left = [(0.5 - half - 0.02, y, half, 0.009, -16.0, grey) for y, half in pairs]
    right = [(0.5 + half + 0.02, y, half, 0.009, 16.0, grey) for y, half in pairs]
    return [*left, *right]


def _spine(x: float, y: float, grey: float, canal: float) -> list[Ellipse]:
    return [
        (x, y + 0.09, 0.02, 0.06, 0, grey - 20),
        (x - 0.07, y + 0.06, 0.06, 0.018, 20, grey - 20),
        (x + 0.07, y + 0.06, 0.06, 0.018, -20, grey - 20),
        (x, y, 0.062, 0.052, 0, grey),
        (x, y + 0.06, 0.022, 0.018, 0, canal),
    ]


def _head_slice(skull: float, brain: float, inner: float, water: float) -> tuple[Ellipse, ...]:
    folds = [
        (
            0.5 + 0.285 * float(np.cos(t)),
            0.5 + 0.36 * float(np.sin(t)),
            0.03,
            0.009,
            float(np.degrees(t)),
            (brain + water) / 2,
        )
        for t in np.linspace(0, 2 * np.pi, 26, endpoint=False)
    ]
    return (
        (0.5, 0.5, 0.38, 0.455, 0, 95),
        (0.5, 0.5, 0.362, 0.437, 0, skull),
        (0.5, 0.5, 0.33, 0.405, 0, water),
        (0.5, 0.5, 0.32, 0.395, 0, brain),
        *folds,
        (0.385, 0.5, 0.12, 0.25, 6, inner),
        (0.615, 0.5, 0.12, 0.25, -6, inner),
        (0.5, 0.5, 0.004, 0.39, 0, (brain + skull) / 2),
        (0.462, 0.42, 0.02, 0.085, 14, water),
        (0.538, 0.42, 0.02, 0.085, -14, water),
        (0.455, 0.6, 0.018, 0.07, -22, water),
        (0.545, 0.6, 0.018, 0.07, 22, water),
        (0.435, 0.5, 0.03, 0.045, 0, brain),
        (0.565, 0.5, 0.03, 0.045, 0, brain),
    )


def _trunk(fat: float, muscle: float) -> list[Ellipse]:
    return [(0.5, 0.5, 0.455, 0.345, 0, fat), (0.5, 0.5, 0.415, 0.31, 0, muscle)]


def _chest_slice(soft: float, blood: float, air: float, bone: float) -> tuple[Ellipse, ...]:
    vessels = [(0.29 + 0.03 * n, 0.4 + 0.04 * n, 0.008, 0.008, 0, soft) for n in range(5)]
    mirrored = [(1 - x, y, a, b, t, g) for x, y, a, b, t, g in vessels]
    return (
        *_trunk(soft * 0.55, soft),
        *_ring(0.5, 0.5, 0.385, 0.285, 0.045, bone),
        (0.3, 0.49, 0.155, 0.225, 8, air),
        (0.7, 0.49, 0.155, 0.225, -8, air),
        *vessels,
        *mirrored,
        (0.5, 0.5, 0.07, 0.2, 0, soft * 0.8),
        (0.55, 0.42, 0.135, 0.115, -25, blood),
        (0.57, 0.43, 0.06, 0.05, -25, blood * 1.12),
        (0.56, 0.62, 0.034, 0.034, 0, blood * 1.1),
        (0.5, 0.21, 0.05, 0.016, 0, bone),
        *_spine(0.5, 0.68, bone, soft),
    )


def _belly_slice(soft: float, liver: float, spleen: float, bone: float) -> tuple[Ellipse, ...]:
    return (
        *_trunk(soft * 0.45, soft),
        (0.5, 0.48, 0.375, 0.265, 0, soft * 0.5),
        *_ring(0.5, 0.5, 0.395, 0.29, 0.035, bone),
        (0.33, 0.44, 0.2, 0.205, 20, liver),
        (0.5, 0.36, 0.12, 0.07, 5, liver),
        (0.64, 0.38, 0.12, 0.08, -20, soft * 0.9),
        (0.66, 0.36, 0.06, 0.03, -10, soft * 0.2),
        (0.79, 0.52, 0.06, 0.115, 18, spleen),
        (0.52, 0.5, 0.09, 0.025, -12, soft * 1.15),
        (0.34, 0.65, 0.055, 0.075, -15, liver * 1.15),
        (0.66, 0.65, 0.055, 0.075, 15, liver * 1.15),
        (0.355, 0.65, 0.02, 0.035, -15, soft * 0.6),
        (0.645, 0.65, 0.02, 0.035, 15, soft * 0.6),
        (0.53, 0.585, 0.03, 0.03, 0, liver * 1.12),
        (0.455, 0.585, 0.036, 0.026, 0, liver * 1.02),
        (0.41, 0.7, 0.045, 0.05, 0, soft * 1.05),
        (0.59, 0.7, 0.045, 0.05, 0, soft * 1.05),
        *_spine(0.5, 0.68, bone, soft),
    )


_CHEST_FILM: Final[tuple[Ellipse, ...]] = (
    (0.5, 0.62, 0.42, 0.56, 0, 175),
    (0.5, 0.1, 0.1, 0.14, 0, 165),
    (0.32, 0.45, 0.145, 0.3, 6, 42),
    (0.68, 0.45, 0.145, 0.3, -6, 42),
    *_ribs(92),
    (0.5, 0.42, 0.042, 0.4, 0, 182),
    (0.555, 0.6, 0.125, 0.1, -38, 188),
    (0.545, 0.4, 0.045, 0.06, 0, 200),
    (0.31, 0.86, 0.2, 0.14, 0, 186),
    (0.69, 0.88, 0.2, 0.13, 0, 182),
    (0.33, 0.16, 0.15, 0.014, -12, 215),
    (0.67, 0.16, 0.15, 0.014, 12, 215),
)
_BELLY_FILM: Final[tuple[Ellipse, ...]] = (
    (0.5, 0.5, 0.44, 0.62, 0, 118),
    (0.34, 0.25, 0.2, 0.17, 12, 142),
    (0.75, 0.27, 0.08, 0.12, 15, 136),
    (0.31, 0.5, 0.028, 0.15, 4, 84),
    (0.7, 0.5, 0.028, 0.15, -4, 84),
    (0.5, 0.35, 0.18, 0.03, 6, 86),
    (0.5, 0.6, 0.075, 0.03, 30, 92),
    *((0.5, 0.14 + 0.105 * n, 0.055, 0.045, 0, 200) for n in range(7)),
    (0.27, 0.86, 0.17, 0.15, 30, 190),
    (0.73, 0.86, 0.17, 0.15, -30, 190),
    (0.5, 0.9, 0.12, 0.08, 0, 120),
)
_HEAD_FILM: Final[tuple[Ellipse, ...]] = (
    (0.53, 0.42, 0.36, 0.32, 0, 205),
    (0.53, 0.42, 0.335, 0.295, 0, 132),
    (0.26, 0.62, 0.12, 0.2, -14, 158),
    (0.24, 0.55, 0.05, 0.04, 0, 74),
    (0.3, 0.78, 0.15, 0.035, -24, 204),
    (0.47, 0.62, 0.1, 0.045, 8, 212),
    (0.42, 0.56, 0.035, 0.022, 0, 90),
    *((0.56 + 0.012 * n, 0.74 + 0.06 * n, 0.055, 0.022, 6, 188) for n in range(4)),
)

_BRAIN: Final = ("brain",)
_CHEST: Final = ("heart", "left lung upper lobe", "right lung upper lobe", "aorta")
_BELLY: Final = ("liver", "spleen", "left kidney", "right kidney", "aorta")

DRAWINGS: Final = (
    Drawing(
        "head",
        "CT",
        "axial",
        _BRAIN,
        "A slice through a head. Bone is bright, the brain is grey.",
        _head_slice(240, 118, 108, 52),
        5,
    ),
    Drawing(
        "head",
        "MR",
        "axial",
        _BRAIN,
        "A slice through a head. Water is bright, bone is dark.",
        _head_slice(16, 128, 92, 226),
        4,
    ),
    Drawing(
        "head", "X-ray", "lateral", (), "A head seen from the side. Bone is bright.", _HEAD_FILM, 4
    ),
    Drawing(
        "chest",
        "CT",
        "axial",
        _CHEST,
        "A slice through a chest. Air in the lungs is dark.",
        _chest_slice(112, 148, 16, 236),
        6,
    ),
    Drawing(
        "chest",
        "MR",
        "axial",
        _CHEST,
        "A slice through a chest. The lungs are dark, the heart is grey.",
        _chest_slice(96, 172, 10, 44),
        5,
    ),
    Drawing(
        "chest",
        "X-ray",
        "frontal",
        ("heart",),
        "A chest seen from the front. The lungs are dark, the heart is bright.",
        _CHEST_FILM,
        4,
    ),
    Drawing(
        "abdomen",
        "CT",
        "axial",
        _BELLY,
        "A slice through a tummy. The liver is the large part.",
        _belly_slice(108, 146, 150, 236),
        6,
    ),
    Drawing(
        "abdomen",
        "MR",
        "axial",
        _BELLY,
        "A slice through a tummy, made with a magnet.",
        _belly_slice(84, 118, 176, 40),
        5,
    ),
    Drawing(
        "abdomen",
        "X-ray",
        "frontal",
        (),
        "A tummy seen from the front. The spine stands in the middle.",
        _BELLY_FILM,
        4,
    ),
)
