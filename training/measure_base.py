"""A quick look at a base in training; what the card says is measured by `training evaluate`."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image as PillowImage

from model.mask_codec import MaskCodec, paste
from model.prompts import segment_prefix
from model.seg_tokens import parse_suffix
from training.device import device, half
from training.prepare import Prepared
from training.records import VAL
from training.rows import Vocabulary
from training.sampling import PictureSampler, to_pixels
from training.tokenizer import BOS, EOS, IMAGE, PAD


@dataclass(frozen=True)
class Measured:
    """What measuring needs: model, vocabulary, data and the codec that made the codes."""

    model: Any
    vocabulary: Vocabulary
    prepared: Prepared
    codec: MaskCodec


@torch.inference_mode()
def complete_greedy(
    measured: Measured, pictures: NDArray[np.int64], prefixes: Sequence[str], longest: int
) -> list[str]:
    """The greedy suffix of each (val copy, prefix), special tokens taken away."""
    sampler = PictureSampler(measured.prepared, VAL, 0)
    suffixes: list[str] = []
    for start in range(0, len(prefixes), 64):
        pixels = to_pixels([sampler.look(int(one)) for one in pictures[start : start + 64]])
        suffixes += generate_batch(measured, pixels, prefixes[start : start + 64], longest)
    return suffixes


def generate_batch(
    measured: Measured, pixels: torch.Tensor, prefixes: Sequence[str], longest: int
) -> list[str]:
    """Greedy suffixes of one batch, padded on the left."""
    vocabulary = measured.vocabulary
    encoded = [
        [IMAGE] * vocabulary.image_tokens
        + [BOS]
        + vocabulary.tokenizer.encode(prefix, add_special_tokens=False).ids
        for prefix in prefixes
    ]
    width = max(map(len, encoded))
    ids = torch.tensor([[PAD] * (width - len(row)) + row for row in encoded], device=device())
    with half():
        output = measured.model.generate(
            input_ids=ids,
            attention_mask=(ids != PAD).long(),
            token_type_ids=torch.zeros_like(ids),
            pixel_values=pixels.to(device()),
            max_new_tokens=longest,
            do_sample=False,
        )
    found = []
    for row in output[:, width:].tolist():
        kept = row[: row.index(EOS)] if EOS in row else row
        found.append(vocabulary.tokenizer.decode([one for one in kept if one != PAD]))
    return found


def measure_regions(measured: Measured, most: int, seed: int = 0) -> dict[str, float]:
    """Dice of present structures asked one by one, corner error, missed and malformed shares."""
    generator = np.random.default_rng(seed)
    copies, names = measured.prepared.copies[VAL], measured.prepared.names
    offered = set(measured.prepared.offered)
    present = [one for one in copies.objects if names[int(one["name"])] in offered]
    if len(present) > most:
        chosen = generator.choice(len(present), most, replace=False)
        present = [present[int(one)] for one in chosen]
    labels = [names[int(one["name"])] for one in present]
    suffixes = complete_greedy(
        measured,
        np.array([int(one["copy"]) for one in present]),
        [segment_prefix([label]) for label in labels],
        28,
    )
    dices, corners, malformed = [], [], 0
    by_name: defaultdict[str, list[float]] = defaultdict(list)
    for found, label, suffix in zip(present, labels, suffixes, strict=True):
        parsed = parse_suffix(suffix, [label], needs_mask=True)
        malformed += bool(parsed.rejected)
        dice = 0.0
        if parsed.objects:
            one = parsed.objects[0]
            corners.append(float(np.abs(np.array(one.box) - found["box"]).mean()))
            dice = _dice(measured, found, one.box, one.codes or ())
        dices.append(dice)
        by_name[label].append(dice)
    return {
        "mean_dice": float(np.mean(dices)),
        "macro_dice": float(np.mean([np.mean(ones) for ones in by_name.values()])),
        "median_corner_error": float(np.median(corners)) if corners else 1.0,
        "missed_share": 1.0 - len(corners) / len(present),
        "malformed_share": malformed / len(present),
        "objects": float(len(present)),
    }


def _dice(measured: Measured, found: Any, box: Any, codes: Sequence[int]) -> float:
    record = measured.prepared.records[VAL][
        int(measured.prepared.copies[VAL].records[int(found["copy"])])
    ]
    assert record.mask is not None  # the cache has objects only where there is a mask
    name = measured.prepared.names[int(found["name"])]
    truth = np.asarray(PillowImage.open(record.mask)) == _label_of(record.mask, name)
    mask64 = measured.codec.decode(np.array([codes]))[0]
    said = paste(mask64, box, *truth.shape)
    return 2.0 * float((said & truth).sum()) / max(float(said.sum() + truth.sum()), 1.0)


_labels: dict[str, dict[str, int]] = {}


def _label_of(mask: Any, name: str) -> int:
    from training.masks import anatomy_labels

    folder = mask.parent.parent
    if not (folder / "labels_detail.json").is_file():
        folder = folder.parent / "segmentation"
    known = _labels.setdefault(
        str(folder), {label: index for index, label in anatomy_labels(folder).items()}
    )
    return known[name]
