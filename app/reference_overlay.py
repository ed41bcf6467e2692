"""The marked parts of a reference as an SVG to lie over its picture: colours as for a patient's."""

from app.analysis.overlay import Shape, overlay_svg
from app.deps import House
from app.report.compose import marked_structures
from app.storage import library_jobs
from app.storage.tables import Reference


def reference_overlay(house: House, row: Reference) -> str:
    """Shapes without the picture below them; empty while nobody has looked."""
    parts = marked_structures(library_jobs.regions_of(row), house.catalogue, "en")
    shapes = [Shape(p.key, p.number, p.colour, p.pattern, p.path, p.anchor) for p in parts]
    return overlay_svg(row.width, row.height, shapes, None)
