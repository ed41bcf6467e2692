"""The process behind `python -m app listen`: the clinic's door for DICOM."""

import signal
import threading
from collections.abc import Collection
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError

from app.delivery import inbox
from app.deps import House, open_house
from app.intake.listener import Bounds, Desk, Door, server_tls
from app.logs import start_logging
from app.memory import settle
from app.settings import Settings, SettingsError
from app.storage import peers

log = structlog.get_logger()
WELCOME = "Anteroom listens for DICOM: {title} at {host}:{port}{how}"


def listen(settings: Settings) -> int:
    """Listen until told to stop; refusals and ends are noted by their key alone."""
    start_logging()
    tls = tls_of(settings)
    house = open_house(settings)
    door = make_door(house, tls=tls)
    settle()
    port = door.open(settings.dicom_host, settings.dicom_port)
    stopping = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stopping.set())
    how = ", TLS" if tls is not None else ""
    said = WELCOME.format(title=settings.dicom_ae, host=settings.dicom_host, port=port, how=how)
    print(said, flush=True)  # noqa: T201, the operator's screen
    stopping.wait()
    door.close()
    return 0


def make_door(house: House, *, tls: Any = None, bounds: Bounds | None = None) -> Door:
    """A door of this house, still closed; `tls` is an ssl.SSLContext or None."""
    desk = Desk(
        may_come=lambda title, address: _may_come(house, title, address),
        keep=lambda title, data: _keep(house, title, data),
        finish=lambda arrivals, in_order: _finish(house, arrivals, in_order=in_order),
        note=lambda reason: log.info("dicom_refused", reason=reason),
    )
    return Door(house.settings.dicom_ae, desk, bounds=bounds, tls=tls)


def tls_of(settings: Settings) -> Any:  # an ssl.SSLContext or None
    """The TLS side of the door; raises SettingsError for files that do not fit."""
    if not settings.dicom_tls_cert:
        return None
    files = (settings.dicom_tls_cert, settings.dicom_tls_key, settings.dicom_tls_ca)
    try:
        return server_tls(*(str(one or "") for one in files))
    except OSError:
        raise SettingsError(
            "ANTEROOM_DICOM_TLS_CERT, _KEY and _CA must be PEM files that fit together"
        ) from None


def _may_come(house: House, title: str, address: str) -> bool:
    """Closed while the database does not answer."""
    try:
        with house.sessions() as session:
            return peers.may_deliver(session, title, address)
    except SQLAlchemyError as error:
        log.error("dicom_closed", error_type=type(error).__name__)
        return False


def _keep(house: House, title: str, data: bytes) -> tuple[str, str]:
    """The sender keeps what we could not: any error of disk or database is a refusal."""
    try:
        kept = inbox.keep(house, title, data)
    except (OSError, SQLAlchemyError) as error:
        log.error("dicom_not_kept", error_type=type(error).__name__)
        return "not_kept", ""
    return kept.reason, kept.arrival_id


def _finish(house: House, arrivals: Collection[str], *, in_order: bool) -> None:
    try:
        inbox.finish(house, arrivals, in_order=in_order)
    except SQLAlchemyError as error:  # then the delivery counts as broken off, and staff decide
        log.error("dicom_not_finished", error_type=type(error).__name__)
    log.info("dicom_ended", count=len(arrivals), status="released" if in_order else "aborted")
