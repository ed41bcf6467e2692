from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from model.memory import GIB, WeightCount, count_weights, what_would_fit

FULL = WeightCount(linear=2_396_000_000, other=527_466_480)


def test_weights_are_counted_from_the_headers(tmp_path: Path) -> None:
    tensors = {
        "model.language_model.layers.0.mlp.up_proj.weight": (8, 4),
        "model.language_model.embed_tokens.weight": (10, 4),
        "model.language_model.norm.weight": (4,),
        "lm_head.weight": (3, 4),
    }
    arrays = {name: np.zeros(shape, np.float16) for name, shape in tensors.items()}
    save_file(arrays, tmp_path / "model.safetensors")
    assert count_weights(tmp_path) == WeightCount(linear=32, other=56)


def test_the_3b_in_bfloat16_takes_5_445_gib() -> None:
    assert FULL.weights_bytes("none") / GIB == pytest.approx(5.4454, abs=1e-3)
    assert FULL.weights_bytes("nf4") / GIB == pytest.approx(2.13, abs=0.02)


@pytest.mark.parametrize(
    ("card_gib", "quantize", "advice"),
    [
        (4.0, "none", "quantize=int8"),
        (3.0, "none", "quantize=nf4"),
        (3.0, "int8", "quantize=nf4"),
        (1.0, "none", "device cpu"),
        (1.0, "nf4", "device cpu"),
    ],
)
def test_the_sentence_names_what_would_fit(card_gib: float, quantize: str, advice: str) -> None:
    sentence = what_would_fit(FULL, quantize, round(card_gib * GIB))  # type: ignore[arg-type]
    assert advice in sentence
    assert f"{card_gib:.1f} GiB" in sentence
