"""A real server in its own process with its own data folder, for tests and measurements."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class RunningServer:
    """Where a server answers and what process it is."""

    address: str
    process: subprocess.Popen[bytes]
    data_dir: Path

    def resident_bytes(self) -> int:
        """Memory of the server and all its children, shared pages counted once each (PSS)."""
        return sum(_pss(pid) for pid in _family(self.process.pid))

    def resident_bytes_without_worker(self) -> int:
        """The same without the worker, whose model needs as much whatever is uploaded."""
        own = [pid for pid in children_of(self.process.pid) if not _is_worker(pid)]
        return _pss(self.process.pid) + sum(_pss(pid) for child in own for pid in _family(child))


@contextmanager
def running_server(data_dir: Path, **settings: str) -> Iterator[RunningServer]:
    """Serve on a free port until the block ends; ready when model and database answer.

    With workers="0" nobody does the work: what waits goes on waiting.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    values = {f"ANTEROOM_{key.upper()}": value for key, value in settings.items()}
    environment = {k: v for k, v in os.environ.items() if not k.startswith("ANTEROOM_")}
    environment |= {"ANTEROOM_DATA_DIR": str(data_dir), "HF_HUB_OFFLINE": "1", **values}
    command = [sys.executable, "-m", "app", "serve", "--port", str(port)]
    log = (data_dir.parent / f"{data_dir.name}.log").open("wb")
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
    server = RunningServer(f"http://127.0.0.1:{port}", process, data_dir)
    try:
        _wait_ready(server, "/healthz" if settings.get("workers") == "0" else "/readyz")
        yield server
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
        log.close()


def _wait_ready(server: RunningServer, path: str, seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if server.process.poll() is not None:
            break
        try:
            if httpx.get(f"{server.address}{path}", timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    log = (server.data_dir.parent / f"{server.data_dir.name}.log").read_text(errors="replace")
    raise RuntimeError(f"the server did not become ready:\n{log[-3000:]}")


def children_of(pid: int) -> list[int]:
    """The processes that any thread of this one has started."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        found += [int(child) for child in task.read_text().split()]
    return list(dict.fromkeys(found))


def _family(pid: int) -> list[int]:
    return [pid, *(one for child in children_of(pid) for one in _family(child))]


def _is_worker(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().endswith(b"app\0worker\0")
    except OSError:
        return False


def _pss(pid: int) -> int:
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    line = next((line for line in text.splitlines() if line.startswith("Pss:")), "Pss: 0 kB")
    return int(line.split()[1]) * 1024
