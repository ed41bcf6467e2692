"""The worker: claims rows, asks the model, stores what came back; the only one with a model."""

import os
import signal
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import structlog
from sqlalchemy.exc import OperationalError

from app.adapter_swap import open_live, swap_adapter
from app.deps import House, open_house
from app.logs import start_logging
from app.memory import resident_mib, settle
from app.row_work import Desk, answer_once, look_once
from app.settings import Settings
from app.storage import visits, work
from app.watchdog import Watchdog
from model.batching import BatchingBackend
from model.opening import Engine
from model.types import ModelError

log = structlog.get_logger()
POLL_SECONDS = 0.15
BEAT_SECONDS = 5.0
AWAY_SECONDS = 0.5
QUESTIONS_AT_ONCE = 8
"""Tablets whose questions go through the model together."""


def run_worker(settings: Settings) -> int:
    """Load the model, then work until told to stop; 1 when the model cannot be loaded."""
    start_logging()
    house = open_house(settings)
    worker_id = f"worker-{uuid.uuid4().hex[:12]}"
    stopping = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stopping.set())
    _say(house, worker_id, "loading", {})
    try:
        engine = open_live(house)
    except ModelError as error:
        log.error("model_not_loaded", error_type=type(error).__name__)
        _say(house, worker_id, "failed", {"reason": str(error)})
        print(error, flush=True)  # noqa: T201, the operator's screen
        return 1
    _free_rows(house, worker_id)
    settle()
    desk = Desk(house, engine, worker_id, {}, Watchdog(work.LEASE.total_seconds()))
    threading.Thread(target=_beat, args=(desk, stopping), daemon=True).start()
    _work_on(desk, stopping)
    engine.backend.close()
    return 0


def _work_on(desk: Desk, stopping: threading.Event) -> None:
    """Questions in threads of their own, several at once; all else here, one after another."""
    asker = threading.Thread(target=_answer_questions, args=(desk, stopping), daemon=True)
    asker.start()
    if isinstance(desk.engine.backend, BatchingBackend):
        desk.engine.backend.in_background()
    forgot_at = time.monotonic()
    while not stopping.is_set():
        try:
            swap_adapter(desk.house, desk.engine)
            if not look_once(desk):
                stopping.wait(POLL_SECONDS)
            if time.monotonic() - forgot_at > BEAT_SECONDS:
                forget_erased(desk.house, desk.engine, desk.seen)
                forgot_at = time.monotonic()
        except OperationalError:  # the database restarts; it is there again in a moment
            log.error("database_away")
            stopping.wait(AWAY_SECONDS)
    asker.join()


def _answer_questions(desk: Desk, stopping: threading.Event) -> None:
    """Start a thread for each question that waits, so that the model gets them together."""
    free = threading.Semaphore(QUESTIONS_AT_ONCE)

    def answer() -> None:
        try:
            answer_once(desk)
        except OperationalError:  # as above; the row stays claimed until its lease ends
            log.error("database_away")
        finally:
            free.release()

    with ThreadPoolExecutor(QUESTIONS_AT_ONCE) as pool:
        while not stopping.is_set():
            for _ in range(_questions_waiting(desk)):
                if not free.acquire(timeout=POLL_SECONDS):
                    break
                pool.submit(answer)
            stopping.wait(POLL_SECONDS)


def _questions_waiting(desk: Desk) -> int:
    try:
        with desk.house.sessions() as session:
            return work.questions_waiting(session, QUESTIONS_AT_ONCE)
    except OperationalError:  # as above
        log.error("database_away")
        return 0


def work_once(
    house: House, engine: Engine, worker_id: str, seen: dict[str, str] | None = None
) -> bool:
    """Claim and finish one row, questions before all else; False when there is nothing to do."""
    lease = work.LEASE.total_seconds()
    desk = Desk(house, engine, worker_id, {} if seen is None else seen, Watchdog(lease))
    return answer_once(desk) or look_once(desk)


def forget_erased(house: House, engine: Engine, seen: dict[str, str]) -> None:
    """Drop what the backend keeps of pictures whose visit is gone; `seen` is digest to visit."""
    if not seen:
        return
    with house.sessions() as session:
        known = visits.still_there(session, set(seen.values()))
    gone = [digest for digest, visit_id in list(seen.items()) if visit_id not in known]
    for digest in gone:
        engine.backend.forget(digest)
        del seen[digest]


def _free_rows(house: House, worker_id: str) -> None:
    if house.settings.workers:  # with workers apart, another one may hold rows rightly
        with house.sessions() as session, session.begin():
            work.free_claims_of_others(session, worker_id)


def _beat(desk: Desk, stopping: threading.Event) -> None:
    house, engine = desk.house, desk.engine
    parent = os.getppid()
    while not stopping.is_set():
        if house.settings.workers and os.getppid() != parent:
            stopping.set()  # the server was killed: do not live on without it
        desk.watchdog.look()
        info = engine.backend.info()
        loaded: dict[str, Any] = {
            "base_sha256": info.base_sha256,
            "adapter": info.adapter,
            "device": info.device,
        }
        loaded |= {"base": info.base, "adapter_tensors": info.adapter_tensors}
        loaded |= {"probe_change": info.probe_change, "memory_mib": resident_mib()}
        loaded["model_mib"] = info.resident_bytes // 1_048_576
        loaded["specials"] = {
            modality: one.backend.info().adapter for modality, one in list(engine.specials.items())
        }
        if not info.is_reachable:
            loaded["reason"] = "the model server does not answer"
        _say(house, desk.worker_id, "ready" if info.is_reachable else "failed", loaded)
        stopping.wait(BEAT_SECONDS)


def _say(house: House, worker_id: str, state: str, loaded: dict[str, Any]) -> None:
    try:
        with house.sessions() as session, session.begin():
            work.say(session, worker_id, state, loaded)
    except OperationalError:  # as above
        log.error("database_away")
