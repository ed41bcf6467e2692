"""Keeps one worker child alive beside the server, files arrivals, and does the housekeeping."""

import os
import subprocess
import sys
import threading
import time

import structlog

from app.delivery.filing import erase_outstayed, file_arrivals
from app.delivery.sending import send_outbound
from app.deps import House
from app.housekeeping import purge, read_audit, stop_left_over, sweep
from app.storage import arrivals

log = structlog.get_logger()
LONGEST_PAUSE_SECONDS = 30.0
HOUSEKEEPING_SECONDS = 60.0
DELIVERY_SECONDS = 1.0


class Supervisor:
    """Starts `python -m app worker`, restarts it when it dies, stops it at the end."""

    def __init__(self, house: House) -> None:
        """A supervisor for this house; nothing runs before `start`."""
        self._house = house
        self._stopping = threading.Event()
        self._child: subprocess.Popen[bytes] | None = None
        work = (self._keep_house, self._keep_delivery)
        self._threads = [threading.Thread(target=one, daemon=True) for one in work]
        if house.settings.workers:
            self._threads.append(threading.Thread(target=self._keep_worker, daemon=True))

    def start(self) -> None:
        """Start the threads."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End the worker: it finishes its row within ten seconds or is killed."""
        self._stopping.set()
        child = self._child
        if child is None or child.poll() is not None:
            return
        child.terminate()
        try:
            child.wait(10)
        except subprocess.TimeoutExpired:
            child.kill()

    def _keep_worker(self) -> None:
        pause = 0.5
        while not self._stopping.is_set():
            started = time.monotonic()
            self._child = subprocess.Popen([sys.executable, "-m", "app", "worker"], env=_calm())
            code = self._child.wait()
            if self._stopping.is_set():
                return
            lived = time.monotonic() - started
            pause = 0.5 if lived > LONGEST_PAUSE_SECONDS else min(pause * 2, LONGEST_PAUSE_SECONDS)
            log.warning("worker_died", status=code, seconds=round(lived, 1))
            self._stopping.wait(pause)

    def _keep_house(self) -> None:
        while not self._stopping.is_set():
            try:
                purge(self._house)
                erase_outstayed(self._house)
                sweep(self._house)
                stop_left_over(self._house)
                read_audit(self._house)
            except Exception as error:  # the next round tries again; the server must live on
                log.error("housekeeping_failed", error_type=type(error).__name__)
            self._stopping.wait(HOUSEKEEPING_SECONDS)

    def _keep_delivery(self) -> None:
        is_first = True
        while not self._stopping.is_set():
            try:
                if is_first:
                    with self._house.sessions() as session, session.begin():
                        arrivals.free_claims(session)
                    is_first = False
                file_arrivals(self._house)
                send_outbound(self._house)
            except Exception as error:  # the next round tries again; the server must live on
                log.error("delivery_failed", error_type=type(error).__name__)
            self._stopping.wait(DELIVERY_SECONDS)


def _calm() -> dict[str, str]:
    """The worker's environment: numpy's small products on one thread, beside torch's own threads.

    Two threads that wait for each other on a busy machine made a look twenty times as long.
    """
    return {"OPENBLAS_NUM_THREADS": "1", **os.environ}
