"""What the smallest form costs in answers: how often it says the same as the model unquantised."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from model.answering import recognise
from model.parity import pairs
from model.seg_tokens import parse_suffix
from model.types import Completion, Image, Request
from tests.builders import drawn_slice

ALIKE_IOU = 0.8
"""Two boxes of one structure mean the same place above this overlap."""


def measure_agreement(folder: Path, pictures: Sequence[Image] = ()) -> dict[str, float]:
    """Shares of words and of places on which both forms agree, and how many there were.

    Without pictures, drawn ones are asked about: the twenty of the parity test and ten slices.
    """
    from model.local import open_local

    whole = open_local(folder, threads=1)
    small = open_local(folder, quantize="smallest", threads=1)
    chosen = pictures or [np.asarray(drawn_slice(seed=s).convert("RGB")) for s in range(10)]
    words = [
        [getattr(recognise(one, picture, ""), name) for name in ("modality", "plane", "region")]
        for one in (whole, small)
        for picture in chosen
    ]
    half = len(chosen)
    same = [
        a == b
        for x, y in zip(words[:half], words[half:], strict=True)
        for a, b in zip(x, y, strict=True)
    ]
    asked = [one for one in pairs() if one.grammar == "segment"]
    if pictures:
        asked = [Request(p, "", one.prefix, "segment", None, 40) for p in pictures for one in asked]
    places = [
        _alike(one, *answers)
        for one, *answers in zip(asked, whole.complete(asked), small.complete(asked), strict=True)
    ]
    whole.close()
    small.close()
    return {
        "smallest_same_words": sum(same) / len(same),
        "smallest_same_words_n": len(same),
        "smallest_same_places": sum(places) / len(places),
        "smallest_same_places_n": len(places),
    }


def _alike(request: Request, one: Completion, other: Completion) -> bool:
    """Both name nothing, or both name the structure in about the same box."""
    name = [request.prefix.removeprefix("segment ").strip()]
    found = [parse_suffix(said.suffix, name, needs_mask=True).objects for said in (one, other)]
    if not found[0] or not found[1]:
        return not found[0] and not found[1]
    a, b = found[0][0].box, found[1][0].box
    height = min(a[2], b[2]) - max(a[0], b[0])
    width = min(a[3], b[3]) - max(a[1], b[1])
    shared = max(0.0, height) * max(0.0, width)
    whole = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (a, b)) - shared
    return shared / whole >= ALIKE_IOU
