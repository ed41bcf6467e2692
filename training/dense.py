"""The dense heads that teach the vision tower where structures are; the cell head is kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from model.cell_head import CELLS_PER_PATCH, CellHead
from model.vocabulary import MODALITIES, PLANES, REGIONS
from training.cache import IGNORED
from training.device import device, half
from training.sampling import PictureSampler, Seen, to_pixels

SUBCELLS = CELLS_PER_PATCH**2
BACKGROUND_WEIGHT = 0.05
KINDS = (("modality", (*MODALITIES, "not a scan")), ("plane", PLANES), ("region", REGIONS))
UNKNOWN = -100


class DenseHeads(CellHead):
    """The cell head, and beside it heads for boxes and kinds of picture that are thrown away.

    Class vectors live in the text width, so that they can become name embeddings.
    """

    def __init__(self, width: int, names: int, weights: Tensor) -> None:
        """`weights` float32[names + 1] balances the cross-entropy."""
        super().__init__(width, names)
        self.boxes = nn.Linear(width, 4)
        self.kinds = nn.ModuleList(nn.Linear(width, len(words)) for _, words in KINDS)
        self.weights: Tensor
        self.register_buffer("weights", weights)


@dataclass(frozen=True)
class DenseBatch:
    """pixels float32[B, 3, S, S]; cells int64[B, P, 16]; boxes [B, P, 4] with valid bool[B, P];
    kinds int64[B, 3] with -100 where the pack does not say."""

    pixels: Tensor
    cells: Tensor
    boxes: Tensor
    valid: Tensor
    kinds: Tensor


def patch_cells(cells: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """uint8[..., P, 16] of uint8[..., G, G]: the subcells of each patch together, row by row."""
    side = cells.shape[-1] // CELLS_PER_PATCH
    lead = cells.shape[:-2]
    split = cells.reshape(*lead, side, CELLS_PER_PATCH, side, CELLS_PER_PATCH)
    return split.swapaxes(-3, -2).reshape(*lead, side * side, SUBCELLS)


def make_dense_batch(drawn: Sequence[Seen]) -> DenseBatch:
    """The batch of drawn pictures; one that is no scan is background everywhere."""
    kinds = np.full((len(drawn), len(KINDS)), UNKNOWN, dtype=np.int64)
    boxes = np.zeros((len(drawn), 256, 4), dtype=np.float32)
    for row, seen in enumerate(drawn):
        if seen.record is None:
            kinds[row, 0] = len(MODALITIES)
            continue
        for column, (field, words) in enumerate(KINDS):
            word = getattr(seen.record, field)
            kinds[row, column] = words.index(word) if word else UNKNOWN
        boxes[row, seen.objects["name"].astype(np.int64) + 1] = seen.objects["box"]
    split = patch_cells(np.stack([seen.cells for seen in drawn]))
    owner = _majority(split)
    chosen = np.take_along_axis(boxes, owner[..., None].astype(np.int64), 1)
    there = device()
    return DenseBatch(
        to_pixels(drawn).to(there),
        torch.from_numpy(split.astype(np.int64)).to(there),
        torch.from_numpy(chosen).to(there),
        torch.from_numpy(chosen[..., 2] > 0).to(there),
        torch.from_numpy(kinds).to(there),
    )


def _majority(split: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """uint8[B, P]: the structure that most subcells of a patch show; 0 where there is none."""
    ordered = np.sort(np.where(split == IGNORED, 0, split), -1)
    middle = ordered[..., SUBCELLS // 2]
    return np.where(middle > 0, middle, ordered[..., -1])


def dense_losses(heads: DenseHeads, features: Tensor, batch: DenseBatch) -> dict[str, Tensor]:
    """Class-weighted cross-entropy, soft Dice, patch boxes and kinds, each a scalar."""
    logits = heads.cell_logits(features)
    target = batch.cells.masked_fill(batch.cells == IGNORED, UNKNOWN)
    flat = logits.flatten(0, 2).float()
    pooled = features.float().mean(1)
    losses = {"dice": soft_dice(flat, target.flatten())}
    if bool((target != UNKNOWN).any()):
        losses["cross"] = functional.cross_entropy(
            flat, target.flatten(), heads.weights, ignore_index=UNKNOWN
        )
    if bool(batch.valid.any()):
        guess = heads.boxes(features).float()[batch.valid]
        losses["boxes"] = 4.0 * functional.smooth_l1_loss(
            guess, batch.boxes[batch.valid], beta=0.02
        )
    for column, head in enumerate(heads.kinds):
        wanted = batch.kinds[:, column]
        if bool((wanted != UNKNOWN).any()):
            losses[KINDS[column][0]] = 0.3 * functional.cross_entropy(
                head(pooled), wanted, ignore_index=UNKNOWN
            )
    return losses


def soft_dice(logits: Tensor, target: Tensor) -> Tensor:
    """One minus the mean soft Dice over the structures that this batch shows."""
    known = target >= 0
    share = logits[known].softmax(-1)
    sums = share.sum(0)
    count = share.shape[1]
    rows = target[known]
    counts = torch.bincount(rows, minlength=count).float()
    overlap = torch.zeros(count, device=logits.device).index_add_(
        0, rows, share.gather(1, rows[:, None])[:, 0]
    )
    present = counts[1:] > 0
    dice = (2.0 * overlap[1:] + 1.0) / (sums[1:] + counts[1:] + 1.0)
    return 1.0 - dice[present].mean() if bool(present.any()) else logits.sum() * 0.0


def class_weights(cells: NDArray[np.uint8], names: int) -> Tensor:
    """float32[names + 1]: background 0.05, structures by the fourth root of their rarity."""
    counts = np.bincount(np.asarray(cells[::5]).ravel(), minlength=256)[: names + 1].astype(float)
    rare = (np.median(counts[1:][counts[1:] > 0]) / np.maximum(counts, 50.0)) ** 0.25
    rare = np.clip(rare, 0.4, 3.0)
    rare[0] = BACKGROUND_WEIGHT
    return torch.tensor(rare, dtype=torch.float32)


@torch.inference_mode()
def measure_dense(model: Any, heads: DenseHeads, sampler: PictureSampler) -> dict[str, float]:
    """Dice over present structures at the cells' grid, and accuracy of the kinds."""
    dices: list[float] = []
    hits: dict[str, list[bool]] = {field: [] for field, _ in KINDS}
    for start in range(0, len(sampler.copies.images), 64):
        drawn = np.arange(start, min(start + 64, len(sampler.copies.images)))
        batch = make_dense_batch([sampler.look(int(index)) for index in drawn])
        with half():
            features = model.model.get_image_features(batch.pixels).pooler_output
            guess = heads.cell_logits(features).argmax(-1)
        for row, index in enumerate(drawn):
            first, last = sampler.copies.first[index], sampler.copies.first[index + 1]
            for found in sampler.copies.objects[first:last]:
                if found["share"] >= 0.0005:
                    dices.append(_dice(guess[row], batch.cells[row], int(found["name"]) + 1))
        pooled = features.float().mean(1)
        for column, (field, _) in enumerate(KINDS):
            known = batch.kinds[:, column] != UNKNOWN
            right = heads.kinds[column](pooled).argmax(-1) == batch.kinds[:, column]
            hits[field] += right[known].tolist()
    figures = {field: float(np.mean(found)) for field, found in hits.items() if found}
    return {"dice": float(np.mean(dices)) if dices else 0.0, **figures}


def _dice(guess: Tensor, cells: Tensor, number: int) -> float:
    known = cells != IGNORED
    said, there = (guess == number) & known, cells == number
    total = int(said.sum() + there.sum())
    return 2.0 * float((said & there).sum()) / total if total else 0.0
