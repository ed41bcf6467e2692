"""What is loaded at the start is not looked through again and again."""

import gc
from collections.abc import Iterator

import pytest

from app.guardrail.check import Guard
from app.memory import resident_mib, settle


@pytest.fixture
def thawed() -> Iterator[None]:
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("thawed")
def test_the_guards_words_are_kept_out_of_the_collectors_rounds() -> None:
    guard = Guard.load()
    before = len(gc.get_objects())
    settle()
    assert before > 100_000
    assert len(gc.get_objects()) < before / 100
    assert gc.get_freeze_count() > 0.9 * before
    assert guard.policy_version


def test_memory_is_told_in_mib() -> None:
    held = resident_mib()
    assert held is None or 10 < held < 100_000
