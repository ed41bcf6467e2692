import numpy as np
import pytest

from model.adapters import BASE_ALONE
from model.scripted import ScriptedBackend
from model.types import AdapterMismatch, BackendUnavailable, Request

IMAGE = np.zeros((4, 4, 3), np.uint8)


def ask(prefix: str, adapter: str | None = None) -> Request:
    return Request(IMAGE, "digest", prefix, adapter=adapter)


def test_exact_prefixes_come_before_patterns() -> None:
    backend = ScriptedBackend({"answer en .*": "pattern", "answer en why?\n": "exact"})
    found = backend.complete([ask("answer en why?\n"), ask("answer en what?\n")])
    assert [completion.suffix for completion in found] == ["exact", "pattern"]
    assert backend.batches == [2]
    assert [request.prefix for request in backend.requests] == [
        "answer en why?\n",
        "answer en what?\n",
    ]


def test_a_function_sees_the_whole_request() -> None:
    backend = ScriptedBackend(lambda request: str(request.image.shape), mean_logprob=-2.0)
    (found,) = backend.complete([ask("caption en\n")])
    assert (found.suffix, found.mean_logprob) == ("(4, 4, 3)", -2.0)


def test_an_unscripted_prefix_is_an_error() -> None:
    with pytest.raises(LookupError):
        ScriptedBackend({}).complete([ask("caption en\n")])


def test_failures_come_in_order_and_then_end() -> None:
    failures = [BackendUnavailable("no memory"), None]
    backend = ScriptedBackend({".*": "words"}, failures=failures)
    with pytest.raises(BackendUnavailable):
        backend.complete([ask("caption en\n")])
    assert backend.complete([ask("caption en\n")])[0].suffix == "words"
    assert backend.complete([ask("caption en\n")])[0].suffix == "words"


def test_completions_name_the_adapter_that_answered() -> None:
    backend = ScriptedBackend({".*": "words"}, adapter="first", refused=["broken"])
    with pytest.raises(AdapterMismatch):
        backend.activate("broken")
    assert backend.info().adapter == "first"
    backend.activate("second")
    found = backend.complete([ask("x"), ask("x", "third"), ask("x", BASE_ALONE)])
    assert [completion.adapter for completion in found] == ["second", "third", None]
