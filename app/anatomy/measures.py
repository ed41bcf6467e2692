"""How large structures are in pictures and where they lie: plausible.yaml, read and checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

from app.anatomy.reading import DataError, Mistake, Reader
from model.vocabulary import PLANES

FILE: Final = Path(__file__).with_name("plausible.yaml")
ANY_PLANE: Final = "any"
MIN_VOLUMES: Final = 3
"""A plane measured on fewer volumes says more about those volumes than about people."""

_FIELDS: Final = frozenset({"slices", "volumes", "area", "y", "x", "fill", "pieces"})


@dataclass(frozen=True)
class Measure:
    """Quantiles (0.5 and 99.5 %) over training masks; area, y, x, fill are shares in [0, 1]."""

    slices: int
    volumes: int
    area: tuple[float, float]
    y: tuple[float, float]
    x: tuple[float, float]
    fill: float
    pieces: int


Measures = Mapping[str, Mapping[str, Measure]]
"""By structure key, then by plane or "any"."""


def load(path: Path = FILE) -> Measures:
    """The measures of all structures.

    Raises:
        DataError: with every mistake in the file.
    """
    mistakes: list[Mistake] = []
    reader = Reader(path.name, mistakes)
    measures: dict[str, Mapping[str, Measure]] = {}
    root = reader.root(path)
    top = reader.fields(root, frozenset({"version", "structures"})) if root else {}
    if "structures" in top:
        for key, node, _ in reader.items(top["structures"]):
            measures[key] = _planes(reader, node)
    if mistakes:
        raise DataError(mistakes)
    return measures


def measure_for(measures: Measures, key: str, plane: str) -> Measure | None:
    """The measure in this plane, or over all planes where too few volumes were seen in it."""
    planes = measures.get(key, {})
    own = planes.get(plane)
    if own is not None and own.volumes >= MIN_VOLUMES:
        return own
    return planes.get(ANY_PLANE)


def _planes(reader: Reader, node: yaml.Node) -> dict[str, Measure]:
    planes: dict[str, Measure] = {}
    for plane, inner, line in reader.items(node):
        if plane not in (*PLANES, ANY_PLANE):
            reader.mistakes.append(Mistake(reader.file, line, f"{plane!r} is no plane"))
        found = reader.fields(inner, _FIELDS)
        planes[plane] = Measure(
            slices=int(reader.number(found.get("slices"), 1, 1e9)),
            volumes=int(reader.number(found.get("volumes"), 1, 1e9)),
            area=reader.span(found.get("area")),
            y=reader.span(found.get("y")),
            x=reader.span(found.get("x")),
            fill=reader.number(found.get("fill"), 0, 1),
            pieces=int(reader.number(found.get("pieces"), 1, 1000)),
        )
    if ANY_PLANE not in planes:
        reader.at(node, f"plane {ANY_PLANE!r} is missing")
    return planes
