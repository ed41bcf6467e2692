"""A backend for tests that answers from a script; it looks at no picture and loads nothing."""

import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence

from model.adapters import BASE_ALONE
from model.backend import BackendInfo
from model.cost import Costs
from model.manifest import Manifest
from model.types import AdapterMismatch, Completion, Request

Script = Mapping[str, str] | Callable[[Request], str]
"""Prefix, or a regular expression that fits the whole prefix, to suffix; or a function."""


class ScriptedBackend:
    """A Backend whose suffixes are given; `requests` and `forgotten` record what it was asked.

    Args:
        script: where suffixes come from; a prefix that fits nothing raises LookupError.
        delay_seconds: how long each batch takes.
        failures: one entry per batch, raised instead of an answer; None lets that batch pass.
        adapter: the name of the adapter that is on at first.
        refused: adapters that `activate` refuses, as a folder that does not fit would be.
        mean_logprob: what every completion reports.
    """

    def __init__(
        self,
        script: Script,
        *,
        delay_seconds: float = 0.0,
        failures: Iterable[Exception | None] = (),
        adapter: str | None = None,
        refused: Iterable[str] = (),
        mean_logprob: float = -0.1,
    ) -> None:
        """Nothing is asked yet."""
        self._script = script
        self._delay_seconds = delay_seconds
        self._failures = iter(failures)
        self._adapter = adapter
        self._refused = frozenset(refused)
        self._mean_logprob = mean_logprob
        self.requests: list[Request] = []
        self.batches: list[int] = []
        self.forgotten: list[str] = []
        self.is_closed = False

    def complete(self, requests: Sequence[Request]) -> list[Completion]:
        """The scripted suffixes, after the delay, unless this batch is one that fails."""
        self.requests.extend(requests)
        self.batches.append(len(requests))
        time.sleep(self._delay_seconds)
        failure = next(self._failures, None)
        if failure is not None:
            raise failure
        return [self._completion(request) for request in requests]

    def activate(self, adapter: str) -> None:
        """Switch the name that completions carry; AdapterMismatch for a refused one."""
        if adapter in self._refused:
            raise AdapterMismatch(f"The adapter {adapter} does not fit its base.")
        self._adapter = adapter

    def keep(self, adapter: str) -> str:
        """The name of the folder, as if it were loaded; AdapterMismatch for a refused one."""
        if adapter in self._refused:
            raise AdapterMismatch(f"The adapter {adapter} does not fit its base.")
        return adapter.rpartition("/")[2]

    def forget(self, image_digest: str) -> None:
        """Record that this picture was to be forgotten."""
        self.forgotten.append(image_digest)

    def info(self) -> BackendInfo:
        """A backend without weights."""
        return BackendInfo(
            base="scripted",
            base_sha256="0" * 64,
            adapter=self._adapter,
            adapter_tensors=0,
            parameters=0,
            resident_bytes=0,
            is_demonstration=True,
            device="none",
        )

    def costs(self) -> Costs | None:
        """A script costs nothing that could be measured."""
        return None

    def adapter_manifest(self, name: str | None = None) -> Manifest | None:  # noqa: ARG002
        """A script has no adapter folder."""
        return None

    def close(self) -> None:
        """Record that it was closed."""
        self.is_closed = True

    def _completion(self, request: Request) -> Completion:
        suffix = self._script(request) if callable(self._script) else self._find(request.prefix)
        adapter = self._adapter if request.adapter is None else request.adapter
        named = None if adapter == BASE_ALONE else adapter
        return Completion(suffix, self._mean_logprob, named, self._delay_seconds)

    def _find(self, prefix: str) -> str:
        assert not callable(self._script)
        if prefix in self._script:
            return self._script[prefix]
        for pattern, suffix in self._script.items():
            if re.fullmatch(pattern, prefix.strip()) or re.fullmatch(pattern, prefix):
                return suffix
        raise LookupError("no suffix is scripted for this prefix")
