"""The cell head: what each cell of a picture shows, read from the projected vision features.

A patch has 4 by 4 cells. The head was taught beside the language side, on the same features
(`training/dense.py`); a PaliGemma without one draws with its mask tokens alone.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from zipfile import BadZipFile

import numpy as np
import torch
from torch import Tensor, nn

from model.types import BackendUnavailable, CellMap

CELLS_PER_PATCH: Final = 4
"""Along one side."""
FILE_NAME: Final = "cell_head.npz"
_TENSORS: Final = ("vectors", "bias", "subcells.weight", "subcells.bias")


class CellHead(nn.Module):
    """Scores each cell of each patch against a vector per structure; number 0 is background."""

    def __init__(self, width: int, names: int) -> None:
        """For features of this width and so many structures."""
        super().__init__()
        self.vectors = nn.Parameter(torch.randn(names + 1, width) * width**-0.5)
        self.bias = nn.Parameter(torch.zeros(names + 1))
        self.subcells = nn.Linear(width, CELLS_PER_PATCH**2 * width)
        nn.init.normal_(self.subcells.weight, std=0.3 * width**-0.5)

    def cell_logits(self, features: Tensor) -> Tensor:
        """[B, patches, 16, names + 1] from features [B, patches, width]."""
        batch, patches, width = features.shape
        apart = self.subcells(features).view(batch, patches, CELLS_PER_PATCH**2, width)
        logits: Tensor = (apart + features[:, :, None]) @ self.vectors.T + self.bias
        return logits


class CellReader:
    """A trained head with the names it was taught; reads the features of one picture."""

    def __init__(self, head: CellHead, names: Sequence[str]) -> None:
        """The head's numbers 1, 2, … are these names."""
        self.head = head.eval().requires_grad_(False)
        self.names = tuple(names)

    @torch.inference_mode()
    def read(self, features: Tensor) -> CellMap:
        """The map of one picture from its features [patches, width], in float32."""
        logits = self.head.cell_logits(features.float()[None])[0]
        scores = _as_grid(logits.log_softmax(-1)).cpu().numpy()
        return CellMap(self.names, np.ascontiguousarray(scores))


def _as_grid(cells: Tensor) -> Tensor:
    """[C, S, S] of the whole picture from [patches, 16, C], patches and cells row by row."""
    patches, _, count = cells.shape
    side = round(patches**0.5)
    apart = cells.view(side, side, CELLS_PER_PATCH, CELLS_PER_PATCH, count)
    return apart.permute(4, 0, 2, 1, 3).reshape(count, side * CELLS_PER_PATCH, -1)


def save_cell_head(head: CellHead, names: Sequence[str], path: Path) -> None:
    """Write the head in half precision, with its names."""
    state = head.state_dict()
    arrays = {name: state[name].cpu().numpy().astype(np.float16) for name in _TENSORS}
    np.savez_compressed(path, names=np.array(json.dumps(list(names))), allow_pickle=False, **arrays)


def load_cell_head(folder: Path, width: int, device: str) -> CellReader | None:
    """The head of a model folder, None where there is none; nothing in the file is executed.

    Raises:
        BackendUnavailable: the file cannot be read, or it was made for other features.
    """
    path = folder / FILE_NAME
    if not path.is_file():
        return None
    try:
        with np.load(path, allow_pickle=False) as held:
            names = json.loads(str(held["names"]))
            state = {name: torch.from_numpy(held[name].astype(np.float32)) for name in _TENSORS}
        head = CellHead(width, len(names))
        head.load_state_dict(state)
    except (OSError, EOFError, ValueError, KeyError, RuntimeError, BadZipFile) as error:
        raise BackendUnavailable(
            f"{FILE_NAME} of the model folder {folder.name} cannot be read, or it belongs to "
            "another model."
        ) from error
    return CellReader(head.to(device), names)
