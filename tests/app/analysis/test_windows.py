"""What moves in one window of a CT slice is looked for in the others, where numbers are kept."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from app.analysis import analyse as analysing
from app.analysis.analyse import analyse
from app.anatomy.catalogue import load
from app.storage.scans import ScanFacts
from model.agreement import FoundInViews
from model.manifest import Manifest
from model.opening import Engine
from model.scripted import ScriptedBackend
from model.types import CellMap, Image, Region
from tests.app.analysis.test_plausibility import LEFT_LUNG, RIGHT_LUNG, SIZE

FACTS = ScanFacts(
    "digest", SIZE, SIZE, "dicom", modality="CT", region="chest", plane="axial", has_windows=True
)
LUNGS = ("left lung", "right lung")


class Mapping(ScriptedBackend):
    """Knows lungs by cells, so that the model need not list them."""

    def mapped_names(self) -> tuple[str, ...]:
        return LUNGS

    def map_cells(
        self, images: Sequence[Image], image_digests: Sequence[str], adapter: str | None = None
    ) -> list[CellMap]:
        raise AssertionError("the test finds regions itself")


@dataclass
class Views:
    """Stands for the views: the left lung moves in the own window and stands still in another."""

    steady: str
    asked: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)

    def find(
        self, _: object, image: Image, digest: str, names: Sequence[str], *__: object, **___: object
    ) -> FoundInViews:
        window = WINDOWS[int(image[0, 0, 0])]
        self.asked.append((window, tuple(names)))
        found: list[tuple[Region, float]] = []
        if RIGHT_LUNG.label in names and window == "own":
            found.append((RIGHT_LUNG, 0.9))
        if LEFT_LUNG.label in names:
            found.append((LEFT_LUNG, 0.9 if window == self.steady else 0.3))
        return FoundInViews(tuple(found), ())


WINDOWS = {10: "own", 11: "soft", 12: "bones", 13: "lungs", 14: "brain"}


def seen(window: str) -> Image:
    grey = next(level for level, name in WINDOWS.items() if name == window)
    picture = np.random.default_rng(1).integers(0, 256, (SIZE, SIZE, 3), dtype=np.uint8)
    picture[0, 0] = grey
    return picture


def looked(
    views: Views, facts: ScanFacts, monkeypatch: pytest.MonkeyPatch
) -> tuple[set[str], set[str]]:
    """(structures that are marked, structures that stay unsure)."""
    backend = Mapping({".*kind of picture.*|.*": "chest"})
    engine = Engine(backend, object(), Manifest("base", structures=LUNGS))  # type: ignore[arg-type]
    monkeypatch.setattr(analysing, "find_in_views", views.find)
    monkeypatch.setattr(analysing, "is_too_poor", lambda _: False)
    look, regions = analyse(engine, load(), facts, seen("own"), through=seen)
    return {region.structure for region in regions}, set(look.unsure)


def test_a_lung_that_moves_in_the_soft_window_is_marked_in_that_for_lungs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    views = Views(steady="lungs")
    assert looked(views, FACTS, monkeypatch) == ({"left lung", "right lung"}, set())
    assert views.asked[0] == ("own", ("right lung", "left lung"))
    assert {names for _, names in views.asked[1:]} == {("left lung",)}
    assert [window for window, _ in views.asked] == ["own", "lungs"]


def test_what_moves_in_every_window_stays_unsure(monkeypatch: pytest.MonkeyPatch) -> None:
    assert looked(Views(steady="none"), FACTS, monkeypatch) == ({"right lung"}, {"left lung"})


def test_a_picture_without_its_numbers_is_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    views = Views(steady="lungs")
    flat = replace(FACTS, has_windows=False)
    assert looked(views, flat, monkeypatch) == ({"right lung"}, {"left lung"})
    assert [window for window, _ in views.asked] == ["own"]
