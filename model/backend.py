"""The waist of the product: a batch of requests in, a batch of completions out."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from model.cost import Costs
from model.manifest import Manifest
from model.types import CellMap, Completion, Image, Request


@dataclass(frozen=True)
class BackendInfo:
    """What is loaded: name of the base, its digest, the adapter that is really on, bytes.

    `probe_change` is how much the adapter changes on the fixed probe; 0 where nobody measured.
    `is_reachable` is False while a model server does not answer.
    """

    base: str
    base_sha256: str
    adapter: str | None
    adapter_tensors: int
    parameters: int
    resident_bytes: int
    is_demonstration: bool
    device: str
    probe_change: float = 0.0
    is_reachable: bool = True


class Backend(Protocol):
    """Where completions come from; local, remote and scripted ones look alike."""

    def complete(self, requests: Sequence[Request]) -> list[Completion]:
        """One completion per request, in order."""
        ...

    def activate(self, adapter: str) -> None:
        """Switch to the adapter in this folder; raises AdapterMismatch and keeps the old one."""
        ...

    def forget(self, image_digest: str) -> None:
        """Drop whatever is kept of a picture; its visit was erased."""
        ...

    def info(self) -> BackendInfo:
        """What is loaded right now."""
        ...

    def costs(self) -> Costs | None:
        """What answers have cost lately; None where nobody measures it."""
        ...

    def close(self) -> None:
        """Give memory back."""
        ...


@runtime_checkable
class KeepsAdapters(Protocol):
    """A backend that holds more than one adapter at once."""

    def keep(self, adapter: str) -> str:
        """Load the adapter of this folder beside the active one; gives its name for requests."""
        ...

    def adapter_manifest(self, name: str | None = None) -> Manifest | None:
        """The manifest of a kept adapter, or of the active one."""
        ...


@runtime_checkable
class MapsCells(Protocol):
    """A backend whose base may have a cell head."""

    def mapped_names(self) -> tuple[str, ...]:
        """The structures the base's cell head was taught; none where it has no head."""
        ...

    def map_cells(
        self, images: Sequence[Image], image_digests: Sequence[str], adapter: str | None = None
    ) -> list[CellMap]:
        """What each cell of each picture shows (arguments as in Request); empty where the base has
        no cell head, or where an adapter answers, which was taught to draw with tokens."""
        ...
