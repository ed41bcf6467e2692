"""A region drawn by hand as a polygon, in the form that a region of the model has; pure."""

from collections.abc import Sequence
from typing import Final

from app.storage.scans import StoredRegion

FEWEST_POINTS: Final = 3
MOST_POINTS: Final = 200
LEAST_SHARE: Final = 0.0002
"""Of the picture's area: below it is a slip of the finger, about 4 by 4 pixels in 256 by 256."""
Point = tuple[float, float]


def points_from(text: str) -> list[Point]:
    """Points (x, y) out of "x,y x,y ..."; an empty list for anything else."""
    try:
        pairs = [one.split(",") for one in text.split()]
        return [(float(x), float(y)) for x, y in pairs]
    except ValueError:
        return []


def drawn_region(
    structure: str, points: Sequence[Point], size: tuple[int, int], drawn_by: str
) -> StoredRegion | None:
    """The region inside a polygon in picture pixels; `size` is (width, height).

    Returns:
        None for too few or too many points, one outside the picture, or hardly any area.
    """
    width, height = size
    is_inside = all(0 <= x <= width and 0 <= y <= height for x, y in points)
    if not FEWEST_POINTS <= len(points) <= MOST_POINTS or not is_inside:
        return None
    area, centre = _area_and_centre(points)
    if area < LEAST_SHARE * width * height:
        return None
    xs, ys = [x for x, _ in points], [y for _, y in points]
    steps = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    return StoredRegion(
        structure=structure,
        box=(min(ys) / height, min(xs) / width, max(ys) / height, max(xs) / width),
        path=f"M{steps}Z",
        anchor=centre,
        area_share=area / (width * height),
        drawn_by=drawn_by,
    )


def _area_and_centre(points: Sequence[Point]) -> tuple[float, Point]:
    """Area in square pixels and centroid of a polygon.

    Source: the shoelace formula.
    """
    pairs = list(zip(points, [*points[1:], points[0]], strict=True))
    crosses = [x * y_next - x_next * y for (x, y), (x_next, y_next) in pairs]
    doubled = sum(crosses)
    if not doubled:
        return 0.0, points[0]
    weighted = list(zip(pairs, crosses, strict=True))
    x_centre = sum((a[0] + b[0]) * cross for (a, b), cross in weighted) / (3 * doubled)
    y_centre = sum((a[1] + b[1]) * cross for (a, b), cross in weighted) / (3 * doubled)
    return abs(doubled) / 2, (x_centre, y_centre)
