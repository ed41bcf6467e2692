"""PaliGemma's text of boxes and masks: the strict per-object parser and its writer."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from model.types import Box, Rejection

LOC_BINS: Final = 1024
"""`<loc0000>` to `<loc1023>`; a coordinate v in [0, 1] is bin round(v * 1023)."""
SEG_CODES: Final = 128
CODES_PER_MASK: Final = 16
SEPARATOR: Final = " ; "
LOC_TOKENS: Final = tuple(f"<loc{index:04d}>" for index in range(LOC_BINS))
SEG_TOKENS: Final = tuple(f"<seg{index:03d}>" for index in range(SEG_CODES))

_HEAD: Final = re.compile(r"(?P<tokens>(?:<(?:loc|seg)\d+>)*)(?P<rest>.*)", re.DOTALL)
_TOKEN: Final = re.compile(r"<(loc|seg)(\d+)>")


@dataclass(frozen=True)
class ParsedObject:
    """One object of a suffix: its name, its box and, for a segmentation, its 16 codes."""

    label: str
    box: Box
    codes: tuple[int, ...] | None = None


@dataclass(frozen=True)
class ParsedSuffix:
    """What a suffix says: the objects that follow the grammar and those thrown away."""

    objects: tuple[ParsedObject, ...]
    rejected: tuple[Rejection, ...]


class _Refused(Exception):
    """Carries the reason key of one refused object."""


def to_bin(value: float) -> int:
    """The location bin of a coordinate, clipped to 0..1023.

    Source: big_vision, pp/proj/paligemma/segmentation.py (1023, not 1024).
    """
    return min(max(round(value * (LOC_BINS - 1)), 0), LOC_BINS - 1)


def write_object(label: str, box: Box, codes: Sequence[int] | None = None) -> str:
    """The text of one object: 4 `<loc>` (y1 x1 y2 x2), 16 `<seg>` if given, space, name."""
    if codes is not None and len(codes) != CODES_PER_MASK:
        raise ValueError(f"a mask has {CODES_PER_MASK} codes, not {len(codes)}")
    places = "".join(LOC_TOKENS[to_bin(value)] for value in box)
    shapes = "".join(SEG_TOKENS[code] for code in codes or ())
    return f"{places}{shapes} {label}"


def write_suffix(objects: Sequence[ParsedObject]) -> str:
    """The suffix for these objects, in their order; empty when there are none."""
    return SEPARATOR.join(write_object(one.label, one.box, one.codes) for one in objects)


def parse_suffix(suffix: str, names: Sequence[str], needs_mask: bool) -> ParsedSuffix:
    """Parse a suffix object by object; what breaks the grammar is rejected with a reason key.

    Args:
        suffix: the model's words, without prefix and without special tokens.
        names: the names of the prefix; any other label is refused.
        needs_mask: True for `segment` (4 + 16 tokens), False for `detect` (4 tokens).

    Reason keys: `no_tokens`, `loc_count`, `seg_count`, `token_order`, `loc_range`, `seg_range`,
    `no_space`, `unknown_label`, `empty_box`, `duplicate_label`.
    """
    objects: list[ParsedObject] = []
    rejected: list[Rejection] = []
    seen: set[str] = set()
    for piece in suffix.strip().split(SEPARATOR.strip()) if suffix.strip() else ():
        text = piece.strip()
        try:
            found = _parse_object(text, names, needs_mask)
            if found.label in seen:
                raise _Refused("duplicate_label")
        except _Refused as refusal:
            rejected.append(Rejection(text, str(refusal)))
        else:
            seen.add(found.label)
            objects.append(found)
    return ParsedSuffix(tuple(objects), tuple(rejected))


def _parse_object(text: str, names: Sequence[str], needs_mask: bool) -> ParsedObject:
    match = _HEAD.fullmatch(text)
    if match is None or not match["tokens"]:
        raise _Refused("no_tokens")
    tokens = _TOKEN.findall(match["tokens"])
    box, codes = _read_tokens([(kind, digits) for kind, digits in tokens], needs_mask)
    rest = match["rest"]
    if not rest.startswith(" "):
        raise _Refused("no_space")
    label = rest[1:]
    if label not in names:
        raise _Refused("unknown_label")
    return ParsedObject(label, box, codes)


def _read_tokens(
    tokens: list[tuple[str, str]], needs_mask: bool
) -> tuple[Box, tuple[int, ...] | None]:
    places = [digits for kind, digits in tokens if kind == "loc"]
    shapes = [digits for kind, digits in tokens if kind == "seg"]
    if len(places) != 4:
        raise _Refused("loc_count")
    if len(shapes) != (CODES_PER_MASK if needs_mask else 0):
        raise _Refused("seg_count")
    if any(kind != "loc" for kind, _ in tokens[:4]):
        raise _Refused("token_order")
    if any(len(digits) != 4 or int(digits) >= LOC_BINS for digits in places):
        raise _Refused("loc_range")
    if any(len(digits) != 3 or int(digits) >= SEG_CODES for digits in shapes):
        raise _Refused("seg_range")
    y_min, x_min, y_max, x_max = (int(digits) / (LOC_BINS - 1) for digits in places)
    if y_max <= y_min or x_max <= x_min:
        raise _Refused("empty_box")
    return (y_min, x_min, y_max, x_max), tuple(map(int, shapes)) if needs_mask else None
