"""An upload while it is opened: how far it is, and the word that ends the work on it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from app.intake.reasons import Refused


@dataclass
class Opening:
    """Shared by the thread that opens files and by those that ask after them.

    Attributes:
        files: how many have been read so far.
        is_stopped: whether nobody wants the result any more.
    """

    files: int = 0
    is_stopped: bool = False
    _end: Callable[[], None] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def stop(self) -> None:
        """End the process that decodes, at once; the work is then refused as ``stopped``."""
        with self._lock:
            self.is_stopped = True
            if self._end is not None:
                self._end()

    def check(self) -> None:
        """Raises Refused where it was stopped."""
        if self.is_stopped:
            raise Refused("stopped")

    @contextmanager
    def ended_by(self, end: Callable[[], None]) -> Iterator[None]:
        """A time in which `end` ends the work."""
        with self._lock:
            self._end = end
            if self.is_stopped:
                end()
        try:
            yield
        finally:
            with self._lock:
                self._end = None


class Openings:
    """Those under way in this server, by who waits for them."""

    def __init__(self) -> None:
        """None yet."""
        self._by_owner: dict[str, list[Opening]] = {}
        self._lock = threading.Lock()

    @contextmanager
    def begun(self, owner: str) -> Iterator[Opening]:
        """One more, for as long as the block lasts."""
        opening = Opening()
        with self._lock:
            self._by_owner.setdefault(owner, []).append(opening)
        try:
            yield opening
        finally:
            with self._lock:
                self._by_owner[owner].remove(opening)
                if not self._by_owner[owner]:
                    del self._by_owner[owner]

    def of(self, owner: str) -> list[Opening]:
        """Those of one owner, the oldest first."""
        with self._lock:
            return list(self._by_owner.get(owner, ()))
