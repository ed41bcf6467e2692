"""The engine does nothing that nobody needs: erased pictures, tokens that are decided anyway."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from model.prompts import segment_prefix
from model.types import Request
from tests.model.test_local import LONG, ask
from tests.model.tiny import make_tiny

pytestmark = pytest.mark.torch


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[Any]:
    from model.local import open_local

    opened = open_local(make_tiny(tmp_path / "base"), device="cpu", threads=1)
    yield opened
    opened.close()


def test_an_erased_picture_is_cut_short_and_forgotten(backend: Any) -> None:
    whole = backend.complete([ask(LONG, limit=40)])[0]
    steps = 0

    def erase_in_the_middle(*_: Any) -> None:
        nonlocal steps
        steps += 1
        if steps == 5:
            eraser = threading.Thread(target=backend.forget, args=("picture-0",))
            eraser.start()
            eraser.join(5)
            assert not eraser.is_alive()  # nobody who erases waits for the model

    hook = backend._base.net.model.register_forward_pre_hook(erase_in_the_middle)
    cut = backend.complete([ask(LONG, limit=40)])[0]
    hook.remove()
    assert whole.suffix.startswith(cut.suffix)
    assert steps < 10
    assert backend._sight.kept.used_bytes == 0


def test_what_the_grammar_decides_alone_does_not_go_through_the_network(backend: Any) -> None:
    read = []
    hook = backend._base.net.model.register_forward_pre_hook(
        lambda _, __, inputs: read.append(inputs["input_ids"].shape[1]), with_kwargs=True
    )
    seed = next(s for s in range(20) if backend.complete([ask_liver(s)])[0].suffix)
    read.clear()
    (found,) = backend.complete([ask_liver(seed)])
    hook.remove()
    assert found.suffix.endswith(" liver")
    assert len(read) == 20  # the prefix, then 4 places and 15 codes; no name, no end
    assert read[1:] == [1] * 19


def ask_liver(seed: int) -> Request:
    return ask(segment_prefix(["liver"]), "segment", seed=seed, limit=60)
