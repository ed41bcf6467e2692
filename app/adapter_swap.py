"""The worker's adapters: which ones it starts with, and taking over another between two jobs."""

from dataclasses import replace
from pathlib import Path

import structlog
from sqlalchemy.orm import Session

from app.deps import House
from app.settings import Settings
from app.storage import activations
from app.storage.tables import Activation
from model.adapters import read_adapter
from model.backend import KeepsAdapters
from model.batching import BatchingBackend
from model.compact_folder import shipped_adapter
from model.opening import Engine, open_engine, open_remote
from model.parity import check_parity, read_parity, suffixes_of
from model.special_adapter import through_adapter
from model.trial import try_out
from model.types import AdapterMismatch, ModelError

log = structlog.get_logger()


def open_live(house: House) -> Engine:
    """The model with its live adapters; one that no longer loads gives way to the shipped one.

    Such an adapter is refused and named on the staff pages; patients go on.
    """
    settings = house.settings
    engine = _open_remote(settings) if settings.backend_url else _open_here(settings)
    engine = replace(engine, backend=BatchingBackend(engine.backend))
    with house.sessions() as session, session.begin():
        general = activations.live(session)
        rows = [] if general is None else [general]
        for row in (*rows, *activations.live_by_modality(session).values()):
            try:
                _put_on(house, session, engine, row)
            except ModelError as error:
                activations.mark_refused(row, str(error))
                log.error("live_adapter_not_loaded", error_type=type(error).__name__)
    return engine


def _open_here(settings: Settings) -> Engine:
    model = settings.model or None
    return open_engine(model, None, settings.quantize, offload=settings.offload)


def _open_remote(settings: Settings) -> Engine:
    """The engine of a model server, once it has given the answers this engine gives."""
    engine = open_remote(settings.backend_url, settings.backend_token.get_secret_value())
    if settings.backend_parity is not None:
        check_parity(engine.backend, read_parity(settings.backend_parity))
        return engine
    here = _open_here(settings)
    try:
        check_parity(engine.backend, suffixes_of(here.backend))
    finally:
        here.backend.close()
    return engine


def adapter_folder(settings: Settings, name: str) -> Path:
    """The folder of an adapter by its name; only names right below the adapters folder."""
    if name == activations.SHIPPED:
        return shipped_adapter() or settings.data_dir / "no-adapter-came-with-this-copy"
    return adapters_root(settings) / Path(name).name


def adapters_root(settings: Settings) -> Path:
    """Where the clinic's adapter folders lie."""
    return settings.adapters_dir or settings.data_dir / "clinic" / "adapters"


def swap_adapter(house: House, engine: Engine) -> None:
    """Carry out the oldest wish; a folder that does not fit is refused and the old one stays."""
    with house.sessions() as session, session.begin():
        wish = activations.waiting(session)
        if wish is None:
            return
        try:
            _put_on(house, session, engine, wish)
        except ModelError as error:
            activations.mark_refused(wish, str(error))
            log.warning("adapter_refused", error_type=type(error).__name__)
        else:
            activations.mark_live(session, wish)


def _put_on(house: House, session: Session, engine: Engine, wish: Activation) -> None:
    """Let the adapter of this row answer; raises ModelError and changes nothing."""
    if wish.adapter == activations.GENERAL:
        engine.specials.pop(wish.modality, None)
        return
    folder = adapter_folder(house.settings, wish.adapter)
    _check_unchanged(folder, wish, engine)
    if wish.modality:
        engine.specials[wish.modality] = _tried(engine, folder)
        return
    if isinstance(engine.backend, KeepsAdapters):
        _tried(engine, folder)
    engine.backend.activate(str(folder))
    for modality, row in activations.live_by_modality(session).items():
        if modality in engine.specials:  # it may have had to leave the memory
            special = adapter_folder(house.settings, row.adapter)
            engine.specials[modality] = _through(engine, special)


def _check_unchanged(folder: Path, wish: Activation, engine: Engine) -> None:
    found = read_adapter(folder, engine.backend.info().base_sha256)
    if wish.adapter != activations.SHIPPED and found.digest != wish.sha256:
        raise AdapterMismatch(f"The adapter {found.name} has changed since it was activated.")


def _tried(engine: Engine, folder: Path) -> Engine:
    special = _through(engine, folder)
    try_out(special)
    return special


def _through(engine: Engine, folder: Path) -> Engine:
    if not isinstance(engine.backend, KeepsAdapters):
        raise AdapterMismatch("This model server holds one adapter at a time.")
    return through_adapter(engine, engine.backend, str(folder))
