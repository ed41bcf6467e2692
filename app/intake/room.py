"""A file in memory for the one decoder that is a program: made before the process is confined."""

import os
import shutil
from typing import Final

PROGRAM: Final = "dcmdjpeg"
SIZE: Final = 32 * 2**20
"""Bytes, for one compressed frame; once confined, no file may grow, so it is as large from the
start. Nothing of it takes memory until it is written."""
_made: list[int] = []


def make_room() -> None:
    """Make the file, where the program that would read it is installed."""
    if shutil.which(PROGRAM) is not None and hasattr(os, "memfd_create"):
        made = os.memfd_create(PROGRAM, 0)
        os.ftruncate(made, SIZE)
        _made.append(made)


def handle() -> int | None:
    """The descriptor of the file; None where there is none."""
    return _made[0] if _made else None
