"""The bell of a server: one look at the calls for all open staff pages, while any is open."""

import json
import threading
from dataclasses import dataclass, field
from typing import Final

import structlog
from sqlalchemy.exc import SQLAlchemyError

from app.outbox import Outbox
from app.storage import alerts
from app.storage.database import Sessions

LOOK_SECONDS: Final = 0.3
log = structlog.get_logger()


@dataclass
class Bell:
    """Holds what waits, as JSON; looks while somebody listens, in a thread of its own.

    While the database cannot be asked, what was known still rings, and so do the calls that wait
    to be stored.
    """

    sessions: Sessions
    outbox: Outbox
    waiting: str = ""
    looks: int = 0
    _stored: list[dict[str, object]] = field(default_factory=list)
    _listeners: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _wanted: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> "Bell":
        """One more page listens."""
        with self._lock:
            self._listeners += 1
            self._wanted.set()
            if self._thread is None:
                self._thread = threading.Thread(target=self._look_on, daemon=True)
                self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """One page less."""
        with self._lock:
            self._listeners -= 1
            if not self._listeners:
                self._wanted.clear()

    def _look_on(self) -> None:
        pause = threading.Event()
        while self._wanted.wait():
            try:
                self._stored = self._look()
            except SQLAlchemyError as error:
                log.error("bell_cannot_look", error_type=type(error).__name__)
            kept = [{"id": c.call_id, "is_silent": c.is_silent} for c in self.outbox.pending()]
            self.waiting = json.dumps({"waiting": [*self._stored, *kept]})
            self.looks += 1
            pause.wait(LOOK_SECONDS)

    def _look(self) -> list[dict[str, object]]:
        with self.sessions() as session:
            return [
                {"id": alert.alert_id, "is_silent": alert.is_silent}
                for alert in alerts.unseen(session)
            ]
