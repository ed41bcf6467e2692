"""Several callers at once: one batch where it may be shared, questions first, errors kept apart."""

import threading
import time
from collections.abc import Sequence

import numpy as np
import pytest

from model.batching import BatchingBackend
from model.scripted import ScriptedBackend
from model.types import BackendUnavailable, Completion, ModelError, Request


def ask(words: str, digest: str = "d", adapter: str | None = None) -> Request:
    return Request(np.zeros((4, 4, 3), dtype=np.uint8), digest, words, adapter=adapter)


def echo(request: Request) -> str:
    if request.prefix == "bad":
        raise ModelError("no such words")
    return f"said {request.prefix}"


class Crowd:
    """Threads that ask at the same time, and what each got."""

    def __init__(self, backend: BatchingBackend) -> None:
        self.backend = backend
        self.found: dict[str, list[Completion] | Exception] = {}
        self.threads: list[threading.Thread] = []

    def ask(self, name: str, requests: Sequence[Request], *, in_background: bool = False) -> None:
        def run() -> None:
            if in_background:
                self.backend.in_background()
            try:
                self.found[name] = self.backend.complete(requests)
            except ModelError as error:
                self.found[name] = error

        self.threads.append(threading.Thread(target=run))
        self.threads[-1].start()

    def wait(self) -> None:
        for thread in self.threads:
            thread.join(10)


def suffixes(found: list[Completion] | Exception) -> list[str]:
    assert not isinstance(found, Exception), found
    return [one.suffix for one in found]


def test_what_is_asked_together_goes_through_in_one_batch() -> None:
    inner = ScriptedBackend(echo)
    backend = BatchingBackend(inner, wait_seconds=0.3)
    crowd = Crowd(backend)
    for number in range(8):
        crowd.ask(str(number), [ask(f"q{number}", f"picture-{number}")])
    crowd.wait()
    assert inner.batches == [8]
    for number in range(8):
        assert suffixes(crowd.found[str(number)]) == [f"said q{number}"]
    backend.close()


def test_the_same_question_from_two_callers_is_answered_twice() -> None:
    backend = BatchingBackend(ScriptedBackend(echo), wait_seconds=0.2)
    crowd = Crowd(backend)
    for name in ("one", "other"):
        crowd.ask(name, [ask("same")])
    crowd.wait()
    assert suffixes(crowd.found["one"]) == suffixes(crowd.found["other"]) == ["said same"]
    assert backend.is_alive()
    backend.close()


def test_different_adapters_go_through_apart() -> None:
    inner = ScriptedBackend(echo)
    backend = BatchingBackend(inner, wait_seconds=0.2)
    crowd = Crowd(backend)
    for number, adapter in enumerate(["knees", None, "knees"]):
        crowd.ask(str(number), [ask(f"q{number}", adapter=adapter)])
    crowd.wait()
    assert sorted(inner.batches) == [1, 2]
    backend.close()


def test_a_question_goes_before_background_work_that_came_first() -> None:
    inner = ScriptedBackend(echo, delay_seconds=0.2)
    backend = BatchingBackend(inner, wait_seconds=0.0)
    crowd = Crowd(backend)
    crowd.ask("first", [ask("first")], in_background=True)
    time.sleep(0.1)  # it runs by now
    crowd.ask("second", [ask("second")], in_background=True)
    time.sleep(0.05)
    crowd.ask("question", [ask("question")])
    crowd.wait()
    assert [one.prefix for one in inner.requests] == ["first", "question", "second"]
    backend.close()


def test_a_mistake_of_one_caller_does_no_harm_to_another() -> None:
    backend = BatchingBackend(ScriptedBackend(echo), wait_seconds=0.2)
    crowd = Crowd(backend)
    crowd.ask("good", [ask("good")])
    crowd.ask("bad", [ask("bad")])
    crowd.wait()
    assert suffixes(crowd.found["good"]) == ["said good"]
    assert isinstance(crowd.found["bad"], ModelError)
    backend.close()


def test_a_picture_that_was_erased_is_not_asked_about_any_more() -> None:
    inner = ScriptedBackend(echo, delay_seconds=0.2)
    backend = BatchingBackend(inner, wait_seconds=0.0)
    crowd = Crowd(backend)
    crowd.ask("running", [ask("running", "other")])
    time.sleep(0.1)
    crowd.ask("erased", [ask("erased", "mine")])
    time.sleep(0.05)
    backend.forget("mine")
    crowd.wait()
    assert isinstance(crowd.found["erased"], BackendUnavailable)
    assert [one.prefix for one in inner.requests] == ["running"]
    assert inner.forgotten == ["mine"]
    backend.close()


def test_closing_ends_whoever_waits() -> None:
    backend = BatchingBackend(ScriptedBackend(echo, delay_seconds=0.3), wait_seconds=0.0)
    crowd = Crowd(backend)
    crowd.ask("running", [ask("running")])
    time.sleep(0.1)
    crowd.ask("waiting", [ask("waiting")])
    time.sleep(0.05)
    backend.close()
    crowd.wait()
    assert suffixes(crowd.found["running"]) == ["said running"]
    assert isinstance(crowd.found["waiting"], BackendUnavailable)
    with pytest.raises(BackendUnavailable, match="closed"):
        backend.complete([ask("late")])
