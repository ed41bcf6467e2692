"""Preference training: pairs by policy, the loss by numbers, a guarded adapter on a tiny base."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from app.guardrail.check import Guard, Scan
from app.guardrail.command import main as check_guardrail
from tests.training.drawn_medpix import make_base, make_medpix
from training.adapter_rows import Row, Taught
from training.preferences import (
    FAULTS,
    POLICY,
    PreferenceError,
    draw_pairs,
    read_preferences,
    that_fit,
)

HEAD = Taught(Path("a.jpg"), "case", (Row("modality", "p", "CT"), Row("region", "p", "head")))


def test_the_guard_lets_every_chosen_answer_through_and_stops_every_rejected_one() -> None:
    policy, guard = read_preferences(POLICY), Guard.load()

    def verdict(form: str, **words: str) -> str:
        said = form.format(**words)
        return guard.check_answer(policy.judged_as, said, "en", Scan()).verdict

    rejected = [form for forms in policy.rejected.values() for form in forms]
    for region, conditions in policy.conditions.items():
        words = {"region": region, "modality": "CT", "condition": conditions[0]}
        assert {verdict(form, **words) for form in policy.chosen} == {"allow"}
        assert "allow" not in {verdict(form, **words) for form in rejected}


def test_pairs_speak_of_the_pictures_own_part_and_show_every_fault() -> None:
    policy = read_preferences(POLICY)
    pairs = draw_pairs(policy, HEAD, 60, np.random.default_rng(1))
    assert {pair.fault for pair in pairs} == set(FAULTS)
    assert all("head" in pair.chosen for pair in pairs)
    named = {pair.rejected for pair in pairs if pair.fault != "reassuring"} - {"yes"}
    assert all(any(one in said for one in policy.conditions["head"]) for said in named)
    new = {one.prefix for one in policy.new_questions}
    assert not new & {pair.prefix for pair in pairs}


def test_a_picture_of_which_the_part_is_not_known_makes_no_pair() -> None:
    policy = read_preferences(POLICY)
    unknown = Taught(Path("b.jpg"), "case", HEAD.rows[:1])
    assert that_fit(policy, [HEAD, unknown]) == [HEAD]
    with pytest.raises(PreferenceError, match="no picture says both"):
        that_fit(policy, [unknown])


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"chosen": []}, "a list is empty"),
        ({"chosen": ["The {organ} is shown."]}, "organ"),
        ({"conditions": {"elbow": ["a break"]}}, "elbow"),
        ({"rejected": {"named": ["x"]}}, "reassuring"),
        ({"questions": [{"ask": "Why?"}]}, "Why"),
        ({"new_questions": [{"asked": "Is it a tumour?"}]}, "both taught and new"),
        ({"colour": "red"}, "unknown or missing key colour"),
    ],
)
def test_a_mistake_in_the_policy_is_one_sentence(
    tmp_path: Path, change: dict[str, Any], named: str
) -> None:
    given = yaml.safe_load(POLICY.read_text(encoding="utf-8"))
    path = tmp_path / "policy.yaml"
    path.write_text(yaml.safe_dump({**given, **change}), encoding="utf-8")
    with pytest.raises(PreferenceError, match=named) as caught:
        read_preferences(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.torch
def test_the_loss_is_that_of_the_margins_beyond_the_reference() -> None:
    import torch

    from training.align_trainer import dpo_loss, suffix_scores

    own, reference = torch.tensor([-1.0, -2.0, -4.0, -3.0]), torch.tensor([-2.0, -2.0, -3.0, -3.0])
    expected = -(math.log(1 / (1 + math.exp(-0.5 * 2.0))) + math.log(0.5)) / 2
    assert float(dpo_loss(own, reference, 0.5)) == pytest.approx(expected)
    logits = torch.log(torch.tensor([[[0.5, 0.25, 0.25], [0.2, 0.2, 0.6], [1.0, 1e-9, 1e-9]]]))
    scores = suffix_scores(logits, torch.tensor([[-100, 1, 0]]))
    assert float(scores.total[0]) == pytest.approx(math.log(0.2), abs=1e-5)
    assert float(scores.mean[0]) == pytest.approx(math.log(0.2) / 2, abs=1e-5)
    assert float(scores.right[0]) == 0.5


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("align")
    make_base(folder / "tiny")
    make_medpix(folder / "medpix2")
    return folder


def _aligned(house: Path, out: Path, *more: str, **changed: Any) -> int:
    from training.align import main

    given = {"steps": 40, "pictures": 4, "rank": 8, "evaluate_every": 20, "threads": 1}
    given |= {"learning_rate": 0.004, "dropout": 0.0, "augment": False, **changed}
    out.mkdir()
    (out / "settings.yaml").write_text(yaml.safe_dump(given), encoding="utf-8")
    pairs = {"config": out / "settings.yaml", "base": house / "tiny", "medpix": house / "medpix2"}
    pairs |= {"out": out / "adapter", "cache": out / "cache"}
    return main(
        [*(part for name, path in pairs.items() for part in (f"--{name}", str(path))), *more]
    )


@pytest.mark.torch
def test_a_guarded_adapter_prefers_the_safe_answer_and_keeps_its_anatomy(
    house: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from model.adapters import base_digest, read_adapter

    first, cases = tmp_path / "first", tmp_path / "cases.jsonl"
    assert _aligned(house, first, "--export", str(cases)) == 0
    lines = (first / "cache" / "log.jsonl").read_text(encoding="utf-8").splitlines()
    losses = [line["loss"] for line in map(json.loads, lines) if "loss" in line]
    assert sum(losses[-5:]) < 0.7 * sum(losses[:5])
    assert (first / "cache" / "curve.png").is_file()
    metrics = json.loads((first / "adapter" / "metrics.json").read_text(encoding="utf-8"))
    before, after = metrics["before"], metrics["held_out"]["metrics"]
    assert after["eval_margin"] > before["margin"] + 5.0
    assert after["eval_preferred"] > 0.9
    assert after["eval_anatomy"] > before["anatomy"] - 0.1
    manifest = read_adapter(first / "adapter", base_digest(house / "tiny")).manifest
    assert manifest.tasks == ("modality", "plane", "region", "question")
    _check_cases(cases, capsys)
    start = ["--go-on-from", str(first / "adapter")]
    assert _aligned(house, tmp_path / "second", *start, steps=1) == 0
    again = json.loads((tmp_path / "second" / "adapter" / "metrics.json").read_text("utf-8"))
    assert again["before"]["margin"] == pytest.approx(after["eval_margin"], abs=0.5)


def _check_cases(cases: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = [json.loads(line) for line in cases.read_text(encoding="utf-8").splitlines()]
    policy = read_preferences(POLICY)
    held = len(told) // (4 * len([*policy.questions, *policy.new_questions]))
    assert 1 <= held <= 40
    assert {one["group"].split(",")[0] for one in told} == {"before", "after"}
    capsys.readouterr()
    check_guardrail(["--cases", str(cases)])
    assert f"of {len(told)} (" in capsys.readouterr().out


@pytest.mark.torch
@pytest.mark.parametrize(
    ("more", "changed", "named"),
    [
        (("--preferences", "gone.yaml"), {}, "gone.yaml cannot be read"),
        (("--beta", "-1"), {}, "beta is -1.0"),
        (("--go-on-from", "gone"), {}, "gone"),
        ((), {"betas": 1}, "settings.yaml:2: unknown key betas"),
    ],
)
def test_bad_input_stops_before_any_training(
    house: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    more: tuple[str, ...],
    changed: dict[str, Any],
    named: str,
) -> None:
    assert _aligned(house, tmp_path / "bad", *more, **changed) == 2
    said = capsys.readouterr().err
    assert named in said
    assert said.count("\n") == 1
    assert not (tmp_path / "bad" / "adapter").exists()
    assert not (tmp_path / "bad" / "cache" / "log.jsonl").exists()
