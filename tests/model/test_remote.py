"""The client of a model server, against a server in this process that can be told to fail."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from model.backend import BackendInfo
from model.manifest import Manifest
from model.parity import check_parity, suffixes_of
from model.remote import Patience, RemoteBackend
from model.scripted import ScriptedBackend
from model.types import AdapterMismatch, BackendUnavailable, Request
from model.wire import COMPLETE, Served, answer_call, write_error, write_served

TOKEN = "a token for tests, long enough"
QUICK = Patience(try_seconds=2, first_pause=0.01, longest_pause=0.05, all_seconds=1.0)
PICTURE = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)


@dataclass
class FailingServer:
    """A model server on loopback; `statuses` are given instead of the next answers."""

    backend: ScriptedBackend
    statuses: list[int] = field(default_factory=list)
    calls: int = 0
    address: str = ""

    def respond(self, path: str, token: str, body: bytes) -> tuple[int, bytes]:
        self.calls += path == COMPLETE
        if token != f"Bearer {TOKEN}":
            return 401, b""
        if path == COMPLETE and self.statuses:
            return self.statuses.pop(0), b"trouble"
        if path != COMPLETE:
            info: BackendInfo = self.backend.info()
            return 200, write_served(Served(info, Manifest("m"), None, None, ""))
        try:
            return 200, answer_call(self.backend, body)
        except Exception as error:
            return write_error(error)


@pytest.fixture
def server() -> Iterator[FailingServer]:
    failing = FailingServer(ScriptedBackend(lambda one: f"{one.prefix.strip()} {one.image.sum()}"))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            status, said = failing.respond(self.path, self.headers["authorization"], body)
            self.send_response(status)
            self.send_header("content-length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        do_POST = do_GET

        def log_message(self, *_: object) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=http.serve_forever, daemon=True).start()
    failing.address = f"http://127.0.0.1:{http.server_port}"
    yield failing
    http.shutdown()
    http.server_close()


def ask(prefix: str = "answer en why?\n", adapter: str | None = None) -> Request:
    return Request(PICTURE, "patient-picture", prefix, adapter=adapter)


def test_pictures_and_prefixes_arrive_as_they_were_sent(server: FailingServer) -> None:
    backend = RemoteBackend(server.address, TOKEN, QUICK)
    one, two = backend.complete([ask(), ask("caption en\n")])
    assert one.suffix == f"answer en why? {PICTURE.sum()}"
    assert two.suffix == f"caption en {PICTURE.sum()}"
    assert len({request.image_digest for request in server.backend.requests}) == 1
    assert server.backend.requests[0].image_digest != "patient-picture"


def test_a_server_forgets_every_picture_with_its_answer(server: FailingServer) -> None:
    RemoteBackend(server.address, TOKEN, QUICK).complete([ask()])
    (request,) = server.backend.requests
    assert server.backend.forgotten == [request.image_digest]


@pytest.mark.parametrize("statuses", [[500], [503, 502], [500, 500, 504]])
def test_trouble_of_the_server_is_tried_again(server: FailingServer, statuses: list[int]) -> None:
    backend = RemoteBackend(server.address, TOKEN, QUICK)
    server.statuses = list(statuses)
    assert backend.complete([ask()])[0].suffix.startswith("answer en why?")
    assert server.calls == len(statuses) + 1


def test_a_server_that_stays_in_trouble_is_given_up_in_time(server: FailingServer) -> None:
    backend = RemoteBackend(server.address, TOKEN, QUICK)
    server.statuses = [500] * 1000
    with pytest.raises(BackendUnavailable, match="does not answer"):
        backend.complete([ask()])
    assert not backend.info().is_reachable
    server.statuses = []
    backend.complete([ask()])
    assert backend.info().is_reachable


def test_a_mistake_of_ours_is_not_tried_again(server: FailingServer) -> None:
    server.backend = ScriptedBackend(
        lambda one: one.prefix, failures=[AdapterMismatch("The adapter knees is not loaded.")]
    )
    backend = RemoteBackend(server.address, TOKEN, QUICK)
    with pytest.raises(AdapterMismatch, match="knees is not loaded"):
        backend.complete([ask(adapter="knees")])
    assert server.calls == 1


def test_a_wrong_token_is_said_at_once(server: FailingServer) -> None:
    with pytest.raises(BackendUnavailable, match="token"):
        RemoteBackend(server.address, "wrong", QUICK)


def test_nobody_at_the_address_is_a_sentence() -> None:
    with pytest.raises(BackendUnavailable, match="does not answer"):
        RemoteBackend("http://127.0.0.1:9", TOKEN, QUICK)


def test_a_remote_is_offered_only_if_it_says_the_same(server: FailingServer) -> None:
    backend = RemoteBackend(server.address, TOKEN, QUICK)
    known = suffixes_of(server.backend)
    check_parity(backend, known)
    server.backend = ScriptedBackend(
        lambda one: "other" if "spleen" in one.prefix else f"{one.prefix.strip()} {one.image.sum()}"
    )
    with pytest.raises(BackendUnavailable, match="2 of 20 suffixes differ"):
        check_parity(backend, known)
