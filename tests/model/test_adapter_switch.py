"""Adapters on a tiny random PaliGemma: on when proved, refused when not, the old one stays."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from model.adapters import BASE_ALONE, base_digest
from model.prompts import MODALITY_QUESTION, answer_prefix
from model.types import AdapterMismatch, Request
from tests.model.tiny import make_adapter, make_tiny, seal

pytestmark = pytest.mark.torch

IMAGE = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny(tmp_path_factory.mktemp("model") / "base")


@pytest.fixture(scope="module")
def knees(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_adapter(base, tmp_path_factory.mktemp("adapters") / "knees")


@pytest.fixture
def backend(base: Path) -> Any:
    from model.local import open_local

    return open_local(base, device="cpu", threads=1)


def logprob(backend: Any, adapter: str | None = None) -> float:
    prefix = answer_prefix(MODALITY_QUESTION)
    (found,) = backend.complete([Request(IMAGE, "d", prefix, "free", adapter, 6)])
    return float(found.mean_logprob)


def test_an_adapter_is_counted_and_changes_the_answer(backend: Any, knees: Path) -> None:
    before = logprob(backend)
    backend.activate(str(knees))
    info, proof = backend.info(), backend.proof()
    assert (info.adapter, info.adapter_tensors) == ("knees", 2 * 2 * 7)  # layers x sides x linear
    assert proof.probe_change > 0.0
    assert logprob(backend) != before
    assert logprob(backend, BASE_ALONE) == before
    assert logprob(backend, "knees") == logprob(backend)
    backend.deactivate()
    assert logprob(backend) == before
    assert backend.info().adapter is None


def no_effect(base: Path, folder: Path) -> None:
    make_adapter(base, folder, scale=0.0)


def other_base(base: Path, folder: Path) -> None:
    make_adapter(make_tiny(folder.parent / "other", seed=5), folder)


def flipped_byte(base: Path, folder: Path) -> None:
    make_adapter(base, folder)
    path = folder / "adapter_model.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(bytes(content))


def renamed_tensor(base: Path, folder: Path) -> None:
    from safetensors.torch import load_file, save_file

    make_adapter(base, folder)
    path = folder / "adapter_model.safetensors"
    tensors = load_file(path)
    first = sorted(tensors)[0]
    tensors[first.replace("layers.0", "layers.7")] = tensors.pop(first)
    save_file(tensors, path)
    seal(folder, base_sha256=base_digest(base))


def wrong_shape(base: Path, folder: Path) -> None:
    wide = make_tiny(folder.parent / "wide", width=96)
    make_adapter(wide, folder)
    seal(folder, base_sha256=base_digest(base))


def other_targets(base: Path, folder: Path) -> None:
    make_adapter(base, folder)
    path = folder / "adapter_config.json"
    settings = json.loads(path.read_text(encoding="utf-8"))
    settings["target_modules"] = r".*language_model.*nothing_like_this"
    path.write_text(json.dumps(settings), encoding="utf-8")
    seal(folder, base_sha256=base_digest(base))


def other_size(base: Path, folder: Path) -> None:
    make_adapter(base, folder)
    seal(folder, base_sha256=base_digest(base), image_size=448)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (no_effect, "changes nothing"),
        (other_base, "another base"),
        (flipped_byte, "is not the file"),
        (renamed_tensor, "27 of 28 tensors"),
        (wrong_shape, "does not fit"),
        (other_targets, "does not fit"),
        (other_size, "448 pixels"),
    ],
)
@pytest.mark.parametrize("has_an_old_one", [False, True])
def test_a_bad_adapter_is_refused_and_the_old_one_stays(
    backend: Any,
    base: Path,
    knees: Path,
    tmp_path: Path,
    make: Callable[[Path, Path], None],
    sentence: str,
    has_an_old_one: bool,
) -> None:
    alone = logprob(backend)
    if has_an_old_one:
        backend.activate(str(knees))
    before = logprob(backend)
    make(base, tmp_path / "bad")
    with pytest.raises(AdapterMismatch, match=sentence):
        backend.activate(str(tmp_path / "bad"))
    assert backend.info().adapter == ("knees" if has_an_old_one else None)
    assert logprob(backend) == before
    assert logprob(backend, BASE_ALONE) == alone
    backend.activate(str(knees))  # and the next good one still goes on
    assert logprob(backend) != alone


def test_several_adapters_answer_in_one_call(
    backend: Any, base: Path, knees: Path, tmp_path: Path
) -> None:
    spines = make_adapter(base, tmp_path / "spines", seed=9)
    backend.activate(str(knees))
    assert backend.keep(spines) == "spines"
    assert backend.info().adapter == "knees"
    prefix = answer_prefix(MODALITY_QUESTION)
    names = [None, "spines", BASE_ALONE, "spines", "knees"]
    found = backend.complete([Request(IMAGE, "d", prefix, "free", name, 6) for name in names])
    assert [completion.adapter for completion in found] == [
        "knees",
        "spines",
        None,
        "spines",
        "knees",
    ]
    assert found[0].mean_logprob == found[4].mean_logprob
    assert len({completion.mean_logprob for completion in found}) == 3


def test_an_adapter_that_is_not_loaded_is_a_mismatch(backend: Any) -> None:
    with pytest.raises(AdapterMismatch, match="not loaded"):
        logprob(backend, "hips")


def test_a_new_version_under_the_same_name_replaces_the_old(
    backend: Any, base: Path, knees: Path, tmp_path: Path
) -> None:
    backend.activate(str(knees))
    before = logprob(backend)
    backend.activate(str(make_adapter(base, tmp_path / "knees", seed=77)))
    assert backend.info().adapter == "knees"
    assert logprob(backend) != before


def test_many_adapters_do_not_pile_up(backend: Any, base: Path, tmp_path: Path) -> None:
    for number in range(7):
        backend.activate(str(make_adapter(base, tmp_path / f"a{number}", seed=number)))
    small = backend.info().resident_bytes
    backend.activate(str(make_adapter(base, tmp_path / "last", seed=99)))
    assert backend.info().resident_bytes == small
    with pytest.raises(AdapterMismatch):
        logprob(backend, "a0")


def test_an_adapter_of_the_vision_tower_has_features_of_its_own(
    backend: Any, base: Path, tmp_path: Path
) -> None:
    targets = r".*vision_tower.*(q|k|v|out)_proj"
    eyes = make_adapter(base, tmp_path / "eyes", targets=targets, scale=1.0)
    alone = logprob(backend)
    backend.activate(str(eyes))
    assert logprob(backend) != alone
    assert logprob(backend, BASE_ALONE) == alone


@pytest.mark.parametrize("quantize", ["nf4", "int8"])
def test_an_adapter_goes_onto_a_quantised_base(base: Path, knees: Path, quantize: Any) -> None:
    from model.local import open_local

    backend = open_local(base, adapter=knees, quantize=quantize, device="cpu", threads=1)
    assert backend.info().adapter_tensors == 28
    assert logprob(backend) != logprob(backend, BASE_ALONE)
