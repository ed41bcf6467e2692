"""The cache of an adapter's run: which run it belongs to, its checkpoints, and how it ends."""

import json
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from model.adapters import WEIGHTS_NAME, AdapterFolder, read_adapter
from model.manifest import MANIFEST_NAME, sha256_of
from model.types import ModelError
from training.adapter_config import AdapterConfig, as_plain
from training.adapter_folder import (
    AdapterFacts,
    FolderError,
    Source,
    adapter_name,
    base_identity,
    digest_of_names,
    write_adapter,
)
from training.config import ConfigError

RUN_NAME: Final = "run.yaml"
DONE: Final = ("scheduler.pt", "optimizer.pt", "trainer_state.json", "adapter_model.safetensors")
REFUSED: Final = (ConfigError, ModelError)
"""What stops a run with one sentence."""


@dataclass(frozen=True)
class Learnt:
    """What an adapter was taught, for its name and its manifest."""

    subject: str
    names: Sequence[str]
    """The file names of its pictures."""
    data: Sequence[Source]
    tasks: Sequence[str]
    structures: Sequence[str] = ()


def read_start(settings: AdapterConfig, base: Path) -> AdapterFolder | None:
    """The adapter to go on from, None where LoRA begins at zero.

    Raises:
        FolderError: it is not whole, or it belongs to another base; its manifest is named.
    """
    if settings.start is None:
        return None
    try:
        return read_adapter(settings.start, base_identity(base)[1])
    except ModelError as error:
        path = settings.start / MANIFEST_NAME
        lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
        told = [number for number, line in enumerate(lines, 1) if '"base_sha256"' in line]
        place = f"{path}:{told[0]}" if told else str(settings.start)
        raise FolderError(f"{place}: {error}") from error


@contextmanager
def run_in_cache(
    settings: AdapterConfig, base: Path, names: Sequence[str], more: Mapping[str, str] | None = None
) -> Iterator[None]:
    """Mark the cache as that of this run, described with `more` facts.

    Where the run is refused before its first step the mark goes again.

    Raises:
        FolderError: the cache belongs to other settings, another base or other pictures.
    """
    from training.adapter_callbacks import LOG_NAME

    described = {**as_plain(settings), "base_sha256": base_identity(base)[1]}
    described |= {"taught_sha256": digest_of_names(names), **(more or {})}
    if settings.start is not None:
        described["start_sha256"] = sha256_of(settings.start / WEIGHTS_NAME)
    path = settings.cache / RUN_NAME
    if path.is_file() and yaml.safe_load(path.read_text(encoding="utf-8")) != described:
        raise FolderError(f"{settings.cache} holds another run; name another --cache or empty it")
    settings.cache.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(described), encoding="utf-8")
    try:
        yield
    except REFUSED:
        if not (settings.cache / LOG_NAME).exists():
            path.unlink(missing_ok=True)
            with suppress(OSError):  # what else lies there is not ours
                settings.cache.rmdir()
        raise


def last_checkpoint(cache: Path, *more: str) -> Path | None:
    """The newest whole checkpoint, with `more` files than every run's; a torn one is removed."""
    found = sorted(
        cache.glob("checkpoint-*"), key=lambda p: int(p.name.rpartition("-")[2]), reverse=True
    )
    for folder in found:
        if _is_whole(folder, (*DONE, *more)):
            return folder
        shutil.rmtree(folder, ignore_errors=True)
    return None


def write_result(
    settings: AdapterConfig, base: Path, learnt: Learnt, metrics: Mapping[str, Any]
) -> None:
    """Write the adapter folder from the best weights of the cache."""
    from training.adapter_trainer import BEST_NAME, read_score

    assert settings.out is not None
    weights = settings.cache / BEST_NAME
    name, digest = base_identity(base)
    described = json.loads((base / "config.json").read_text(encoding="utf-8"))
    facts = AdapterFacts(
        name=adapter_name(learnt.subject, name, weights),
        base=name,
        base_sha256=digest,
        image_size=int(described["vision_config"]["image_size"]),
        data=learnt.data,
        split_sha256=digest_of_names(learnt.names),
        structures=learnt.structures,
        tasks=learnt.tasks,
    )
    said = {"held_out": read_score(settings.cache), **metrics}
    write_adapter(settings.out, weights, facts, as_plain(settings), said)
    sys.stdout.write(f"{settings.out} holds {facts.name}\n")


def _is_whole(folder: Path, names: Sequence[str]) -> bool:
    if not all((folder / name).is_file() for name in names):
        return False
    try:
        json.loads((folder / DONE[2]).read_text(encoding="utf-8"))
    except ValueError:
        return False
    return True
