"""Ends a worker whose rows hang: they are claimed again by the next one."""

import faulthandler
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Watchdog:
    """Knows since when each thread works on its row."""

    def __init__(self, longest_seconds: float) -> None:
        """Let a row take this long at most."""
        self._longest_seconds = longest_seconds
        self._since: dict[int, float] = {}

    @contextmanager
    def watching(self) -> Iterator[None]:
        """While the block runs, the calling thread is watched."""
        mine = threading.get_ident()
        self._since[mine] = time.monotonic()
        try:
            yield
        finally:
            del self._since[mine]

    def is_overdue(self) -> bool:
        """Whether some row takes too long."""
        now = time.monotonic()
        return any(now - since > self._longest_seconds for since in list(self._since.values()))

    def look(self) -> None:
        """End the process when a row hangs, and when nobody calls this for as long as a row may.

        The second is for a library that hangs without letting Python's threads run.
        """
        if self.is_overdue():
            faulthandler.dump_traceback(sys.stderr)
            os._exit(1)
        faulthandler.dump_traceback_later(self._longest_seconds, exit=True)
