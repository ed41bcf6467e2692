"""The client of a model server: time-outs, tries with a growing pause, and its own named state."""

import random
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from model.backend import BackendInfo
from model.cost import Costs
from model.manifest import Manifest, read_manifest
from model.types import AdapterMismatch, BackendUnavailable, Completion, ModelError, Request
from model.wire import (
    COMPLETE,
    INFO,
    Served,
    read_completions,
    read_error,
    read_served,
    write_requests,
)

_CLIENT_ERRORS: Final = {400: ModelError, 409: AdapterMismatch}
_REFUSED: Final = (401, 403)
_FRESH_SECONDS: Final = 5.0


@dataclass(frozen=True)
class Patience:
    """How long to wait: for one try, between tries (growing), and in all."""

    try_seconds: float = 60.0
    first_pause: float = 0.1
    longest_pause: float = 2.0
    all_seconds: float = 90.0


class RemoteBackend:
    """A Backend that asks a model server; whatever fails on the way is tried again."""

    def __init__(self, url: str, token: str = "", patience: Patience | None = None) -> None:
        """Ask the server who it is.

        Raises:
            BackendUnavailable: nobody answers there, or not to this token.
        """
        self._url, self._token = url.rstrip("/"), token
        self._patience = patience or Patience()
        self._is_reachable = True
        self._lock = threading.Lock()
        self._served = read_served(self.get(INFO))
        self._asked_at = time.monotonic()

    def complete(self, requests: Sequence[Request]) -> list[Completion]:
        """One completion per request, in order.

        Raises:
            ModelError: the server says that the request is wrong.
            BackendUnavailable: it did not answer in time.
        """
        found = read_completions(self._call(COMPLETE, write_requests(requests)))
        if len(found) != len(requests):
            raise ModelError("The model server gave another number of answers.")
        return found

    def get(self, path: str) -> bytes:
        """What the server has at this path."""
        return self._call(path, None)

    def served(self) -> Served:
        """What the server last said about itself."""
        return self._served

    def activate(self, adapter: str) -> None:
        """Accept the adapter the server was started with; AdapterMismatch for any other."""
        manifest = read_manifest(Path(adapter))
        wanted = Path(adapter).name if manifest is None else manifest.name
        if wanted != self.info().adapter:
            raise AdapterMismatch(
                f"The model server answers with the adapter {self.info().adapter}; "
                f"start it with {wanted} to use that."
            )

    def forget(self, image_digest: str) -> None:
        """Nothing to do: a server forgets a picture with its answer."""

    def info(self) -> BackendInfo:
        """What the server has loaded, asked anew every few seconds; never waits long."""
        if time.monotonic() - self._asked_at > _FRESH_SECONDS and self._lock.acquire(False):
            try:
                self._asked_at = time.monotonic()
                self._served = read_served(self._try(INFO, None, seconds=2.0))
                self._is_reachable = True
            except (ModelError, OSError):
                self._is_reachable = False
            finally:
                self._lock.release()
        return replace(self._served.info, is_reachable=self._is_reachable)

    def costs(self) -> Costs | None:
        """What answers cost the server."""
        return self._served.costs

    def adapter_manifest(self, _name: str | None = None) -> Manifest | None:
        """The manifest of the adapter the server answers with."""
        return self._served.adapter_manifest

    def close(self) -> None:
        """Nothing is held here."""

    def _call(self, path: str, body: bytes | None) -> bytes:
        """Try until it works, the server says no, or patience ends."""
        end = time.monotonic() + self._patience.all_seconds
        pause = self._patience.first_pause
        while True:
            left = end - time.monotonic()
            try:
                found = self._try(path, body, seconds=min(self._patience.try_seconds, left))
                self._is_reachable = True
                return found
            except OSError as error:
                if time.monotonic() + pause >= end:
                    self._is_reachable = False
                    raise BackendUnavailable(
                        f"The model server at {self._url} does not answer."
                    ) from error
            time.sleep(pause * random.uniform(0.7, 1.3))
            pause = min(2 * pause, self._patience.longest_pause)

    def _try(self, path: str, body: bytes | None, *, seconds: float) -> bytes:
        """One try; OSError where another may help."""
        request = urllib.request.Request(self._url + path, data=body)
        request.add_header("Authorization", f"Bearer {self._token}")
        request.add_header("Content-Type", "application/json")
        try:
            with _OPENER.open(request, timeout=max(seconds, 0.1)) as answer:
                found: bytes = answer.read()
                return found
        except urllib.error.HTTPError as error:
            _raise_refusal(error.code, error.read(), self._url)
            raise  # an OSError: the server's own trouble, worth another try


def _raise_refusal(status: int, body: bytes, url: str) -> None:
    """Raise what trying again cannot help."""
    if status in _REFUSED:
        raise BackendUnavailable(f"The model server at {url} does not accept our token.")
    kind: Callable[[str], ModelError] | None = _CLIENT_ERRORS.get(status)
    _, said = read_error(body)
    if kind is not None and said:
        raise kind(said)


# No proxy of the environment: pictures go to the address that was set, and nowhere else.
_OPENER: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}))
