"""Several callers, one model: what is asked at the same time goes through it together."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from model.backend import Backend, BackendInfo, KeepsAdapters, MapsCells
from model.cost import Costs
from model.manifest import Manifest
from model.types import AdapterMismatch, BackendUnavailable, CellMap, Completion, Image, Request

_QUESTION: Final = 0
_BACKGROUND: Final = 1
WAIT_SECONDS: Final = 0.01
"""How long a batch waits for company; a compact answer takes ten times as long."""
MOST_ROWS: Final = 16


@dataclass(eq=False)  # two callers may ask the same
class _Job:
    """What one caller asked, and what came of it."""

    requests: Sequence[Request]
    priority: int
    done: threading.Event = field(default_factory=threading.Event)
    found: list[Completion] | None = None
    error: Exception | None = None

    @property
    def kind(self) -> frozenset[tuple[str | None, bool]]:
        """Jobs of one kind may share a batch: the same adapters, with a grammar or without."""
        return frozenset((one.adapter, one.grammar == "free") for one in self.requests)


class BatchingBackend:
    """Puts calls of several threads together; questions first, each kind in the order it came."""

    def __init__(
        self, inner: Backend, *, wait_seconds: float = WAIT_SECONDS, most_rows: int = MOST_ROWS
    ) -> None:
        """Start the thread that asks `inner`; nobody else may ask it any more."""
        self.inner = inner
        self._wait_seconds, self._most_rows = wait_seconds, most_rows
        self._waiting: list[_Job] = []
        self._changed = threading.Condition()
        self._is_open = True
        self._thread_priority = threading.local()
        self._thread = threading.Thread(target=self._run, daemon=True, name="batching")
        self._thread.start()

    def in_background(self) -> None:
        """Let everything the calling thread asks from now on wait for the questions of others."""
        self._thread_priority.value = _BACKGROUND

    def complete(self, requests: Sequence[Request]) -> list[Completion]:
        """One completion per request, in order, perhaps in one batch with those of others.

        Raises:
            ModelError: as the inner backend does; other callers' mistakes do no harm.
            BackendUnavailable: closed, or the picture was erased meanwhile.
        """
        if not requests:
            return []
        job = _Job(requests, getattr(self._thread_priority, "value", _QUESTION))
        with self._changed:
            if not self._is_open:
                raise BackendUnavailable("This backend was closed.")
            self._waiting.append(job)
            self._changed.notify_all()
        while not job.done.wait(1.0):
            if not self._thread.is_alive():
                raise BackendUnavailable("This backend has stopped.")
        if job.error is not None:
            raise job.error
        assert job.found is not None, "a job is done with answers or with an error"
        return job.found

    def forget(self, image_digest: str) -> None:
        """Drop a picture; what still waits to be asked about it is not asked."""
        with self._changed:
            lost = [
                job
                for job in self._waiting
                if any(one.image_digest == image_digest for one in job.requests)
            ]
            self._waiting = [job for job in self._waiting if job not in lost]
        for job in lost:
            _fail(job, BackendUnavailable("The picture was erased."))
        self.inner.forget(image_digest)

    def activate(self, adapter: str) -> None:
        """As the inner backend, between two batches."""
        self.inner.activate(adapter)

    def keep(self, adapter: str) -> str:
        """As the inner backend; AdapterMismatch where that holds one adapter at a time."""
        if not isinstance(self.inner, KeepsAdapters):
            raise AdapterMismatch("This model server holds one adapter at a time.")
        return self.inner.keep(adapter)

    def adapter_manifest(self, name: str | None = None) -> Manifest | None:
        """As the inner backend."""
        inner = self.inner
        return inner.adapter_manifest(name) if isinstance(inner, KeepsAdapters) else None

    def info(self) -> BackendInfo:
        """What is loaded right now; does not wait."""
        return self.inner.info()

    def mapped_names(self) -> tuple[str, ...]:
        """As the backend within."""
        return self.inner.mapped_names() if isinstance(self.inner, MapsCells) else ()

    def map_cells(
        self, images: Sequence[Image], image_digests: Sequence[str], adapter: str | None = None
    ) -> list[CellMap]:
        """As the backend within, which lets it wait for the batch that runs."""
        if not isinstance(self.inner, MapsCells):
            return []
        return self.inner.map_cells(images, image_digests, adapter)

    def costs(self) -> Costs | None:
        """As the inner backend."""
        return self.inner.costs()

    def is_alive(self) -> bool:
        """Whether anything that is asked would be answered."""
        return self._is_open and self._thread.is_alive()

    def close(self) -> None:
        """Finish what runs, refuse the rest, and close the inner backend."""
        with self._changed:
            self._is_open = False
            lost, self._waiting = self._waiting, []
            self._changed.notify_all()
        for job in lost:
            _fail(job, BackendUnavailable("This backend was closed."))
        self._thread.join()
        self.inner.close()

    def _run(self) -> None:
        while True:
            with self._changed:
                while self._is_open and not self._waiting:
                    self._changed.wait()
                if not self._is_open:
                    return
                self._wait_for_company()
                jobs = self._next_jobs()
            if jobs:
                self._answer(jobs)

    def _wait_for_company(self) -> None:
        """Let others join, for a bounded time; with enough rows there is no need to wait."""
        end = time.monotonic() + self._wait_seconds
        while self._is_open and sum(len(job.requests) for job in self._waiting) < self._most_rows:
            left = end - time.monotonic()
            if left <= 0 or not self._changed.wait(left):
                return

    def _next_jobs(self) -> list[_Job]:
        """The first job of the best priority, with whatever waits and may share its batch."""
        if not self._waiting:
            return []
        first = min(self._waiting, key=lambda job: job.priority)
        taken, rows = [first], len(first.requests)
        for job in self._waiting:
            is_alike = job.kind == first.kind and job.priority == first.priority
            if job is not first and is_alike and rows + len(job.requests) <= self._most_rows:
                taken.append(job)
                rows += len(job.requests)
        self._waiting = [job for job in self._waiting if job not in taken]
        return taken

    def _answer(self, jobs: list[_Job]) -> None:
        try:
            found = self.inner.complete([one for job in jobs for one in job.requests])
        except Exception as error:  # whatever it is, it belongs to those who asked
            if len(jobs) == 1:
                _fail(jobs[0], error)
                return
            for job in jobs:
                self._answer([job])
            return
        start = 0
        for job in jobs:
            job.found = found[start : start + len(job.requests)]
            start += len(job.requests)
            job.done.set()


def _fail(job: _Job, error: Exception) -> None:
    job.error = error
    job.done.set()
