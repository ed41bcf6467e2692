"""The probe: a linear reader that never sees a case it is asked about, and the curve it draws."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from tests.training.drawn_medpix import make_base, make_medpix
from training.__main__ import main
from training.linear_reader import main_directions, read_linearly
from training.probe import Sample, divide_cases, learning_curve, read_in_folds
from training.probe_curve import SIZE, cases_for, draw_growth, gain_per_doubling
from training.probe_features import open_tower, states_of

pytestmark = pytest.mark.torch
CASES = np.array([f"c{number // 2}" for number in range(120)])


def sample(features: Any, word: Any) -> Sample:
    """120 pictures of 60 cases with the same words for every measure."""
    words = {one: np.asarray(word) for one in ("modality", "plane", "body_part")}
    return Sample(np.asarray(features, dtype=np.float32), words, CASES)


def test_a_line_between_two_clouds_is_found() -> None:
    chance = np.random.default_rng(0)
    word = np.where(np.arange(120) % 2 == 0, "CT", "MR")
    cloud = chance.normal(0.0, 1.0, (120, 8)) + np.where(word == "CT", 3.0, -3.0)[:, None]
    said = read_linearly(
        cloud[:80].astype(np.float32), word[:80], CASES[:80], cloud[80:].astype(np.float32)
    )
    assert (said == word[80:]).all()


def test_directions_are_orthonormal_and_the_widest_comes_first() -> None:
    chance = np.random.default_rng(3)
    cloud = chance.normal(0.0, (9.0, 3.0, 1.0), (200, 3)) @ np.array(
        [[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    )
    found = main_directions(torch.from_numpy((cloud - cloud.mean(0)).astype(np.float32)))
    assert (found.T @ found).numpy() == pytest.approx(np.eye(3), abs=1e-3)
    assert abs(float(found[1, 0])) > 0.99
    assert abs(float(found[2, 1])) > 0.95


def test_what_tells_only_the_case_tells_nothing() -> None:
    known = np.eye(60, dtype=np.float32)[np.arange(120) // 2]
    word = np.where(np.random.default_rng(1).random(60) < 0.5, "CT", "MR").repeat(2)
    said = read_in_folds(sample(known, word), folds=5, share=1.0, seed=0)
    assert (said["plane"] == word).mean() < 0.65


def test_a_case_lies_in_one_fold_and_every_fold_has_cases() -> None:
    fold = divide_cases(CASES, 5, 3)
    assert (fold[0::2] == fold[1::2]).all()
    assert np.bincount(fold).tolist() == [24] * 5


def test_fewer_cases_are_counted_and_spread_is_told() -> None:
    chance = np.random.default_rng(2)
    word = np.where(chance.random(60) < 0.5, "axial", "coronal").repeat(2)
    features = chance.normal(0.0, 2.0, (120, 40))
    features[:, 0] += np.where(word == "axial", 2.5, -2.5)
    found = learning_curve(sample(features, word), shares=(0.2, 1.0), folds=4, repeats=2)
    few, all_of_them = found["points"]
    assert (few["cases"], all_of_them["cases"]) == (9, 45)
    assert few["plane"]["mean"] < all_of_them["plane"]["mean"]
    low, high = found["interval"]["plane"]
    assert low < all_of_them["plane"]["mean"] < high
    assert sum(sum(row.values()) for row in found["confusion"]["plane"].values()) == 120


def test_the_slope_is_that_of_the_last_two_doublings() -> None:
    points = [(50.0, 0.10), (100.0, 0.50), (200.0, 0.55), (400.0, 0.60)]
    assert gain_per_doubling(points) == pytest.approx(0.05)
    assert cases_for(points, 0.70) == pytest.approx(1600.0)
    assert cases_for(points, 0.60) == 400.0
    assert cases_for([(100.0, 0.6), (200.0, 0.6)], 0.7) == math.inf
    assert gain_per_doubling([(100.0, 0.6)]) == 0.0


def test_the_reader_gets_means_spreads_and_quarters_of_each_depth(tmp_path: Path) -> None:
    model = open_tower(make_base(tmp_path / "base"), None)
    vision = model.config.vision_config
    side = int(vision.image_size)
    pixels = torch.zeros(1, 3, side, side)
    pixels[..., : side // 2, : side // 2] = 1.0
    found = states_of(model, pixels)
    depths = len({max(round(share * vision.num_hidden_layers), 1) for share in (0.5, 0.75, 1.0)})
    width = vision.hidden_size
    assert found.shape == (1, depths * 6 * width)
    last = found[0, -6 * width :]
    whole = model.model.vision_tower(pixels).last_hidden_state[0].detach().numpy()
    assert last[:width] == pytest.approx(whole.mean(0), abs=0.05)
    quarters = last[2 * width :].reshape(width, 4)
    assert quarters.mean(1) == pytest.approx(last[:width], abs=1e-4)
    assert not np.allclose(quarters[:, 0], quarters[:, 3])


def test_the_command_writes_figures_and_a_curve(tmp_path: Path) -> None:
    make_medpix(tmp_path / "data" / "medpix2", train=32, dev=0)
    base = make_base(tmp_path / "base")
    figures, curve = tmp_path / "probe.json", tmp_path / "probe.png"
    command = ["probe", "--data", str(tmp_path / "data"), "--base", str(base), "--folds", "2"]
    command += ["--shares", "0.5", "1", "--json", str(figures), "--curve", str(curve)]
    assert main(command) == 0
    found = json.loads(figures.read_text())
    assert [one["cases"] for one in found["points"]] == [8, 16]
    assert found["pictures"] == 32
    with Image.open(curve) as drawn:
        assert drawn.size == SIZE
    assert np.asarray(draw_growth(found)).std() > 0.0


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--shares", "0"], "above 0 and at most 1"),
        (["--folds", "1"], "--folds is at least 2"),
        (["--state", "nowhere.pt"], "there is no such file"),
        (["--base", "nowhere"], "there is no model in this folder"),
    ],
)
def test_what_cannot_be_read_is_refused(tmp_path: Path, given: list[str], said: str) -> None:
    make_medpix(tmp_path / "data" / "medpix2", train=4, dev=0)
    base = ["--base", str(make_base(tmp_path / "base"))] if "--base" not in given else []
    with pytest.raises(SystemExit, match=said):
        main(["probe", "--data", str(tmp_path / "data"), *base, *given])
