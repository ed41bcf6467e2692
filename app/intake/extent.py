"""How wide a picture is in the body, where its file says it; pure."""

from collections.abc import Mapping

from app.intake.deidentify import SEPARATOR

WIDEST_MM = 3000
"""More is a mistake in a header: no scanner's field is three metres wide."""


def width_mm(kept: Mapping[str, str]) -> float | None:
    """Millimetres from the left edge to the right one, or None where the file does not say.

    Args:
        kept: allow-listed DICOM attributes by keyword.

    Source: DICOM PS3.3 10.7.1.3: the second value of PixelSpacing lies between columns.
    """
    spacing = kept.get("PixelSpacing", "").split(SEPARATOR)
    columns = kept.get("Columns", "")
    if len(spacing) != 2 or not columns.isdigit():
        return None
    width = float(spacing[1]) * int(columns)
    return round(width, 1) if 0 < width <= WIDEST_MM else None
