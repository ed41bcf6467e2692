"""Checkpoints survive a kill, rates rise and fall, averages and teams do their arithmetic."""

from pathlib import Path

import pytest
import torch

from training.average import WeightAverage, load_average
from training.joint import code_table, place_table
from training.loop_state import Clock, load_state, rate_at, save_state
from training.optimizers import make_optimizers
from training.parallel import Team

pytestmark = pytest.mark.torch


def test_a_torn_write_leaves_the_old_state(tmp_path: Path) -> None:
    path = tmp_path / "state.pt"
    save_state(path, {"step": 1, "weights": torch.ones(3)})
    path.with_suffix(".pt.tmp").write_bytes(b"half a file")
    state = load_state(path)
    assert state is not None
    assert state["step"] == 1
    assert state["weights"].tolist() == [1, 1, 1]


def test_no_state_yet_is_none(tmp_path: Path) -> None:
    assert load_state(tmp_path / "state.pt") is None


def test_the_clock_goes_on_where_it_stopped() -> None:
    clock = Clock(seconds=100.0, passed=60.0, every=5.0)
    assert clock.share == pytest.approx(0.6, abs=0.01)
    assert not clock.is_due()
    assert Clock(seconds=1.0, passed=5.0, every=1.0).share == 1.0


def test_the_rate_warms_up_stays_and_falls() -> None:
    assert rate_at(0.0, 0) < 0.05
    assert rate_at(0.2, 500) == 1.0
    assert rate_at(0.7, 500) < rate_at(0.5, 500) < 1.0
    assert rate_at(1.0, 500) == pytest.approx(0.03)


def test_matrices_go_to_muon_and_the_rest_to_adamw() -> None:
    model = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.LayerNorm(4))
    optimizers = make_optimizers([(list(model.named_parameters()), 0.1)])
    sizes = [sum(len(group["params"]) for group in part.param_groups) for part in optimizers.parts]
    assert sizes == [1, 3]
    optimizers.set_rate(0.5)
    assert {group["lr"] for part in optimizers.parts for group in part.param_groups} == {0.05}
    before = model[0].weight.detach().clone()
    model(torch.ones(2, 4)).pow(2).sum().backward()
    optimizers.step()
    assert not torch.equal(before, model[0].weight)
    assert model[0].weight.grad is None


def test_the_average_follows_and_gives_the_weights_back() -> None:
    model = torch.nn.Linear(1, 1, bias=False)
    torch.nn.init.constant_(model.weight, 0.0)
    average = WeightAverage(model, keep=0.5)
    torch.nn.init.constant_(model.weight, 1.0)
    average.update(step=1000)
    with average.in_place():
        assert float(model.weight) == pytest.approx(0.5)
    assert float(model.weight) == 1.0


def test_soft_targets_are_chances_that_peak_at_the_truth() -> None:
    places = place_table(3.0)
    assert places.sum(1).allclose(torch.ones(1024))
    assert (places.argmax(1) == torch.arange(1024)).all()
    codes = code_table(torch.randn(128, 8))
    assert codes.sum(1).allclose(torch.ones(128))
    assert (codes.argmax(1) == torch.arange(128)).all()


def test_a_team_of_one_changes_nothing() -> None:
    team = Team()
    weight = torch.nn.Parameter(torch.ones(2))
    weight.grad = torch.tensor([1.0, 3.0])
    team.average_gradients([weight])
    assert weight.grad.tolist() == [1.0, 3.0]
    assert team.agree(0.25) == 0.25
    assert team.leads


def test_what_was_frozen_stays_when_an_average_is_put_into_a_fresh_model() -> None:
    model = torch.nn.Sequential(torch.nn.Linear(1, 1), torch.nn.Linear(1, 1))
    model[0].requires_grad_(False)
    average = WeightAverage(model, keep=0.5)
    fresh = torch.nn.Sequential(torch.nn.Linear(1, 1), torch.nn.Linear(1, 1))
    before = fresh[0].weight.detach().clone()
    load_average(fresh, average.weights)
    assert fresh[0].weight.equal(before)
    assert fresh[1].weight.equal(model[1].weight)
