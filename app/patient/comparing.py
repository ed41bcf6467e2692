"""Pictures side by side at the same scale, where their files say how large they are."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.intake.extent import width_mm
from app.patient.seen import Example, SeenScan
from app.references.match import Match


@dataclass(frozen=True)
class Box:
    """Where a picture lies in the frame that all share, in millimetres of the body."""

    x: float
    y: float
    width: float
    height: float

    def as_text(self) -> str:
        """The four numbers with spaces between them."""
        return f"{self.x:g} {self.y:g} {self.width:g} {self.height:g}"


@dataclass(frozen=True)
class Scale:
    """The frame in millimetres, and the box of each picture; None where its size is not known."""

    frame: Box
    own: Box
    examples: tuple[Box | None, ...]


def scale_of(seen: SeenScan, examples: Sequence[Match[Example]]) -> Scale | None:
    """The scale of the own picture and its examples; None where no two sizes are known."""
    own = _size(width_mm(seen.facts.kept), seen.facts.width, seen.facts.height)
    others = [
        _size(one.reference.width_mm, one.reference.width, one.reference.height) for one in examples
    ]
    known = [size for size in others if size is not None]
    if own is None or not known:
        return None
    across, down = (max(size[at] for size in (own, *known)) for at in (0, 1))
    return Scale(
        Box(0, 0, across, down),
        _middle(own, across, down),
        tuple(None if size is None else _middle(size, across, down) for size in others),
    )


def _size(width: float | None, columns: int, rows: int) -> tuple[float, float] | None:
    """Millimetres across and down; pixels are square by now."""
    return None if width is None else (width, width * rows / columns)


def _middle(size: tuple[float, float], across: float, down: float) -> Box:
    width, height = size
    return Box(round((across - width) / 2, 2), round((down - height) / 2, 2), width, height)
