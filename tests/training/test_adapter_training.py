"""Adapter training for real on a tiny random base: it learns, it resumes, it packs in NF4."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from model.agreement import VIEWS
from tests.training.drawn_medpix import make_base, make_medpix
from tests.training.watched_runs import kill_after, losses_of, run_twofold
from training.run_cache import last_checkpoint
from training.train import main

pytestmark = pytest.mark.torch


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_base(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="module")
def medpix(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_medpix(tmp_path_factory.mktemp("packs") / "medpix2")


def _settings(folder: Path, **changed: Any) -> Path:
    given = {"steps": 10, "pictures": 4, "rank": 4, "evaluate_every": 5, "threads": 1} | changed
    path = folder / "settings.yaml"
    path.write_text(yaml.safe_dump(given), encoding="utf-8")
    return path


def _arguments(base: Path, medpix: Path, folder: Path, run: str) -> list[str]:
    settings = folder / "settings.yaml"
    out, cache = folder / f"adapter-{run}", folder / f"cache-{run}"
    pairs = {"config": settings, "base": base, "medpix": medpix, "out": out, "cache": cache}
    return [part for name, value in pairs.items() for part in (f"--{name}", str(value))]


def _losses(folder: Path, run: str) -> dict[int, float]:
    return losses_of(folder / f"cache-{run}")


def test_thirty_two_pictures_are_learnt_by_heart(base: Path, medpix: Path, tmp_path: Path) -> None:
    _settings(
        tmp_path,
        steps=140,
        pictures=16,
        rank=16,
        targets="language+vision",
        learning_rate=0.004,
        dropout=0.0,
        holdout_share=0.0,
        augment=False,
        shares={"modality": 1.0, "plane": 1.0, "region": 1.0, "caption": 0.0, "condition": 0.0},
    )
    assert main(_arguments(base, medpix, tmp_path, "heart")) == 0
    losses = _losses(tmp_path, "heart")
    assert losses[140] < 0.1 * losses[1]
    found = _evaluated(base, medpix, tmp_path / "adapter-heart")
    assert found["modality_accuracy"] >= 0.95
    assert found["plane_accuracy"] >= 0.9
    assert found["body_part_accuracy"] >= 0.9
    assert found["adapter_off"]["modality_accuracy"] < 0.2


def _evaluated(base: Path, medpix: Path, adapter: Path) -> dict[str, Any]:
    from model.local import open_local
    from training.evaluate_medpix import evaluate_medpix

    backend = open_local(base, adapter=adapter, threads=1)
    as_they_were = VIEWS[:1]
    return evaluate_medpix(
        backend,
        medpix,
        "train",
        limit=0,
        has_adapter=True,
        say=lambda _: None,
        views=as_they_were,
    )


def test_a_killed_run_goes_on_as_if_nothing_had_happened(
    base: Path, medpix: Path, tmp_path: Path
) -> None:
    _settings(tmp_path, steps=12, checkpoint_seconds=0.0, targets="language+vision", average=0.9)
    assert main(_arguments(base, medpix, tmp_path, "whole")) == 0
    killed = _arguments(base, medpix, tmp_path, "killed")
    kill_after(tmp_path / "cache-killed", ["train", *killed], steps=5)
    # What a kill in the middle of writing leaves behind must not be taken for a checkpoint.
    torn = tmp_path / "cache-killed" / "checkpoint-999"
    torn.mkdir()
    (torn / "trainer_state.json").write_text('{"global', encoding="utf-8")
    resumed = last_checkpoint(tmp_path / "cache-killed")
    assert resumed is not None
    assert not torn.exists()
    assert main(killed) == 0
    assert _losses(tmp_path, "killed") == _losses(tmp_path, "whole")
    weights = [(tmp_path / f"adapter-{run}" / "adapter_model.safetensors") for run in RUNS]
    assert weights[0].read_bytes() == weights[1].read_bytes()


RUNS = ("whole", "killed")


def test_two_processes_train_one_adapter(base: Path, medpix: Path, tmp_path: Path) -> None:
    _settings(tmp_path, steps=3, precision="bf16", checkpoint_seconds=0.0)
    run_twofold(["train", *_arguments(base, medpix, tmp_path, "two")])
    assert set(_losses(tmp_path, "two")) == {1, 2, 3}
    assert (tmp_path / "cache-two" / "checkpoint-3" / "rng_state_1.pth").is_file()
    assert (tmp_path / "adapter-two" / "manifest.json").is_file()


def test_qlora_trains_on_a_cpu(base: Path, medpix: Path, tmp_path: Path) -> None:
    more = {"steps": 3, "quantize": "nf4", "checkpointing": True, "accumulation": 2}
    _settings(tmp_path, **more, targets="language+vision", evaluate_every=1)
    assert main(_arguments(base, medpix, tmp_path, "nf4")) == 0
    text = (tmp_path / "cache-nf4" / "log.jsonl").read_text(encoding="utf-8")
    steps = [json.loads(line) for line in text.splitlines() if '"loss"' in line]
    assert len(steps) == 3
    assert all(0 < line["norm_before"] < float("inf") for line in steps)
    assert all(line["norm_after"] <= 1.0 for line in steps)
    # A look at the held-out pictures packs no layer for answering: the steps after it are the same.
    _settings(tmp_path, **more, targets="language+vision", evaluate_every=3)
    assert main(_arguments(base, medpix, tmp_path, "unseen")) == 0
    assert _losses(tmp_path, "unseen") == _losses(tmp_path, "nf4")


def test_nf4_really_packs_the_linear_layers(base: Path) -> None:
    from bitsandbytes.nn import Linear4bit

    from training.adapter_config import AdapterConfig
    from training.qlora import open_trainable

    opened = open_trainable(base, AdapterConfig(quantize="nf4", rank=2))
    packed = [one for one in opened.model.modules() if isinstance(one, Linear4bit)]
    # Two language layers of seven, two vision layers of six, the projector; not the tied head.
    assert len(packed) == 2 * 7 + 2 * 6 + 1
    assert all(one.weight.quant_state.nested for one in packed)
    trained = [name for name, p in opened.model.named_parameters() if p.requires_grad]
    assert len(trained) == 2 * 14
    assert all("language_model" in name and ".lora_" in name for name in trained)


def test_a_cache_of_another_run_is_refused(
    base: Path, medpix: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _settings(tmp_path, steps=1)
    arguments = _arguments(base, medpix, tmp_path, "first")
    assert main(arguments) == 0
    arguments[arguments.index("--out") + 1] = str(tmp_path / "second")
    assert main([*arguments, "--seed", "2"]) == 2
    assert "another run" in capsys.readouterr().err
    assert not (tmp_path / "second").exists()


def test_a_full_disk_stops_before_the_first_step(
    base: Path,
    medpix: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    _settings(tmp_path, steps=1)
    full = SimpleNamespace(total=9, used=9, free=0)
    monkeypatch.setattr("training.whole_folder.shutil.disk_usage", lambda _: full)
    assert main(_arguments(base, medpix, tmp_path, "full")) == 2
    assert "the disk is full" in capsys.readouterr().err
    assert not (tmp_path / "adapter-full").exists()
    assert not (tmp_path / "cache-full" / "log.jsonl").exists()


def test_a_run_leaves_lines_for_tensorboard_beside_it_and_not_in_the_folder(
    base: Path, medpix: Path, tmp_path: Path
) -> None:
    _settings(tmp_path, steps=2)
    assert main(_arguments(base, medpix, tmp_path, "board")) == 0
    written = list((tmp_path / "cache-board").rglob("events.out.tfevents.*"))
    assert written
    assert all(one.stat().st_size > 0 for one in written)
    assert not list((tmp_path / "adapter-board").rglob("events.*"))


def test_training_goes_on_from_a_finished_adapter(
    base: Path, medpix: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from safetensors.torch import load_file

    _settings(tmp_path, steps=3)
    assert main(_arguments(base, medpix, tmp_path, "a")) == 0
    first = tmp_path / "adapter-a"
    _settings(tmp_path, steps=1, learning_rate=0.0)
    assert main([*_arguments(base, medpix, tmp_path, "b"), "--go-on-from", str(first)]) == 0
    before = load_file(first / "adapter_model.safetensors")
    after = load_file(tmp_path / "adapter-b" / "adapter_model.safetensors")
    assert all(after[name].equal(tensor) for name, tensor in before.items())
    more = ["--go-on-from", str(first), "--rank", "2"]
    assert main([*_arguments(base, medpix, tmp_path, "c"), *more]) == 2
    assert "another rank" in capsys.readouterr().err


def test_labels_stand_on_the_suffix_alone(base: Path) -> None:
    import numpy as np

    from model.prompts import REGION_QUESTION, answer_prefix
    from training.adapter_config import AdapterConfig
    from training.qlora import encode_rows, open_trainable

    opened = open_trainable(base, AdapterConfig(rank=2))
    image = np.zeros((32, 32, 3), dtype=np.uint8)
    prefix = answer_prefix(REGION_QUESTION)
    encoded = encode_rows(opened.processor, [image] * 2, [prefix] * 2, ["head", "whole body"])
    tokenizer = opened.processor.tokenizer
    for ids, labels, word in zip(
        encoded["input_ids"], encoded["labels"], ("head", "whole body"), strict=True
    ):
        assert tokenizer.decode(labels[labels != -100]) == f"{word}<eos>"
        before = ids[(labels == -100) & (ids != tokenizer.pad_token_id)].tolist()
        assert tokenizer.decode(before[16:]) == f"<bos>{prefix}"
        assert before[:16] == [opened.processor.image_token_id] * 16


def test_the_serving_code_and_the_processor_write_the_same_input(base: Path) -> None:
    import numpy as np

    from model.prompts import segment_prefix
    from model.text_tokens import open_tokens
    from training.adapter_config import AdapterConfig
    from training.qlora import encode_rows, open_trainable

    opened = open_trainable(base, AdapterConfig(rank=2))
    prefix = segment_prefix(["liver", "left lung"])
    image = np.zeros((32, 32, 3), dtype=np.uint8)
    encoded = encode_rows(opened.processor, [image], [prefix], ["x"])
    before = encoded["input_ids"][0][encoded["labels"][0] == -100].tolist()
    served = open_tokens(base, opened.processor.image_token_id, 16).prefix_ids(prefix)
    assert before == served
