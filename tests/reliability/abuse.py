"""Bar 14: multipart and HTTP abuse at the door of a running server: 4xx soon, memory flat."""

import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from tests.benchmarks.journey import begin
from tests.builders import png_bytes
from tests.reliability.bar import Bar
from tests.running_server import RunningServer, running_server
from tests.tablet import Tablet

WITHIN_SECONDS = 2.0 * 4
"""The bar is 2 s on an idle machine; a test machine may be four times busier."""
MEMORY_MIB = 300
_BOUND = "b0undary"


def http_abuse(folder: Path, _is_full: bool) -> Bar:
    """Bar 14: each abuse is answered with 4xx, or the connection is closed, within bounds."""
    started = time.monotonic()
    with running_server(folder, workers="0") as server:
        failed, count = abuse_failures(server)
    return Bar(14, "multipart and HTTP abuse", len(failed), count, 14, time.monotonic() - started)


def abuse_failures(server: RunningServer) -> tuple[list[str], int]:
    """Which abuse was answered otherwise than it should be, or took too long or too much."""
    with Tablet(server.address) as tablet:
        begin(tablet)
        cookies = "; ".join(f"{name}={value}" for name, value in tablet.cookies.items())
    before, failed, count = resident_mib(server.process.pid), [], 0
    for name, request in abuses(cookies):
        count += 1
        began = time.monotonic()
        status = _status(server.address, request)
        is_slow = time.monotonic() - began > WITHIN_SECONDS
        if not (status is None or 400 <= status < 500) or is_slow:
            failed.append(f"{name}: {status}")
    if resident_mib(server.process.pid) - before > MEMORY_MIB:
        failed.append("memory")
    return failed, count


def resident_mib(process: int) -> int:
    """Memory of a process in MiB."""
    pages = Path(f"/proc/{process}/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE") // 2**20


def abuses(cookies: str) -> Iterator[tuple[str, bytes]]:
    """(name, the bytes of a request)."""
    part = f'--{_BOUND}\r\nContent-Disposition: form-data; name="x"\r\n\r\n1\r\n'.encode()
    end = f"--{_BOUND}--\r\n".encode()
    named = f'--{_BOUND}\r\nContent-Disposition: form-data; name="picture"; filename="'.encode()
    close = b'"\r\nContent-Type: image/png\r\n\r\nno picture\r\n' + end
    kind = f"multipart/form-data; boundary={_BOUND}"
    yield "10,000 parts", _post(cookies, part * 10_000 + end, kind)
    yield "no boundary", _post(cookies, part + end, "multipart/form-data")
    yield "two boundaries", _post(cookies, part + end, f"{kind}; boundary=other")
    yield (
        "a nameless field",
        _post(cookies, f"--{_BOUND}\r\n\r\n".encode() + bytes(2**21) + end, kind),
    )
    yield "no end", _post(cookies, named + b"a.png", kind)
    yield "length 2^63", _post(cookies, b"", kind, length=str(2**63))
    yield "a length that is none", _post(cookies, b"", kind, length="-1")
    yield "a header of 100 kB", _post(cookies, part + end, kind, more="X-Long: " + "a" * 100_000)
    yield "long file name", _post(cookies, named + b"n" * 10_000 + close, kind)
    yield "name from right to left", _post(cookies, named + "\u202egnp.exe".encode() + close, kind)
    yield "name with nought", _post(cookies, named + b"a%00.png\0.exe" + close, kind)
    yield "name that climbs", _post(cookies, named + b"..%2f..%2f../etc/passwd" + close, kind)
    for path in (
        "/scan/%00/picture.png",
        "/static/..%2f..%2fapp/settings.py",
        "/scan/..%2f..%2fetc",
    ):
        head = f"GET {path} HTTP/1.1\r\nHost: x\r\nCookie: {cookies}\r\nConnection: close\r\n\r\n"
        yield path, head.encode()
    yield "gzip body", _post(cookies, png_bytes(), kind, more="Content-Encoding: gzip")


def _post(cookies: str, body: bytes, kind: str, *, length: str = "", more: str = "") -> bytes:
    head = [
        "POST /upload HTTP/1.1",
        "Host: x",
        f"Cookie: {cookies}",
        "Sec-Fetch-Site: same-origin",
        f"Content-Type: {kind}",
        f"Content-Length: {length or len(body)}",
        "Connection: close",
        *([more] if more else []),
    ]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def _status(address: str, request: bytes) -> int | None:
    """The status of the answer; None where the server closed the connection without one."""
    parts = urlsplit(address)
    with socket.create_connection((parts.hostname, parts.port), timeout=30) as door:
        try:
            door.sendall(request)
            first = door.recv(64)
        except (ConnectionError, TimeoutError):
            return None
    words = first.split()
    return int(words[1]) if len(words) > 1 and words[1].isdigit() else None
