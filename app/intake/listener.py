"""The clinic's door for C-STORE and C-ECHO: bounded, closed to strangers; it decodes no picture.

Knows the network alone. Who may come, and what becomes of the bytes, is asked of a `Desk`.
"""

import socket
import ssl
import threading
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, field
from socketserver import TCPServer
from typing import Any, Final

from pynetdicom import AE, AllStoragePresentationContexts, evt
from pynetdicom.presentation import build_context
from pynetdicom.sop_class import Verification
from pynetdicom.transport import ThreadedAssociationServer

from app.intake.delivered import TRANSFER_SYNTAXES

SUCCESS: Final = 0x0000
STATUSES: Final = {
    "not_authorised": 0x0124,
    "no_space": 0xA700,
    "too_large": 0xA701,
    "too_much": 0xA702,
    "mismatch": 0xA900,
    "broken": 0xC000,
    "not_kept": 0xC001,
    "unsupported_format": 0xC122,
}
"""Reason to status (PS3.4 B.2.3, PS3.7 annex C; Axxx and Cxxx leave their last digits free)."""
REJECT_CALLING: Final = (1, 1, 3)
REJECT_CALLED: Final = (1, 1, 7)
REJECT_BUSY: Final = (2, 3, 2)
"""Result, source and reason of an A-ASSOCIATE-RJ (PS3.8 9.3.4)."""


@dataclass(frozen=True)
class Bounds:
    """What one door may cost.

    A digital mammogram of 14 million pixels needs 27 MiB; a multi-frame object more than 64 MiB
    is not read by intake either. Memory is bounded by associations times bytes of an instance.
    """

    associations: int = 8
    connections: int = 16
    instance_bytes: int = 64 * 2**20
    association_bytes: int = 8 * 2**30
    association_instances: int = 20_000
    pdu_bytes: int = 2**20
    idle_seconds: float = 60.0
    handshake_seconds: float = 10.0


@dataclass(frozen=True)
class Desk:
    """What the door asks.

    Attributes:
        may_come: whether a calling AE title may deliver from a network address.
        keep: takes (AE title, bytes of a Part 10 file); gives a key of STATUSES, or "" once it is
            safe on disk, and a token of the delivery it belongs to.
        finish: told which deliveries an association brought, and whether it ended in order.
        note: told of refusals and ends, by a key; never a value of a header.
    """

    may_come: Callable[[str, str], bool]
    keep: Callable[[str, bytes], tuple[str, str]]
    finish: Callable[[Collection[str], bool], None]
    note: Callable[[str], None]


@dataclass
class _Visitor:
    """One association: what it brought so far."""

    ae_title: str = ""
    total: int = 0
    instances: int = 0
    message: int = 0
    deliveries: set[str] = field(default_factory=set)


class _Server(ThreadedAssociationServer):  # type: ignore[misc]
    """The library's server without its two ways to be held up by one slow or greedy caller."""

    bounds = Bounds()

    def get_request(self) -> tuple[socket.socket, Any]:
        """Take a connection; the TLS handshake waits for its own thread."""
        taken, address = self.socket.accept()
        taken.settimeout(self.bounds.handshake_seconds)
        if self.ssl_context:
            taken = self.ssl_context.wrap_socket(
                taken, server_side=True, do_handshake_on_connect=False
            )
        return taken, address

    def verify_request(self, _request: Any, _address: Any) -> bool:
        """Whether another connection may be held open, before it has said who it is."""
        return len(self.active_associations) < self.bounds.connections

    def handle_error(self, _request: Any, _address: Any) -> None:
        """A caller that breaks off is no event for the log."""


