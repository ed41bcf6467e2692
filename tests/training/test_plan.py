"""The planner against known sizes of PaliGemma and against models built on the meta device."""

import json
from dataclasses import replace
from typing import Any

import pytest

from model.compact_folder import shipped_model
from training.plan import main, make_plan, read_size
from training.plan_bases import UnknownBase, build_empty, open_base
from training.plan_layers import Layer, count_layers, layer_bytes, lora_parameters, total_bytes
from training.plan_memory import GIB, Choices, plan_memory, without_waste
from training.plan_table import as_table
from training.targets import TargetError, choose_targets, matched

V1 = "google/paligemma-3b-mix-224"


def test_nf4_bytes_of_one_layer_follow_the_block_layout() -> None:
    layer = Layer("a", "language", 64 * 256, 64, 256, is_linear=True)
    counted = layer_bytes(layer, "nf4")
    # 16,384 weights at half a byte; 256 scales of a byte, one second scale, the tables.
    assert counted.weights == 8192
    assert counted.constants == 256 + 4 + (64 + 1024 + 4)


def test_int8_bytes_of_one_layer_have_a_scale_for_each_row() -> None:
    layer = Layer("a", "language", 64 * 256 + 64, 64, 256, is_linear=True)
    counted = layer_bytes(layer, "int8")
    assert (counted.weights, counted.constants) == (64 * 256 + 128, 256)


def test_lora_parameters_are_rank_times_both_sides() -> None:
    assert lora_parameters([Layer("a", "language", 6, 2, 3, is_linear=True)], 8) == 40


@pytest.mark.parametrize(("text", "size"), [("16GiB", 16 * GIB), ("24 GB", 24_000_000_000)])
def test_a_size_is_read_with_its_unit(text: str, size: int) -> None:
    assert read_size(text) == size


def test_a_size_without_a_unit_is_refused() -> None:
    with pytest.raises(ValueError, match="no size"):
        read_size("16")


def test_a_pattern_that_hits_another_number_of_layers_is_refused() -> None:
    targets = choose_targets("language-attention", language_layers=2, vision_layers=2)
    name = "model.language_model.layers.0.self_attn.q_proj"
    with pytest.raises(TargetError, match="hits 1 layers, expected 8"):
        matched([name, "model.vision_tower.encoder.layers.0.self_attn.q_proj"], targets)


def test_memory_saving_changes_come_cheapest_first() -> None:
    names = [name for name, _ in without_waste(Choices(batch=4))]
    assert names[0] == "batch 1 with accumulation"
    assert names.index("8-bit optimizer") < names.index("attention layers only")


@pytest.mark.torch
def test_paligemma_3b_has_the_known_size() -> None:
    layers = count_layers(open_base(V1).module)
    assert sum(one.parameters for one in layers) == 2_923_466_480
    assert total_bytes(layers, "bf16").total / GIB == pytest.approx(5.4454, abs=5e-5)
    assert total_bytes(layers, "nf4").weights / GIB == pytest.approx(2.0993, abs=5e-5)
    # Double quantisation adds about 0.035 GiB of constants.
    assert total_bytes(layers, "nf4").constants / GIB == pytest.approx(0.0357, abs=5e-4)


@pytest.mark.torch
def test_int8_head_with_constants_and_adapter_stays_under_the_noted_size() -> None:
    answer = make_plan(V1, Choices(quantize="nf4", int8_embedding=True, rank=8))
    assert (answer.memory.weights.total + answer.memory.adapter) / GIB < 2.1095


@pytest.mark.torch
@pytest.mark.parametrize(
    ("base", "rank", "targets", "millions"),
    [
        (V1, 8, "language-attention", 1.84),
        (V1, 8, "language", 9.81),
        (V1, 16, "language", 19.61),
        ("google/paligemma2-3b-pt-224", 8, "language-attention", 3.19),
        ("google/paligemma2-3b-pt-224", 16, "language", 20.77),
    ],
)
def test_lora_counts_are_the_published_ones(
    base: str, rank: int, targets: str, millions: float
) -> None:
    answer = make_plan(base, Choices(rank=rank, targets=targets))
    assert answer.memory.trained_parameters / 1e6 == pytest.approx(millions, abs=0.005)


@pytest.mark.torch
def test_changing_one_number_changes_the_count_as_the_empty_model_says() -> None:
    base = open_base(V1)
    base.config.text_config.num_hidden_layers = 17
    smaller = build_empty(base.config)
    counted = sum(one.parameters for one in count_layers(smaller))
    assert counted == sum(p.numel() for p in smaller.parameters())
    # One decoder layer: q, o 2048x2048; k, v 256x2048; three of 16384x2048; two norms.
    layer = 2 * 2048 * 2048 + 2 * 256 * 2048 + 3 * 16_384 * 2048 + 2 * 2048
    assert 2_923_466_480 - counted == layer


