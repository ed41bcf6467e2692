"""The full-size way of loading, at a small size: packed, quantised, from disk; refusals."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from model.memory import Loading
from model.prompts import answer_prefix, segment_prefix
from model.seg_tokens import parse_suffix
from model.types import BackendUnavailable, Request
from tests.benchmarks.full_random import Shape, make_random
from tests.model.tiny import make_adapter

pytestmark = pytest.mark.torch
SMALL = Shape(256, 512, 2, 4, 64, 128, 256, 2, 4, 56, 14, 2)
NAMES = ("liver", "left kidney")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_random(tmp_path_factory.mktemp("random") / "base", SMALL)


@pytest.fixture
def as_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Treat a small checkpoint as one of the full size: bfloat16, packed."""
    monkeypatch.setattr("model.memory.COMPACT_BELOW", 0)


def asked(seed: int = 0) -> list[Request]:
    picture = np.random.default_rng(seed).integers(0, 256, (60, 60, 3), dtype=np.uint8)
    return [
        Request(picture, "", segment_prefix(NAMES), "segment", max_new_tokens=80),
        Request(picture, "", answer_prefix("what is this?"), max_new_tokens=8),
    ]


def opened(folder: Path, **options: Any) -> Any:
    from model.local import open_local

    return open_local(folder, device="cpu", threads=1, **options)


@pytest.mark.usefixtures("as_large")
def test_packed_layers_answer_bit_by_bit_as_plain_ones(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = opened(folder)
    monkeypatch.setattr("model.loading.pack_linear_layers", lambda net: None)
    plain = opened(folder)
    assert packed.info().resident_bytes == pytest.approx(plain.info().resident_bytes, rel=0.02)
    for one, other in zip(packed.complete(asked()), plain.complete(asked()), strict=True):
        assert (one.suffix, one.mean_logprob) == (other.suffix, other.mean_logprob)


@pytest.mark.usefixtures("as_large")
def test_an_adapter_goes_onto_packed_layers(folder: Path, tmp_path: Path) -> None:
    adapter = make_adapter(folder, tmp_path / "adapter")
    backend = opened(folder)
    before = backend.complete(asked())
    backend.activate(str(adapter))
    assert backend.proof().probe_change > 0
    assert [c.suffix for c in backend.complete(asked())] != [c.suffix for c in before]
    backend.deactivate()
    assert [c.suffix for c in backend.complete(asked())] == [c.suffix for c in before]


@pytest.mark.usefixtures("as_large")
def test_the_smallest_form_answers_and_takes_an_adapter(folder: Path, tmp_path: Path) -> None:
    smallest = opened(folder, quantize="smallest")
    plain = opened(folder)
    assert smallest.info().resident_bytes < 0.56 * plain.info().resident_bytes
    segmented, _ = smallest.complete(asked())
    assert parse_suffix(segmented.suffix, NAMES, needs_mask=True).rejected == ()
    smallest.activate(str(make_adapter(folder, tmp_path / "adapter")))
    assert smallest.proof().probe_change > 0


@pytest.mark.usefixtures("as_large")
def test_weights_left_on_disk_answer_the_same(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = opened(folder, offload="disk")
    monkeypatch.setattr("model.loading.pack_linear_layers", lambda net: None)
    plain = opened(folder)
    layers = disk._base.net.model.language_model.layers
    assert all(parameter.is_meta for parameter in layers.parameters())
    for one, other in zip(disk.complete(asked()), plain.complete(asked()), strict=True):
        assert (one.suffix, one.mean_logprob) == (other.suffix, other.mean_logprob)


def test_int8_rows_are_close_to_the_rows_they_stand_for() -> None:
    import torch
    from torch import nn

    from model.int8_rows import Int8Head, Int8Rows

    torch.manual_seed(0)
    embedding = nn.Embedding(300, 64).bfloat16()
    rows = Int8Rows(embedding)
    ids = torch.tensor([[1, 2, 299]])
    assert torch.allclose(rows(ids).float(), embedding(ids).float(), atol=0.04)
    hidden = torch.randn(1, 64).bfloat16()
    wanted = hidden.float() @ embedding.weight.float().T
    assert torch.allclose(Int8Head(rows)(hidden).float(), wanted, atol=0.3)
    assert torch.allclose(Int8Head(rows).float()(hidden.float()), wanted, atol=0.3)


def lose_a_shard(folder: Path) -> None:
    (folder / "model-00002-of-00002.safetensors").unlink()


def cut_a_shard(folder: Path) -> None:
    path = folder / "model-00001-of-00002.safetensors"
    path.write_bytes(path.read_bytes()[:-1000])


def lose_a_tensor(folder: Path) -> None:
    from safetensors.torch import load_file, save_file

    path = folder / "model-00002-of-00002.safetensors"
    tensors = load_file(path)
    tensors.pop("language_model.model.norm.weight")
    save_file(tensors, path, metadata={"format": "pt"})


def speak_llama(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    config["text_config"]["model_type"] = "llama"
    (folder / "config.json").write_text(json.dumps(config))


@pytest.mark.parametrize(
    ("harm", "sentence"),
    [
        (lose_a_shard, "model-00002-of-00002.safetensors .*missing"),
        (cut_a_shard, "model-00001-of-00002.safetensors .*cut off"),
        (lose_a_tensor, "lack 1 tensors.*norm.weight"),
        (speak_llama, "is llama, not a Gemma"),
    ],
)
def test_a_damaged_checkpoint_is_refused_with_a_sentence(
    tmp_path: Path, harm: Callable[[Path], None], sentence: str
) -> None:
    folder = make_random(tmp_path / "base", SMALL)
    harm(folder)
    with pytest.raises(BackendUnavailable, match=sentence):
        opened(folder)


def test_disk_and_quantising_together_are_refused(folder: Path) -> None:
    from model.loading import load_net
    from model.memory import count_weights

    with pytest.raises(BackendUnavailable, match="offload=disk with quantize=none"):
        load_net(folder, count_weights(folder), Loading("nf4", "disk"), "cpu")


@pytest.mark.parametrize(("inputs", "outputs"), [(64, 48), (96, 64), (4304, 32)])
def test_four_bit_layers_of_odd_shapes_answer_on_every_processor(inputs: int, outputs: int) -> None:
    """SigLIP's layers of 4,304 features failed on processors with AVX512-BF16."""
    import torch
    from bitsandbytes.nn import Linear4bit

    from model.loading import leave_odd_layers_unpacked

    layer = Linear4bit(inputs, outputs, quant_type="nf4", compute_dtype=torch.bfloat16)
    layer.to("cpu").eval().requires_grad_(False)
    layer.support_avx512bf16_for_cpu = True  # as on such a processor
    leave_odd_layers_unpacked(torch.nn.Sequential(layer))
    assert not layer.support_avx512bf16_for_cpu
    said = layer(torch.ones(1, inputs, dtype=torch.bfloat16))
    assert said.shape == (1, outputs)
    assert said.isfinite().all()
