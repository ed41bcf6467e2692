import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from model.memory import (
    GIB,
    Loading,
    WeightCount,
    check_room,
    count_weights,
    missing_shards,
    what_would_fit,
)
from model.types import BackendUnavailable

FULL = WeightCount(linear=2_396_000_000, other=688_112, embedding=526_778_368)


def test_weights_are_counted_from_the_headers(tmp_path: Path) -> None:
    tensors = {
        "model.language_model.layers.0.mlp.up_proj.weight": (8, 4),
        "model.language_model.embed_tokens.weight": (10, 4),
        "model.language_model.norm.weight": (4,),
        "lm_head.weight": (3, 4),
    }
    arrays = {name: np.zeros(shape, np.float16) for name, shape in tensors.items()}
    save_file(arrays, tmp_path / "model.safetensors")
    assert count_weights(tmp_path) == WeightCount(linear=32, other=4, embedding=40)


def test_the_3b_in_bfloat16_takes_5_445_gib() -> None:
    assert FULL.weights_bytes("none") / GIB == pytest.approx(5.4454, abs=1e-3)
    assert FULL.weights_bytes("nf4") / GIB == pytest.approx(2.13, abs=0.02)
    assert FULL.weights_bytes("smallest") / GIB == pytest.approx(1.64, abs=0.02)


@pytest.mark.parametrize(
    ("card_gib", "quantize", "advice"),
    [
        (4.0, "none", "quantize=int8"),
        (3.0, "none", "quantize=nf4"),
        (3.0, "int8", "quantize=nf4"),
        (2.1, "none", "quantize=smallest"),
        (1.0, "none", "device cpu"),
        (1.0, "nf4", "device cpu"),
    ],
)
def test_the_sentence_names_what_would_fit(card_gib: float, quantize: str, advice: str) -> None:
    sentence = what_would_fit(FULL, quantize, round(card_gib * GIB))  # type: ignore[arg-type]
    assert advice in sentence
    assert f"{card_gib:.1f} GiB" in sentence


def test_a_model_that_does_not_fit_is_refused_before_it_is_loaded() -> None:
    huge = WeightCount(linear=10**13, other=0, embedding=10**9)
    with pytest.raises(BackendUnavailable, match=r"needs about \d+\.\d GiB.*this machine has"):
        check_room(huge, Loading(), "cpu", None)
    with pytest.raises(BackendUnavailable, match=r"the card has 3\.0 GiB free.*quantize=nf4"):
        check_room(FULL, Loading(), "cuda", 3 * GIB)


def test_a_model_too_large_for_memory_is_offered_the_disk() -> None:
    large = WeightCount(linear=10**11, other=0, embedding=10**9)
    with pytest.raises(BackendUnavailable, match="offload=disk"):
        check_room(large, Loading(), "cpu", None)
    check_room(large, Loading(offload="disk"), "cpu", None)


def test_shards_that_are_missing_or_cut_off_are_named(tmp_path: Path) -> None:
    for name in ("a", "b"):
        save_file({name: np.zeros(1000, np.float16)}, tmp_path / f"{name}.safetensors")
    places = {"a": "a.safetensors", "b": "b.safetensors", "c": "c.safetensors"}
    index = tmp_path / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": places}))
    assert missing_shards(tmp_path) == ["c.safetensors"]
    path = tmp_path / "b.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    assert missing_shards(tmp_path) == ["b.safetensors", "c.safetensors"]
