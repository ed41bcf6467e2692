"""What the smallest form costs in answers: how often it says the same as the model unquantised."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from model.answering import recognise
from model.prompts import segment_prefix
from model.seg_tokens import parse_suffix
from model.types import Completion, Image, Request
from tests.builders import drawn_slice

ALIKE_IOU = 0.8
"""Two boxes of one structure mean the same place above this overlap."""


def measure_agreement(folder: Path, pictures: Sequence[Image] = ()) -> dict[str, float]:
    """Shares of words and of places on which both forms agree, and how many there were.

    Each picture is asked for the parts that the unquantised form lists; without pictures, ten drawn
    slices are asked about. A place that neither form draws does not count.
    """
    from model.local import open_local

    whole = open_local(folder, threads=1)
    small = open_local(folder, quantize="smallest", threads=1)
    chosen = pictures or [np.asarray(drawn_slice(seed=s).convert("RGB")) for s in range(10)]
    seen = [[recognise(one, picture, "") for picture in chosen] for one in (whole, small)]
    same = [
        getattr(a, name) == getattr(b, name)
        for a, b in zip(*seen, strict=True)
        for name in ("modality", "plane", "region")
    ]
    asked = [
        Request(picture, "", segment_prefix([name]), "segment", None, 40)
        for picture, known in zip(chosen, seen[0], strict=True)
        for name in known.structures[:6]
    ]
    answers = zip(asked, whole.complete(asked), small.complete(asked), strict=True)
    places = [_alike(*one) for one in answers if one[1].suffix or one[2].suffix]
    whole.close()
    small.close()
    return {
        "smallest_same_words": sum(same) / len(same),
        "smallest_same_words_n": len(same),
        "smallest_same_places": sum(places) / max(1, len(places)),
        "smallest_same_places_n": len(places),
    }


def _alike(request: Request, one: Completion, other: Completion) -> bool:
    """Whether both name the structure, in about the same box."""
    name = [request.prefix.removeprefix("segment ").strip()]
    found = [parse_suffix(said.suffix, name, needs_mask=True).objects for said in (one, other)]
    if not found[0] or not found[1]:
        return False
    a, b = found[0][0].box, found[1][0].box
    height = min(a[2], b[2]) - max(a[0], b[0])
    width = min(a[3], b[3]) - max(a[1], b[1])
    shared = max(0.0, height) * max(0.0, width)
    whole = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (a, b)) - shared
    return shared / whole >= ALIKE_IOU
