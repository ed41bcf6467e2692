"""Plots beside a run: the numbers drawn are the numbers counted."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from training.evaluate_medpix import WORDS, Said, confusion_of, score
from training.medpix_pictures import MedPixPicture
from training.plots import (
    CELL_HIGH,
    CELL_WIDE,
    COLOURS,
    CURVE_SIZE,
    DARKEST,
    HEAD_HIGH,
    NAMES_WIDE,
    PAPER,
    draw_curve,
    draw_matrix,
    lay_out,
    place_points,
    series_of,
    shade,
    smoothed,
    write_confusions,
    write_curve,
)

TABLE = {"axial": {"axial": 3, "coronal": 1}, "coronal": {"coronal": 2, "other": 2}}
LOG = [
    {"step": 1, "loss": 4.0},
    {"step": 2, "loss": 2.0},
    {"step": 2, "eval_score": 0.25},
    {"step": 4, "loss": 1.0},
    {"step": 4, "eval_score": 0.75},
]


def _said(modality: str, plane: str, category: str, words: tuple[str, str, str]) -> Said:
    picture = MedPixPicture(
        case="c",
        image=Path("a.jpg"),
        modality=modality,
        plane=plane,
        is_projection=False,
        is_scan=True,
        category=category,
        region=None,
        sex=None,
        caption=None,
        taught_caption=None,
        title=None,
        taught_title=None,
    )
    return Said(picture, dict(zip(("modality", "plane", "region"), words, strict=True)))


def test_the_diagonal_of_each_table_is_what_the_accuracy_counts() -> None:
    said = [
        _said("CT", "axial", "Head", ("CT", "axial", "neck")),
        _said("CT", "coronal", "Thorax", ("MR", "axial", "spine")),
        _said("MR", "oblique", "Abdomen", ("rubbish", "lateral", "whole body")),
        _said("MR", "sagittal", "Head", ("MR", "nonsense", "nonsense")),
    ]
    tables = confusion_of(said)
    assert set(tables) == {"modality", "plane", "body_part"}
    for name, table in tables.items():
        assert sum(sum(row.values()) for row in table.values()) == len(said)
        right = sum(row.get(true, 0) for true, row in table.items())
        assert right == sum(score(one, f"{name}_accuracy") for one in said)
    assert tables["body_part"]["Head"] == {"Head": 1, "no word of the vocabulary": 1}
    assert tables["modality"]["MR"] == {"MR": 1, "no word of the vocabulary": 1}
    assert {f"{name}_accuracy" for name in tables} == set(WORDS)


def test_cells_hold_counts_and_shares_of_their_row() -> None:
    grid = lay_out(TABLE)
    assert grid.rows == ("axial", "coronal")
    assert grid.columns == ("axial", "coronal", "other")
    held = {
        (grid.rows[one.row], grid.columns[one.column]): (one.count, one.share) for one in grid.cells
    }
    assert held["axial", "axial"] == (3, 0.75)
    assert held["axial", "other"] == (0, 0.0)
    assert held["coronal", "other"] == (2, 0.5)
    assert len(held) == 6


def test_a_fuller_cell_is_darker() -> None:
    assert shade(0.0) == PAPER
    assert shade(1.0) == DARKEST
    drawn = draw_matrix("plane", TABLE)
    corners = [
        [
            drawn.getpixel((NAMES_WIDE + CELL_WIDE * column + 5, HEAD_HIGH + CELL_HIGH * row + 5))
            for column in range(3)
        ]
        for row in range(2)
    ]
    assert corners[0] == [shade(0.75), shade(0.25), shade(0.0)]
    assert corners[1] == [shade(0.0), shade(0.5), shade(0.5)]


def test_points_lie_where_their_numbers_say() -> None:
    places = place_points([(0, 0), (5, 1), (10, 2), (10, 9)], (100, 50, 300, 150), (10.0, 2.0))
    assert places == [(100, 150), (200, 100), (300, 50), (300, 50)]
    assert series_of(LOG, "loss") == [(1.0, 4.0), (2.0, 2.0), (4.0, 1.0)]
    assert smoothed(series_of(LOG, "loss"), 2) == [(1.0, 4.0), (2.0, 3.0), (4.0, 1.5)]


def test_the_curve_shows_the_score_at_its_height() -> None:
    drawn = np.asarray(draw_curve(LOG))
    assert drawn.shape == (CURVE_SIZE[1], CURVE_SIZE[0], 3)
    is_score = (drawn == COLOURS[0]).all(-1)
    below = np.flatnonzero(is_score[:, 865:870].any(1))
    lowest = below[below > 340]
    # 0.75 of a box from 350 to 580 is 407.5 from above.
    assert lowest.mean() == pytest.approx(407.5, abs=3)


def test_plots_lie_beside_the_run_and_never_in_an_adapter_folder(tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"
    path = write_confusions(figures, {"plane": TABLE, "modality": {"CT": {"CT": 1}}})
    assert path == tmp_path / "figures-confusion.png"
    with Image.open(path) as opened:
        tall = opened.height
    alone = [draw_matrix("x", one).height for one in (TABLE, {"CT": {"CT": 1}})]
    assert tall == sum(alone)
    assert write_confusions(figures, {}) is None
    assert write_curve(tmp_path, []) is None
    adapter = tmp_path / "adapter"
    adapter.mkdir()
    (adapter / "adapter_config.json").write_text(json.dumps({}), encoding="utf-8")
    assert write_confusions(adapter / "figures.json", {"plane": TABLE}) is None
    assert [one.name for one in adapter.iterdir()] == ["adapter_config.json"]
