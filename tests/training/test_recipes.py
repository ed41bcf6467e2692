"""Every file of `configs/`: it loads, and what a recipe names as its card holds what it needs."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.training.drawn_medpix import make_base, make_medpix
from training.__main__ import main
from training.adapter_config import load_settings
from training.config import ConfigError, load_config
from training.plan import make_plan, read_size
from training.plan_bases import LANGUAGE, RESOLUTIONS
from training.plan_memory import RESERVED
from training.plan_recipe import read_recipe
from training.preferences import read_preferences

CONFIGS = Path(__file__).parents[2] / "training" / "configs"
FULL_SIZE = sorted(CONFIGS.glob("paligemma*.yaml"))
LOADERS: dict[str, Callable[[Path], Any]] = {
    "compact": lambda path: load_config(path, {}),
    "compact-smoke": lambda path: load_config(path, {}),
    "preferences": read_preferences,
}


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_configuration_loads(path: Path) -> None:
    load = LOADERS.get(path.stem, lambda one: load_settings(one, {}))
    assert load(path)


def test_there_is_a_recipe_for_every_published_base() -> None:
    named = {read_recipe(path).base for path in FULL_SIZE}
    assert named == {f"google/{one}-mix-{side}" for one in LANGUAGE for side in RESOLUTIONS}
    assert all(read_recipe(path).base.endswith(path.stem.rpartition("-")[2]) for path in FULL_SIZE)


@pytest.mark.torch
@pytest.mark.parametrize("path", FULL_SIZE, ids=lambda path: path.stem)
def test_a_recipe_fits_the_card_it_names(path: Path) -> None:
    recipe = read_recipe(path)
    card = read_size(recipe.card)
    answer = make_plan(recipe.base, recipe.choices, card)
    assert answer.memory.peak + RESERVED <= card
    assert answer.advice.startswith("Fits")


@pytest.mark.torch
def test_the_planner_reads_a_recipe(capsys: pytest.CaptureFixture[str]) -> None:
    recipe = str(CONFIGS / "paligemma-3b-896.yaml")
    assert main(["plan", "--recipe", recipe]) == 0
    said = capsys.readouterr().out
    assert "google/paligemma-3b-mix-896" in said
    assert "batch 5, 4096 picture + 192 text tokens" in said
    assert main(["plan", "--recipe", recipe, "--gpu-memory", "8GiB"]) == 1
    assert main(["plan", "--recipe", str(CONFIGS / "medpix.yaml")]) == 2
    assert "names no base" in capsys.readouterr().err


def test_a_recipe_without_a_base_cannot_be_planned() -> None:
    with pytest.raises(ConfigError, match="names no base"):
        read_recipe(CONFIGS / "medpix.yaml")


@pytest.mark.torch
def test_the_smoke_recipe_makes_an_adapter_in_seconds(tmp_path: Path) -> None:
    base, medpix = make_base(tmp_path / "tiny"), make_medpix(tmp_path / "medpix2", train=16, dev=2)
    out = tmp_path / "adapter"
    given = ["--config", str(CONFIGS / "smoke.yaml"), "--base", str(base), "--medpix", str(medpix)]
    assert main(["train", *given, "--out", str(out), "--cache", str(tmp_path / "cache")]) == 0
    assert (out / "manifest.json").is_file()
