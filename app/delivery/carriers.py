"""Carrying one file to a machine of the clinic, by C-STORE or by STOW-RS; knows no database."""

import ssl
import urllib.error
import urllib.request
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Final

from pydicom import dcmread
from pynetdicom import AE
from pynetdicom.sop_class import Verification

from app.deps import House
from app.storage import peers
from app.storage.tables import Peer

SECONDS: Final = 20.0
_BOUNDARY: Final = "anteroom-of-the-clinic"


@dataclass(frozen=True)
class Target:
    """Where and how; `url` goes before DICOM's own protocol."""

    own_title: str
    ae_title: str
    host: str
    port: int
    url: str
    secret: str
    tls: ssl.SSLContext | None = None


def target_of(house: House, peer: Peer) -> Target:
    """What is needed to reach a machine, read from its row."""
    secret = peers.secret_of(house.master, peer)
    tls = _client_tls(house) if peer.uses_tls else None
    own = house.settings.dicom_ae
    return Target(own, peer.ae_title, peer.host, peer.port, peer.url, secret, tls)


def send(target: Target, data: bytes) -> str:
    """Carry a Part 10 file there; gives the key of a failure, empty once it was taken."""
    return _stow(target, data) if target.url else _store(target, data)


def echo(target: Target) -> str:
    """Whether the machine answers; gives the key of a failure."""
    if target.url:
        return _asked(target)
    entity = _entity(target, [(Verification, None)])
    assoc = _associated(entity, target)
    if isinstance(assoc, str):
        return assoc
    status = assoc.send_c_echo()
    assoc.release()
    return "" if status and status.Status == 0 else "refused"


def _store(target: Target, data: bytes) -> str:
    dataset = dcmread(BytesIO(data))
    meta = dataset.file_meta
    entity = _entity(target, [(meta.MediaStorageSOPClassUID, meta.TransferSyntaxUID)])
    assoc = _associated(entity, target)
    if isinstance(assoc, str):
        return assoc
    try:
        if not assoc.accepted_contexts:
            return "not_supported"
        status = assoc.send_c_store(dataset)
    except (ValueError, RuntimeError):
        return "refused"
    finally:
        if assoc.is_established:
            assoc.release()
    code = status.Status if status else -1
    # Bxxx are warnings: the file was taken (PS3.4 table B.2-1).
    return "" if code == 0 or code & 0xF000 == 0xB000 else "refused"


def _entity(target: Target, contexts: list[tuple[Any, Any]]) -> Any:
    entity = AE(ae_title=target.own_title)
    entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = SECONDS
    entity.connection_timeout = SECONDS
    for sop_class, syntax in contexts:
        entity.add_requested_context(sop_class, syntax)
    return entity


def _associated(entity: Any, target: Target) -> Any:
    """An association, or the key of why there is none."""
    tls = None if target.tls is None else (target.tls, target.host)
    try:
        assoc = entity.associate(target.host, target.port, ae_title=target.ae_title, tls_args=tls)
    except (OSError, ValueError, RuntimeError, TypeError):
        return "unreachable"
    if assoc.is_established:
        return assoc
    if assoc.is_rejected:
        return "rejected"
    # An answer that accepts no context is followed by an abort of the library.
    return "not_supported" if assoc.acceptor.primitive is not None else "unreachable"


def _stow(target: Target, data: bytes) -> str:
    head = f"--{_BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n".encode()
    body = b"".join((head, data, f"\r\n--{_BOUNDARY}--\r\n".encode()))
    headers = {
        "Content-Type": f'multipart/related; type="application/dicom"; boundary={_BOUNDARY}',
        "Accept": "application/dicom+json",
    }
    address = f"{target.url.rstrip('/')}/studies"
    return _answered(target, urllib.request.Request(address, body, headers, method="POST"))


def _asked(target: Target) -> str:
    address = f"{target.url.rstrip('/')}/studies?limit=1"
    return _answered(target, urllib.request.Request(address, headers={"Accept": "*/*"}))


def _answered(target: Target, request: urllib.request.Request) -> str:
    if target.secret:
        request.add_header("Authorization", target.secret)
    handlers: list[Any] = [urllib.request.ProxyHandler({}), _NoRedirect()]
    if target.tls is not None:
        handlers.append(urllib.request.HTTPSHandler(context=target.tls))
    try:
        with urllib.request.build_opener(*handlers).open(request, timeout=SECONDS) as answer:
            # 202: some were not taken, and we send one at a time.
            return "" if answer.status in (200, 204) else "refused"
    except urllib.error.HTTPError as error:
        return "rejected" if error.code in (401, 403) else "refused"
    except (OSError, ValueError):
        return "unreachable"


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A report goes where the list says and nowhere else."""

    def redirect_request(self, *_args: Any, **_kwargs: Any) -> None:
        """Follow nothing: the answer then counts as an error."""


def _client_tls(house: House) -> ssl.SSLContext:
    settings = house.settings
    made = ssl.create_default_context(
        cafile=None if settings.dicom_tls_ca is None else str(settings.dicom_tls_ca)
    )
    if settings.dicom_tls_cert is not None:
        made.load_cert_chain(str(settings.dicom_tls_cert), str(settings.dicom_tls_key or ""))
    return made