class Door:
    """A listening port; it serves from `open` to `close`."""

    def __init__(
        self, ae_title: str, desk: Desk, *, bounds: Bounds | None = None, tls: Any = None
    ) -> None:
        """Prepare the door; `tls` is an ssl.SSLContext, or None for plain DICOM."""
        self._ae_title, self._desk, self._tls = ae_title, desk, tls
        self._bounds = bounds or Bounds()
        self._visitors: dict[int, _Visitor] = {}
        self._lock = threading.Lock()
        self._server: Any = None

    def open(self, host: str, port: int) -> int:
        """Listen; gives the port, which is chosen by the system for port 0."""
        entity = AE(ae_title=self._ae_title)
        entity.maximum_associations = self._bounds.associations
        entity.require_called_aet = True
        entity.maximum_pdu_size = self._bounds.pdu_bytes // 4
        entity.acse_timeout = self._bounds.handshake_seconds
        entity.dimse_timeout = entity.network_timeout = self._bounds.idle_seconds
        handlers = [
            (evt.EVT_CONN_OPEN, self._connected),
            (evt.EVT_REQUESTED, self._requested),
            (evt.EVT_DATA_RECV, self._received),
            (evt.EVT_C_ECHO, lambda _event: SUCCESS),
            (evt.EVT_C_STORE, self._store),
            (evt.EVT_RELEASED, lambda event: self._gone(event, in_order=True)),
            (evt.EVT_ABORTED, lambda event: self._gone(event, in_order=False)),
            (evt.EVT_CONN_CLOSE, lambda event: self._gone(event, in_order=False)),
        ]
        kind = type("_BoundServer", (_Server,), {"bounds": self._bounds})
        self._server = entity.make_server(
            (host, port),
            ae_title=self._ae_title,
            contexts=contexts(),
            ssl_context=self._tls,
            evt_handlers=handlers,
            server_class=kind,
        )
        threading.Thread(target=self._server.serve_forever, name="dicom", daemon=True).start()
        return int(self._server.server_address[1])

    def close(self) -> None:
        """Stop listening; associations that are under way are aborted."""
        TCPServer.shutdown(self._server)  # the library's own wants a list it never filled
        self._server.server_close()
        for one in list(self._server.active_associations):
            with suppress(Exception):
                one.abort()

    def _connected(self, event: Any) -> None:
        """Bound what a packet may claim as its length before the first one is read."""
        stream = event.assoc.dul.socket
        plain_recv, most = stream.recv, self._bounds.pdu_bytes

        def recv(count: int) -> Any:
            if count > most:
                self._desk.note("packet_too_long")
                raise OSError("a packet beyond the limit")
            return plain_recv(count)

        stream.recv = recv

    def _requested(self, event: Any) -> None:
        """Turn away who does not name us, or whom the clinic does not know at this address."""
        assoc = event.assoc
        asked = assoc.requestor.primitive
        title = str(asked.calling_ae_title).strip()
        if str(asked.called_ae_title).strip() != self._ae_title:
            return self._reject(assoc, REJECT_CALLED, "called_ae_title")
        if not self._desk.may_come(title, str(assoc.requestor.address)):
            return self._reject(assoc, REJECT_CALLING, "calling_ae_title")
        with suppress(AttributeError, OSError):
            assoc.dul.socket.socket.settimeout(self._bounds.idle_seconds)
        with self._lock:
            self._visitors[id(assoc)] = _Visitor(title)
        return None

    def _reject(self, assoc: Any, why: tuple[int, int, int], reason: str) -> None:
        self._desk.note(reason)
        assoc.acse.send_reject(*why)
        assoc.kill()  # returns once the answer has gone out

    def _received(self, event: Any) -> None:
        """Count bytes as they come: a message has no length of its own to be believed."""
        visitor = self._visitors.get(id(event.assoc))
        if visitor is None:
            return
        visitor.message += len(event.data)
        visitor.total += len(event.data)
        is_over = visitor.message > self._bounds.instance_bytes + self._bounds.pdu_bytes
        if is_over or visitor.total > self._bounds.association_bytes:
            self._desk.note("too_large" if is_over else "too_much")
            event.assoc.abort()

    def _store(self, event: Any) -> int:
        """Keep one instance; success is said only once it is safe."""
        visitor = self._visitors.get(id(event.assoc))
        if visitor is None:
            return STATUSES["not_authorised"]
        visitor.message, visitor.instances = 0, visitor.instances + 1
        reason = "too_much" if visitor.instances > self._bounds.association_instances else ""
        if not reason:
            reason, delivery = self._desk.keep(visitor.ae_title, event.encoded_dataset())
            visitor.deliveries |= {delivery} if delivery else set()
        if reason:
            self._desk.note(reason)
            return STATUSES[reason]
        return SUCCESS

    def _gone(self, event: Any, *, in_order: bool) -> None:
        with self._lock:
            visitor = self._visitors.pop(id(event.assoc), None)
        if visitor is not None and visitor.deliveries:
            self._desk.finish(visitor.deliveries, in_order)


def contexts() -> list[Any]:
    """Verification, and every storage class in every transfer syntax that can be read."""
    syntaxes = [str(one) for one in TRANSFER_SYNTAXES]
    known = [str(one.abstract_syntax) for one in AllStoragePresentationContexts]
    return [build_context(Verification), *(build_context(one, syntaxes) for one in known)]


def server_tls(certificate: str, key: str, ca: str) -> ssl.SSLContext:
    """TLS 1.2 or newer; with `ca`, callers must show a certificate of it (BCP 195)."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.load_cert_chain(certificate, key)
    if ca:
        made.load_verify_locations(ca)
        made.verify_mode = ssl.CERT_REQUIRED
    return made
