"""Folders that appear whole or not at all, and the room that the disk must have for them."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from training.config import ConfigError


@contextmanager
def whole_folder(out: Path) -> Iterator[Path]:
    """A fresh folder beside `out` that takes its place at the end; after an error none is left."""
    fresh = out.with_name(f".{out.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    try:
        yield fresh
        os.replace(fresh, out)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


@contextmanager
def full_disk_in_words(folder: Path) -> Iterator[None]:
    """Says in one sentence that the disk ran full while something was written.

    Raises:
        ConfigError: in place of the system's own error.
    """
    try:
        yield
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise ConfigError(f"{error.filename or folder}: the disk is full") from error


def refuse_little_room(folder: Path, needed: float) -> None:
    """Stop where the disk that holds, or will hold, a folder has not so many bytes.

    Raises:
        ConfigError: naming the folder, what is needed and what is free.
    """
    there = next(one for one in (folder, *folder.resolve().parents) if one.is_dir())
    free = shutil.disk_usage(there).free
    if free < needed:
        said = f"{needed / 2**20:.1f} MiB are needed, {free / 2**20:.1f} MiB are free"
        raise ConfigError(f"{folder}: the disk is full: {said}")
