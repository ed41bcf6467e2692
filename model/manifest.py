"""manifest.json of a model or adapter folder: its fields and its digests; no weights are read."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from model.types import ModelError

MANIFEST_NAME: Final = "manifest.json"
_CHUNK_BYTES: Final = 1 << 20


@dataclass(frozen=True)
class Manifest:
    """What a folder says about itself; what it does not say is None or empty."""

    name: str
    kind: str | None = None
    base: str | None = None
    base_sha256: str | None = None
    prompts_version: str | None = None
    pixels_version: str | None = None
    vocabulary_version: str | None = None
    image_size: int | None = None
    structures: tuple[str, ...] = ()
    modalities: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    may_use_category: bool = False
    tasks: tuple[str, ...] = ()
    """What an adapter was taught; empty where its folder does not say."""


def read_manifest(folder: Path) -> Manifest | None:
    """The manifest of a folder, or None where the folder has none.

    Raises:
        ModelError: the file is no JSON object, or a field has the wrong shape.
    """
    path = folder / MANIFEST_NAME
    if not path.is_file():
        return None
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{MANIFEST_NAME} of {folder.name} is not readable JSON.") from error
    if not isinstance(fields, dict):
        raise ModelError(f"{MANIFEST_NAME} of {folder.name} is not a JSON object.")
    return _manifest(fields, folder)


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file as 64 hexadecimal digits; once read, not again while it stays as is."""
    state = path.stat()
    return _sha256_of(path, state.st_size, state.st_mtime_ns, state.st_ino)


@lru_cache(maxsize=256)
def _sha256_of(path: Path, *_state: int) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while piece := stream.read(_CHUNK_BYTES):
            digest.update(piece)
    return digest.hexdigest()


def changed_files(folder: Path, files: Mapping[str, str]) -> list[str]:
    """The names in `files` (relative path to SHA-256) that are missing, outside or different."""
    return [name for name, digest in sorted(files.items()) if not _is_intact(folder, name, digest)]


def _is_intact(folder: Path, name: str, digest: str) -> bool:
    relative = Path(name)
    if relative.is_absolute() or ".." in relative.parts:
        return False
    path = folder / relative
    return path.is_file() and sha256_of(path) == digest


def _manifest(fields: dict[str, Any], folder: Path) -> Manifest:
    try:
        return Manifest(
            name=str(fields.get("name") or folder.resolve().name),
            kind=_text(fields.get("kind")),
            base=_text(fields.get("base")),
            base_sha256=_text(fields.get("base_sha256")),
            prompts_version=_text(fields.get("prompts_version")),
            pixels_version=_text(fields.get("pixels_version")),
            vocabulary_version=_text(fields.get("vocabulary_version")),
            image_size=_whole(fields.get("image_size")),
            structures=_names(fields.get("structures")),
            modalities=_names(fields.get("modalities")),
            regions=_names(fields.get("regions")),
            files=_digests(fields.get("files")),
            may_use_category=fields.get("may_use_category") is True,
            tasks=_names(fields.get("tasks")),
        )
    except (TypeError, ValueError) as error:
        raise ModelError(f"{MANIFEST_NAME} of {folder.name}: {error}.") from error


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _whole(value: object) -> int | None:
    if value is not None and not isinstance(value, int):
        raise TypeError("image_size is not a whole number")
    return value


def _names(value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise TypeError("a list of names was expected")
    return tuple(value)


def _digests(value: object) -> dict[str, str]:
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(isinstance(v, str) for v in value.values()):
        raise TypeError("files is not a table of digests")
    return {str(name): digest for name, digest in value.items()}
