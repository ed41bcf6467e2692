"""A backend seen through one of its kept adapters: another one than the active answers."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from model.backend import Backend, BackendInfo, KeepsAdapters
from model.cost import Costs
from model.opening import Engine
from model.types import Completion, Request


@dataclass(frozen=True)
class SpecialAdapter:
    """A Backend that asks `name` wherever a request would go to the active adapter."""

    backend: Backend
    name: str

    def complete(self, requests: Sequence[Request]) -> list[Completion]:
        """One completion per request, in order."""
        named = [replace(one, adapter=one.adapter or self.name) for one in requests]
        return self.backend.complete(named)

    def activate(self, adapter: str) -> None:
        """Switch the adapter that answers everything else."""
        self.backend.activate(adapter)

    def forget(self, image_digest: str) -> None:
        """Drop whatever is kept of a picture."""
        self.backend.forget(image_digest)

    def info(self) -> BackendInfo:
        """What is loaded, with the name of the adapter that answers here."""
        return replace(self.backend.info(), adapter=self.name)

    def costs(self) -> Costs | None:
        """What answers have cost lately."""
        return self.backend.costs()

    def close(self) -> None:
        """Give memory back."""
        self.backend.close()


def through_adapter(engine: Engine, backend: KeepsAdapters, folder: str) -> Engine:
    """The same engine, answering through the adapter of this folder and held to its manifest.

    Raises:
        AdapterMismatch: it does not fit or changes nothing.
    """
    name = backend.keep(folder)
    return replace(
        engine,
        backend=SpecialAdapter(engine.backend, name),
        adapter_manifest=lambda: backend.adapter_manifest(name),
        specials={},
    )
