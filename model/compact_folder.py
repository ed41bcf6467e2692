"""Where the shipped compact model and its adapter lie inside this package."""

from pathlib import Path

from model.types import BackendUnavailable


def shipped_model() -> Path:
    """The folder of the compact model.

    Raises:
        BackendUnavailable: this copy of the program came without its weights.
    """
    folder = Path(__file__).parent / "compact"
    if not (folder / "config.json").is_file():
        raise BackendUnavailable(
            "The compact model is not part of this copy of the program; name a model folder."
        )
    return folder


def shipped_adapter() -> Path | None:
    """The folder of the adapter that ships with the compact model, or None without one."""
    folder = Path(__file__).parent / "compact" / "adapter"
    return folder if (folder / "adapter_config.json").is_file() else None
