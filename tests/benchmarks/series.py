"""How long 500 CT slices take from the button to the screen, and what memory they cost."""

import io
import threading
import time
import zipfile
from pathlib import Path

from tests.app.intake.made_series import drawn_ct
from tests.benchmarks.journey import begin, wait_for
from tests.running_server import RunningServer, running_server
from tests.tablet import Tablet

SLICES = 500
SIDE = 512
LONGEST_SECONDS = 240


def measure_series(folder: Path) -> dict[str, float]:
    """Seconds to named structures and to the last slice, and the most memory of the server.

    The memory is that of the server and its decoding process without the worker, whose model
    needs the same whatever is uploaded.
    """
    packed = _zip_of_slices()
    with running_server(folder / "series") as server, Tablet(server.address) as tablet:
        begin(tablet)
        peak = _Peak(server)
        started = time.monotonic()
        tablet.press("upload-submit", file=("cd.zip", packed))
        wait_for(tablet, lambda: tablet.sees("structure") or tablet.sees("no-structure"))
        first = time.monotonic() - started
        status = f"{tablet.path.split('#')[0].split('?')[0]}/status"
        while (state := tablet.open(status).json())["storing"] == "storing":
            assert time.monotonic() - started < LONGEST_SECONDS, state
            time.sleep(0.2)
        whole = time.monotonic() - started
        assert state["stored"] == state["slices"] == SLICES, state
        most = peak.stop()
    return {
        "series_structures_seconds": first,
        "series_whole_seconds": whole,
        "series_server_mib": most / 2**20,
    }


def _zip_of_slices() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as folder:
        for number in range(SLICES):
            folder.writestr(f"DICOM/I{number:04}", drawn_ct(number, SLICES, SIDE))
    return target.getvalue()


class _Peak:
    """Watches the memory of a server until told to stop."""

    def __init__(self, server: RunningServer) -> None:
        self._server, self._most, self._ended = server, 0, threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> int:
        """The most bytes seen."""
        self._ended.set()
        self._thread.join()
        return self._most

    def _watch(self) -> None:
        while not self._ended.wait(0.2):
            self._most = max(self._most, self._server.resident_bytes_without_worker())
