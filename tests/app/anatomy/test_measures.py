from pathlib import Path

import pytest

from app.anatomy import catalogue
from app.anatomy.measures import load, measure_for
from app.anatomy.reading import DataError


def test_every_reliable_structure_has_measures() -> None:
    measures = load()
    reliable = {one.key for one in catalogue.load().structures.values() if one.reliable}
    assert reliable <= measures.keys()


def test_measures_name_only_structures() -> None:
    assert load().keys() <= catalogue.load().structures.keys()


def test_a_plane_seen_in_too_few_volumes_uses_all_planes() -> None:
    measures = load()
    assert measures["left lung"]["sagittal"].volumes < 3
    assert measure_for(measures, "left lung", "sagittal") == measures["left lung"]["any"]
    assert measure_for(measures, "left lung", "frontal") == measures["left lung"]["frontal"]
    assert measure_for(measures, "prostate", "axial") is None


def test_wrong_measures_are_refused_with_their_line(tmp_path: Path) -> None:
    path = tmp_path / "plausible.yaml"
    path.write_text(
        'version: "1"\nstructures:\n  liver:\n    axial: {slices: 3, volumes: 2, '
        "area: [0.5, 0.1], y: [0, 1], x: [0], fill: 2, pieces: 1}\n"
    )
    with pytest.raises(DataError) as caught:
        load(path)
    reasons = str(caught.value)
    assert "plausible.yaml:4: the first number must not be above the second" in reasons
    assert "two numbers" in reasons
    assert "0 to 1" in reasons
    assert "plane 'any' is missing" in reasons