@pytest.mark.torch
def test_full_fine_tuning_counts_four_times_the_weights() -> None:
    base = open_base(V1)
    layers = count_layers(base.module)
    memory = plan_memory(base.config, layers, Choices(method="full"))
    states = memory.weights.total + memory.gradients + memory.optimizer
    assert states == 16 * 2_923_466_480
    lora = plan_memory(base.config, layers, replace(Choices(), method="lora"))
    assert lora.peak < memory.peak / 4


@pytest.mark.torch
def test_the_command_prints_json_and_names_what_would_fit(
    capsys: pytest.CaptureFixture[str],
) -> None:
    status = main(["--base", V1, "--method", "full", "--gpu-memory", "16GiB", "--json"])
    said = json.loads(capsys.readouterr().out)
    assert status == 1
    assert said["fits"] is False
    assert "LoRA" in said["advice"]
    assert main(["--base", V1, "--quantize", "nf4", "--rank", "8", "--gpu-memory", "16GiB"]) == 0
    assert "2.0993 GiB" in capsys.readouterr().out


@pytest.mark.torch
@pytest.mark.parametrize(
    "given",
    [{"is_checkpointed": False}, {"is_checkpointed": True, "targets": "language+vision"}],
    ids=["plain", "checkpointing"],
)
def test_the_planned_peaks_are_the_measured_ones(given: dict[str, Any]) -> None:
    # So many that the 6 MB which answering takes at every size weigh little beside them.
    chosen = Choices(quantize="fp32", rank=16, batch=20, text_tokens=24, suffix_tokens=8, **given)
    answer = make_plan(str(shipped_model()), chosen, is_measured=True)
    for what in ("answering", "training"):
        pair = answer.pairs[what]
        assert pair.measured > 40e6, what
        assert pair.off_by == pytest.approx(0.0, abs=0.10), (what, pair)
    assert "off by" in as_table(answer)


@pytest.mark.torch
def test_a_known_name_without_weights_cannot_be_measured(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["--base", V1, "--measure"]) == 2
    assert "holds no weights to measure" in capsys.readouterr().err


@pytest.mark.torch
def test_a_small_card_keeps_what_it_holds_and_takes_the_rest_in_turn(
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = ["--base", V1, "--offload", "cpu", "--json"]
    assert main([*given, "--gpu-memory", "6GiB"]) == 0
    said = json.loads(capsys.readouterr().out)
    placed = said["offload"]
    assert (placed["card"] + placed["memory"]) / GIB == pytest.approx(5.4454, abs=5e-5)
    # Four of eighteen decoder layers, each of two projections of 4 M, two of 0.5 M and an MLP.
    layer = 2 * (2 * 2048 * 2048 + 2 * 256 * 2048 + 3 * 16_384 * 2048 + 2 * 2048)
    assert placed["memory"] == 4 * layer + 2 * 2048  # and the last norm
    assert placed["turn"] == 2 * 16_384 * 2048
    assert placed["peak"] < 0.9 * 6 * GIB
    assert main([*given, "--gpu-memory", "8GiB"]) == 0
    assert json.loads(capsys.readouterr().out)["offload"]["moved"] == 0


@pytest.mark.torch
def test_on_disk_lie_the_numbered_layers_as_serving_leaves_them_there() -> None:
    answer = make_plan(V1, Choices(text_tokens=256), offload="disk")
    placed = answer.placement
    assert placed is not None
    numbered = [one for one in answer.layers if ".layers." in one.name]
    assert placed.disk == 2 * sum(one.parameters for one in numbered)
    assert placed.card + placed.disk == 2 * 2_923_466_480
    assert placed.peak < 1.2 * GIB
    assert "model.language_model.layers.0 to 17: disk" in as_table(answer)


@pytest.mark.torch
@pytest.mark.parametrize(
    ("wish", "reason"),
    [
        (["--offload", "cpu", "--quantize", "nf4", "--gpu-memory", "2GiB"], "cannot be offloaded"),
        (["--offload", "disk", "--quantize", "nf4"], "cannot be offloaded"),
        (["--offload", "cpu"], "name its --gpu-memory"),
    ],
)
def test_an_offload_that_cannot_be_is_refused_with_its_reason(
    wish: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--base", V1, *wish]) == 2
    assert reason in capsys.readouterr().err


@pytest.mark.torch
def test_an_unknown_base_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UnknownBase):
        open_base("google/paligemma-3b")
    assert main(["--base", "nothing"]) == 2
    assert "paligemma-3b-mix-224" in capsys.readouterr().err
