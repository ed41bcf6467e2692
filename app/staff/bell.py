"""The bell of a server: one look at the calls for all open staff pages, while any is open."""

import json
import threading
from dataclasses import dataclass, field
from typing import Final

import structlog
from sqlalchemy.exc import SQLAlchemyError

from app.storage import alerts
from app.storage.database import Sessions

LOOK_SECONDS: Final = 0.3
log = structlog.get_logger()


@dataclass
class Bell:
    """Holds what waits, as JSON; looks while somebody listens, in a thread of its own.

    A page that the database cannot serve hears nothing more, and says so after ten seconds.
    """

    sessions: Sessions
    waiting: str = ""
    looks: int = 0
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
                self.waiting = self._look()
                self.looks += 1
            except SQLAlchemyError as error:
                log.error("bell_cannot_look", error_type=type(error).__name__)
            pause.wait(LOOK_SECONDS)

    def _look(self) -> str:
        with self.sessions() as session:
            listed = [
                {"id": alert.alert_id, "is_silent": alert.is_silent}
                for alert in alerts.unseen(session)
            ]
        return json.dumps({"waiting": listed})
