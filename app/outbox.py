"""Calls to staff that must not be lost: stored at once, or kept and tried until they are.

The words on the screen never wait for the database. A call that cannot be stored is kept in
memory and as a small file (a kind and a keyed hash, never a word of the patient), and survives a
restart.
"""

import json
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooSlow
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import structlog
from fastapi import Request
from sqlalchemy.exc import SQLAlchemyError

from app.deps import House
from app.storage import alerts, audit, visits

log = structlog.get_logger()
WORDS_WITHIN_SECONDS: Final = 1.0
AGAIN_SECONDS: Final = 1.0
THREADS: Final = 8


@dataclass(frozen=True)
class Call:
    """What staff are told: which kind, silent or not, from which tablet session."""

    call_id: str
    kind: str
    is_silent: bool
    action: str
    token_digest: str


class Outbox:
    """The calls of one server that are not in the database yet."""

    def __init__(self, house: House) -> None:
        """Take over what an earlier server left."""
        self._house = house
        self._folder = house.settings.data_dir / "calls"
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="call")
        self._lock = threading.Lock()
        self._pending = {call.call_id: call for call in self._left_over()}
        self._thread: threading.Thread | None = None
        self._wake()

    def pending(self) -> list[Call]:
        """What waits to be stored."""
        with self._lock:
            return list(self._pending.values())

    def deliver(
        self, token: str, kind: str, *, is_silent: bool, action: str, store: Callable[[], str]
    ) -> str | None:
        """Run `store`, which keeps the call; gives what it gives, or None when it takes too long.

        Whatever becomes of it, the call is tried again until it is stored. `token` is that of the
        tablet session.
        """
        digest = self._house.master.digest("tablet", token)
        call = Call(uuid.uuid4().hex, kind, is_silent, action, digest)
        self._keep(call)
        storing: Future[str] = self._pool.submit(store)
        try:
            address = storing.result(WORDS_WITHIN_SECONDS)
        except TooSlow:
            storing.add_done_callback(lambda ended: self._ended(call, ended))
            return None
        except (SQLAlchemyError, OSError) as error:
            log.error("alert_not_stored", error_type=type(error).__name__)
            self._wake()
            return None
        except BaseException:  # no fault of the database: the page says what it is
            self._forget(call)
            raise
        self._forget(call)
        return address

    def _ended(self, call: Call, storing: "Future[str]") -> None:
        if storing.exception() is None:
            self._forget(call)
        else:
            self._wake()

    def _keep(self, call: Call) -> None:
        with self._lock:
            self._pending[call.call_id] = call
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            self._file(call).write_text(json.dumps(asdict(call)), encoding="utf-8")
        except OSError as error:  # a full disk: memory holds it
            log.error("call_not_on_disk", error_type=type(error).__name__)

    def _forget(self, call: Call) -> None:
        with self._lock:
            self._pending.pop(call.call_id, None)
        self._file(call).unlink(missing_ok=True)

    def _file(self, call: Call) -> Path:
        return self._folder / f"{call.call_id}.json"

    def _left_over(self) -> list[Call]:
        found = []
        for path in sorted(self._folder.glob("*.json")):
            try:
                found.append(Call(**json.loads(path.read_text(encoding="utf-8"))))
            except (OSError, ValueError, TypeError):  # cut off while it was written
                log.error("call_not_readable")
        return found

    def _wake(self) -> None:
        """A thread that tries again as long as something waits."""
        with self._lock:
            if self._pending and (self._thread is None or not self._thread.is_alive()):
                self._thread = threading.Thread(target=self._try_again, daemon=True)
                self._thread.start()

    def _try_again(self) -> None:
        pause = threading.Event()
        while waiting := self.pending():
            for call in waiting:
                try:
                    self._store(call)
                except (SQLAlchemyError, OSError):
                    break
                self._forget(call)
            pause.wait(AGAIN_SECONDS)

    def _store(self, call: Call) -> None:
        with self._house.sessions() as session, session.begin():
            place = visits.place_of_token(session, call.token_digest)
            alert = alerts.raise_alert(
                session,
                None if place is None else place[0],
                call.kind,
                is_silent=call.is_silent,
                tablet_id=None if place is None else place[1],
            )
            audit.record(session, "patient", call.action, alert.alert_id)


def outbox_of(request: Request) -> Outbox:
    """The outbox of this application."""
    outbox: Outbox = request.app.state.outbox
    return outbox
