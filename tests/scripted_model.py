"""A model that answers from a script, for every test that needs a worker but no weights."""

import numpy as np
from numpy.typing import NDArray

from model.manifest import Manifest
from model.opening import Engine
from model.scripted import ScriptedBackend
from model.types import Request

LIVER = "<loc0400><loc0200><loc0620><loc0480>" + "<seg001>" * 16 + " liver"
WORDS = {
    "kind of picture": "CT",
    "picture cut": "axial",
    "part of the body": "abdomen",
    "parts can be seen": "liver, spleen",
}
STRUCTURES = ("liver", "spleen")


class DiskCodec:
    """Every code decodes to a disk that fills its box."""

    def decode(self, codes: NDArray[np.int64]) -> NDArray[np.float32]:
        rows, columns = np.mgrid[-1:1:64j, -1:1:64j]
        disk = np.where(rows**2 + columns**2 < 0.9, 1.0, -1.0).astype(np.float32)
        return np.repeat(disk[None], len(codes), axis=0)


def said_of_picture(request: Request, otherwise: str) -> str:
    """One liver for a segment prefix, words for the picture; `otherwise` for all else."""
    if request.prefix.startswith("segment"):
        return LIVER if "liver" in request.prefix else ""
    return next((said for words, said in WORDS.items() if words in request.prefix), otherwise)


def scripted_engine(backend: ScriptedBackend, structures: tuple[str, ...] = STRUCTURES) -> Engine:
    """An engine around a scripted backend that knows these structures."""
    return Engine(backend, DiskCodec(), Manifest("scripted", structures=structures))
