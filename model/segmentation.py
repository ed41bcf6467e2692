"""Names of structures in, areas of the picture out; thresholds and honesty checks lie elsewhere."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from model.backend import Backend
from model.prompts import MAX_NAMES, segment_prefix
from model.seg_tokens import ParsedObject, parse_suffix
from model.types import Completion, Image, Mask, Region, Rejection, Request

GROUP_SIZE: Final = 1
"""Names in one prefix where nothing else is said; what a compact model does best."""
_TOKENS_PER_NAME: Final = 36
"""4 places, 16 codes, a separator and up to 15 pieces of a name (PaliGemma's own tokenizer)."""


class Codec(Protocol):
    """What turns codes into masks; model.mask_codec.MaskCodec is one."""

    def decode(self, codes: NDArray[np.int64]) -> NDArray[np.float32]:
        """float32[N, 64, 64] in [-1, 1] of int[N, 16] codes; above 0 is mask."""
        ...


@dataclass(frozen=True)
class Segmentation:
    """What was found: regions in the order of the labels, refused objects, confidence, seconds."""

    regions: tuple[Region, ...]
    rejected: tuple[Rejection, ...]
    mean_logprob: float
    seconds: float


def find_regions(
    backend: Backend,
    image: Image,
    image_digest: str,
    labels: Sequence[str],
    codec: Codec,
    *,
    adapter: str | None = None,
    grammar: bool = True,
    group_size: int = GROUP_SIZE,
) -> Segmentation:
    """The areas of these structures in a picture; a structure that is not there has none.

    Args:
        backend: where suffixes come from.
        image: uint8[H, W, 3] RGB, upright.
        image_digest: what the backend may keep this picture's features under; "" keeps nothing.
        labels: any number of names; each is asked for once.
        codec: decodes the masks.
        adapter: as in Request.
        grammar: False lets the model write freely; what breaks the grammar is then rejected.
        group_size: 1 to 8 names in a prefix.

    Returns:
        Regions whose masks are bool[H, W] at the size of the picture, none of them empty.
    """
    started = time.perf_counter()
    groups = group_names(labels, group_size)
    requests = [
        Request(
            image=image,
            image_digest=image_digest,
            prefix=segment_prefix(names),
            grammar="segment" if grammar else "free",
            adapter=adapter,
            max_new_tokens=_TOKENS_PER_NAME * len(names),
        )
        for names in groups
    ]
    completions = backend.complete(requests) if requests else []
    parsed = [
        parse_suffix(completion.suffix, names, needs_mask=True)
        for completion, names in zip(completions, groups, strict=True)
    ]
    objects = [found for one in parsed for found in one.objects]
    regions, empty = _regions(objects, codec, image.shape[0], image.shape[1])
    return Segmentation(
        regions=tuple(sorted(regions, key=lambda region: labels.index(region.label))),
        rejected=(*(refused for one in parsed for refused in one.rejected), *empty),
        mean_logprob=_mean(completions),
        seconds=time.perf_counter() - started,
    )


def group_names(labels: Iterable[str], group_size: int = GROUP_SIZE) -> list[tuple[str, ...]]:
    """The labels, each once, in even groups of at most this many (1 to 8).

    Seven labels in groups of at most four make 4 + 3, nine make 3 + 3 + 3: rows of a batch
    finish together.
    """
    if not 1 <= group_size <= MAX_NAMES:
        raise ValueError(f"a group has 1 to {MAX_NAMES} names, not {group_size}")
    names = list(dict.fromkeys(labels))
    count = -(-len(names) // group_size)
    if not count:
        return []
    shorter, longer = divmod(len(names), count)
    sizes = [shorter + (place < longer) for place in range(count)]
    ends = np.cumsum(sizes).tolist()
    return [tuple(names[end - size : end]) for end, size in zip(ends, sizes, strict=True)]


def _regions(
    objects: Sequence[ParsedObject], codec: Codec, height: int, width: int
) -> tuple[list[Region], list[Rejection]]:
    """Regions with their masks; codes that draw nothing are refused as `empty_mask`."""
    if not objects:
        return [], []
    from model.mask_codec import paste  # brings torch, which pages and scripts do without

    masks = codec.decode(np.array([found.codes for found in objects], dtype=np.int64))
    regions, empty = [], []
    for found, mask in zip(objects, masks, strict=True):
        whole: Mask = paste(mask, found.box, height, width)
        if whole.any():
            regions.append(Region(found.label, found.box, whole))
        else:
            empty.append(Rejection(found.label, "empty_mask"))
    return regions, empty


def _mean(completions: Sequence[Completion]) -> float:
    scores = [completion.mean_logprob for completion in completions]
    return sum(scores) / len(scores) if scores else 0.0
