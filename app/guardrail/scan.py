"""What the guard is told about a picture."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Scan:
    """What is known of the picture, in the words of model/vocabulary.py; None means not known.

    `structures` are the names of the marked regions; `may_use_category` is the manifest's word
    that this adapter can tell category A from B in this region.
    """

    modality: str | None = None
    region: str | None = None
    plane: str | None = None
    structures: tuple[str, ...] = ()
    may_use_category: bool = False
