"""The worker's adapters: which one it starts with, and taking over another between two jobs."""

from pathlib import Path

import structlog

from app.deps import House
from app.settings import Settings
from app.storage import activations
from model.compact_folder import shipped_adapter
from model.opening import Engine, open_engine
from model.types import ModelError

log = structlog.get_logger()


def open_live(house: House) -> Engine:
    """The model with its live adapter; with the shipped one where that no longer loads."""
    settings = house.settings
    with house.sessions() as session:
        live = activations.live(session)
    adapter = None if live is None else str(adapter_folder(settings, live.adapter))
    try:
        return open_engine(settings.model or None, adapter, settings.quantize)
    except ModelError as error:
        if live is None:
            raise
        log.error("live_adapter_not_loaded", error_type=type(error).__name__)
        engine = open_engine(settings.model or None, None, settings.quantize)
        _note_fallback(house, live.activation_id, str(error))
        return engine


def _note_fallback(house: House, activation_id: str, failure: str) -> None:
    """A live adapter that no longer loads is refused, said on the staff pages; patients go on."""
    with house.sessions() as session, session.begin():
        lost = activations.find(session, activation_id)
        if lost is not None:
            activations.mark_refused(lost, failure)


def adapter_folder(settings: Settings, name: str) -> Path:
    """The folder of an adapter by its name; only names right below the adapters folder."""
    if name == activations.SHIPPED:
        return shipped_adapter() or settings.data_dir / "no-adapter-came-with-this-copy"
    root = settings.adapters_dir or settings.data_dir / "clinic" / "adapters"
    return root / Path(name).name


def swap_adapter(house: House, engine: Engine) -> None:
    """Carry out the newest wish; a folder that does not fit is refused and the old one stays."""
    with house.sessions() as session, session.begin():
        wish = activations.waiting(session)
        if wish is None:
            return
        try:
            engine.backend.activate(str(adapter_folder(house.settings, wish.adapter)))
        except ModelError as error:
            activations.mark_refused(wish, str(error))
            log.warning("adapter_refused", error_type=type(error).__name__)
        else:
            activations.mark_live(session, wish)
