"""Which side of the body lies at which edge of a picture, told from its header alone."""

from dataclasses import dataclass
from typing import Final

from app.intake.deidentify import SEPARATOR

_CLEAR: Final = 0.8
"""Cosine below which an edge lies between two sides; then nothing is said."""
_AXES: Final = (("left", "right"), ("back", "front"), ("head", "feet"))
"""Towards which side x, y and z grow, and the other one (PS3.3 C.7.6.2.1.1)."""
_LETTERS: Final = {
    "L": "left",
    "R": "right",
    "A": "front",
    "P": "back",
    "H": "head",
    "F": "feet",
}
_OPPOSITE: Final = {one: other for pair in _AXES for one, other in (pair, pair[::-1])}


@dataclass(frozen=True)
class Edges:
    """What lies at the left edge and at the top: left, right, front, back, head, feet or empty."""

    left: str = ""
    top: str = ""

    @property
    def right(self) -> str:
        """What lies across from the left edge."""
        return _OPPOSITE.get(self.left, "")

    @property
    def bottom(self) -> str:
        """What lies across from the top."""
        return _OPPOSITE.get(self.top, "")


def edges_of(kept: dict[str, str]) -> Edges:
    """The edges of a picture from its kept attributes; empty words where they do not say.

    Args:
        kept: allow-listed DICOM attributes by keyword.
    """
    cosines = kept.get("ImageOrientationPatient", "").split(SEPARATOR)
    if len(cosines) == 6:
        row, column = (tuple(float(part) for part in cosines[at : at + 3]) for at in (0, 3))
        return Edges(_OPPOSITE.get(_towards(row), ""), _OPPOSITE.get(_towards(column), ""))
    letters = kept.get("PatientOrientation", "").split(SEPARATOR)
    if len(letters) == 2:
        right, bottom = (_LETTERS.get(letter, "") for letter in letters)
        return Edges(_OPPOSITE.get(right, ""), _OPPOSITE.get(bottom, ""))
    return Edges()


def _towards(direction: tuple[float, ...]) -> str:
    """The side of the body a direction points to, if it does so clearly."""
    for part, (grows, falls) in zip(direction, _AXES, strict=True):
        if abs(part) >= _CLEAR:
            return grows if part > 0 else falls
    return ""
