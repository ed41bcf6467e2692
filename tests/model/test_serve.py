"""A real Ray Serve with two replicas on loopback: parity, a killed replica, a killed head.

Nothing is asked twice of the database here: a question is a row in a real SQLite file, answered by
the real worker code through the served engine.
"""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from model.compact_folder import shipped_model
from model.parity import check_parity, suffixes_of
from model.remote import Patience, RemoteBackend
from model.types import BackendUnavailable

pytest.importorskip("ray", reason="Ray is not installed (pip install anteroom[scale])")
pytestmark = [pytest.mark.torch, pytest.mark.timeout(280)]
ROOT = Path(__file__).parents[2]
TOKEN = "a token for tests, long enough"
HOST = """
import sys, time
import ray
from ray import serve
from model.serve import build
port, gone = int(sys.argv[1]), sys.argv[2]
ray.init(num_cpus=3, include_dashboard=False, object_store_memory=80_000_000,
         _node_ip_address="127.0.0.1", log_to_driver=False)
serve.start(http_options={"host": "127.0.0.1", "port": port}, proxy_location="HeadOnly")
serve.run(build({"token": sys.argv[3], "replicas": 2, "cpus": 0.5}), name="anteroom")
print("serving", flush=True)
time.sleep(600)
"""


@dataclass
class Cluster:
    """A head with two replicas in processes of their own."""

    address: str
    process: "subprocess.Popen[str]"

    def replicas(self) -> list[int]:
        """The processes that hold a copy of the engine."""
        found = []
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                words = path.read_bytes()
                group = os.getsid(int(path.parent.name))
            except (OSError, ProcessLookupError):
                continue
            if group == self.process.pid and b"ServeReplica" in words:
                found.append(int(path.parent.name))
        return found

    def end(self) -> None:
        """Kill the whole family: it was started in a session of its own."""
        for path in Path("/proc").glob("[0-9]*"):
            try:
                if os.getsid(int(path.name)) == self.process.pid:
                    os.kill(int(path.name), signal.SIGKILL)
            except (OSError, ProcessLookupError):
                continue
        self.process.wait(20)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "RAY_USAGE_STATS_ENABLED": "0", "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [sys.executable, "-c", HOST, str(port), "-", TOKEN],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    running = Cluster(f"http://127.0.0.1:{port}", process)
    try:
        assert process.stdout is not None
        assert any("serving" in line for line in process.stdout), "Ray Serve did not start"
        yield running
    finally:
        running.end()


@pytest.fixture(scope="module")
def known() -> Any:
    from model.compact_folder import shipped_adapter
    from model.local import open_local

    backend = open_local(shipped_model(), adapter=shipped_adapter(), threads=1)
    said = suffixes_of(backend)
    backend.close()
    return said


def test_twenty_pairs_give_the_same_suffixes_through_ray_serve(
    cluster: Cluster, known: Any
) -> None:
    backend = RemoteBackend(cluster.address, TOKEN)
    check_parity(backend, known)
    assert len(set(known.suffixes)) > 3
    assert len(cluster.replicas()) == 2


def test_a_server_answers_nobody_without_the_token(cluster: Cluster) -> None:
    with pytest.raises(BackendUnavailable, match="token"):
        RemoteBackend(cluster.address, "a token somebody guessed")


def test_a_replica_killed_among_100_questions_loses_none_and_answers_none_twice(
    cluster: Cluster, tmp_path: Path
) -> None:
    from tests.model.served_questions import answered_through, asked_house

    house, engine = asked_house(tmp_path, cluster.address, TOKEN, questions=100)
    killed: list[int] = []

    def kill_one() -> None:
        time.sleep(1.5)
        killed.append(cluster.replicas()[0])
        os.kill(killed[0], signal.SIGKILL)

    killer = threading.Thread(target=kill_one)
    killer.start()
    found = answered_through(house, engine, seconds=150)
    killer.join()
    assert killed
    assert len(found) == 100
    assert {turn.status for turn in found} == {"answered"}
    assert {turn.output_rule for turn in found} & {"model_failed"} == set()
    assert {turn.attempts for turn in found} == {1}


def test_a_dead_head_is_a_named_state_and_the_row_is_done_again(
    cluster: Cluster, tmp_path: Path
) -> None:
    from tests.model.served_questions import asked_house, work_through

    house, engine = asked_house(tmp_path, cluster.address, TOKEN, questions=1)
    remote = RemoteBackend(cluster.address, TOKEN, Patience(2, 0.05, 0.2, 2.0))
    cluster.end()
    work_through(house, engine, remote)
    (turn,) = asked_turns(house)
    assert (turn.status, turn.attempts, turn.shown) == ("asked", 1, None)
    assert not remote.info().is_reachable
    from model.local import open_local

    work_through(house, engine, open_local(shipped_model(), threads=1))
    (turn,) = asked_turns(house)
    assert (turn.status, turn.attempts) == ("answered", 2)


def asked_turns(house: Any) -> list[Any]:
    from tests.model.served_questions import turns_of

    return turns_of(house)
