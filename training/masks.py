"""Index masks of a segmentation folder: names, boxes and subcells; no augmentation, no model."""

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.types import Box, Mask

LEAST_SHARE = 0.0005
"""Objects below 0.05 % of the picture are neither taught nor counted."""
LEAST_VOLUMES = 3
"""A structure from fewer training volumes is "not yet reliable" and not offered."""

IndexMask = NDArray[np.uint8]
"""uint8[H, W]: the number of the structure at each pixel, 0 for background."""


def anatomy_labels(folder: Path) -> dict[int, str]:
    """Index to name of the structures of kind anatomy in `labels_detail.json`, in index order."""
    details = json.loads((folder / "labels_detail.json").read_text(encoding="utf-8"))
    kept = {int(key): one["name"] for key, one in details.items() if one["kind"] == "anatomy"}
    return dict(sorted(kept.items()))


def named_indices(folder: Path) -> set[int]:
    """The indices that `labels_detail.json` has a name for, of whatever kind."""
    details = json.loads((folder / "labels_detail.json").read_text(encoding="utf-8"))
    return {int(key) for key in details}


def anatomy_names(folder: Path) -> list[str]:
    """The names of `anatomy_labels`, each once, in index order."""
    return list(dict.fromkeys(anatomy_labels(folder).values()))


def box_of(mask: Mask) -> Box:
    """The tight box of a mask that has at least one pixel, its far edges after the last pixel."""
    height, width = mask.shape
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return (
        float(rows[0]) / height,
        float(columns[0]) / width,
        float(rows[-1] + 1) / height,
        float(columns[-1] + 1) / width,
    )


def present(mask: IndexMask, least_share: float = LEAST_SHARE) -> list[int]:
    """The structure numbers that cover at least this share of the picture, background left out."""
    counts = np.bincount(mask.ravel(), minlength=256)
    least = max(least_share * mask.size, 1.0)
    return [int(index) for index in np.flatnonzero(counts >= least) if index]
