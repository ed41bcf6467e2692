"""Preference training as a run: killed and gone on with, on an NF4 base, in two processes."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.training.drawn_medpix import make_base, make_medpix
from tests.training.watched_runs import kill_after, losses_of, run_twofold
from training.align import main
from training.run_cache import last_checkpoint

pytestmark = pytest.mark.torch
SMALL = {
    "steps": 6,
    "pictures": 2,
    "rank": 2,
    "threads": 1,
    "evaluate_every": 3,
    "held_pictures": 2,
    "checkpoint_seconds": 0.0,
}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("align-runs")
    make_base(folder / "tiny")
    make_medpix(folder / "medpix2", train=16, dev=2)
    return folder


def _arguments(house: Path, folder: Path, run: str, **changed: Any) -> list[str]:
    settings = folder / "settings.yaml"
    settings.write_text(yaml.safe_dump(SMALL | changed), encoding="utf-8")
    pairs = {"config": settings, "base": house / "tiny", "medpix": house / "medpix2"}
    pairs |= {"out": folder / f"adapter-{run}", "cache": folder / f"cache-{run}"}
    return [part for name, path in pairs.items() for part in (f"--{name}", str(path))]


def _metrics(folder: Path, run: str) -> Any:
    return json.loads((folder / f"adapter-{run}" / "metrics.json").read_text(encoding="utf-8"))


def test_a_killed_run_goes_on_as_if_nothing_had_happened(house: Path, tmp_path: Path) -> None:
    assert main(_arguments(house, tmp_path, "whole")) == 0
    killed = _arguments(house, tmp_path, "killed")
    kill_after(tmp_path / "cache-killed", ["align", *killed], steps=2)
    assert last_checkpoint(tmp_path / "cache-killed") is not None
    assert not (tmp_path / "adapter-killed").exists()
    assert main(killed) == 0
    caches = [tmp_path / f"cache-{run}" for run in ("killed", "whole")]
    assert losses_of(caches[0]) == losses_of(caches[1])
    assert set(losses_of(caches[0])) == set(range(1, 7))
    assert _metrics(tmp_path, "killed")["before"] == _metrics(tmp_path, "whole")["before"]
    weights = [
        tmp_path / f"adapter-{run}" / "adapter_model.safetensors" for run in ("killed", "whole")
    ]
    assert weights[0].read_bytes() == weights[1].read_bytes()


def test_a_base_in_nf4_learns_what_to_prefer(house: Path, tmp_path: Path) -> None:
    more = {"quantize": "nf4", "checkpointing": True, "precision": "bf16", "accumulation": 2}
    assert main(_arguments(house, tmp_path, "packed", **more, steps=3)) == 0
    assert all(0 < loss < 40 for loss in losses_of(tmp_path / "cache-packed").values())
    # LoRA begins at zero: the adapter prefers nothing that the base does not.
    assert _metrics(tmp_path, "packed")["before"]["preferred"] == 0.0
    assert _metrics(tmp_path, "packed")["held_out"]["metrics"]["eval_preferred"] > 0.0


def test_two_processes_make_one_guarded_adapter(house: Path, tmp_path: Path) -> None:
    run_twofold(["align", *_arguments(house, tmp_path, "two", steps=3)])
    assert set(losses_of(tmp_path / "cache-two")) == {1, 2, 3}
    assert (tmp_path / "cache-two" / "checkpoint-3" / "rng_state_1.pth").is_file()
    assert (tmp_path / "adapter-two" / "manifest.json").is_file()
    # In turn they look at pictures of their own: three steps of four, where one process has two.
    assert main(_arguments(house, tmp_path, "one", steps=3)) == 0
    assert losses_of(tmp_path / "cache-one") != losses_of(tmp_path / "cache-two")
