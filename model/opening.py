"""The one entry for those who serve: a backend, its mask codec and what it says about itself."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from model.adapters import BASE_ALONE
from model.backend import Backend, MapsCells
from model.compact_folder import shipped_adapter, shipped_model
from model.cost import best_group
from model.manifest import Manifest, read_manifest
from model.memory import Offload, Quantize, count_weights
from model.prompts import MAX_NAMES
from model.segmentation import GROUP_SIZE, Codec
from model.types import BackendUnavailable

CODEC_NAMES: Final = ("mask_codec.npz", "vae-oid.npz")
"""Our own codec, or the published one beside a full-size model."""
QUESTION_TASK: Final = "question"
PUBLISHED_CODEC_SHA256: Final = "5586010257b8536dddefab65e7755077f21d5672d5674dacf911f73ae95a4447"


@dataclass(frozen=True)
class Engine:
    """What a worker needs of the model.

    Args:
        backend: where completions come from.
        codec: turns mask codes into masks.
        manifest: of the base; `current()` is the one to ask once adapters are swapped.
        adapter_manifest: gives the manifest of the adapter that is on.
        specials: engines that answer for one modality each, through an adapter of its own.
    """

    backend: Backend
    codec: Codec
    manifest: Manifest
    adapter_manifest: Callable[[], Manifest | None] = lambda: None
    specials: dict[str, "Engine"] = field(default_factory=dict)

    def for_modality(self, modality: str | None) -> "Engine":
        """The engine with the adapter for this kind of picture; this one where there is none."""
        return self.specials.get(modality or "", self)

    def structures_adapter(self) -> str | None:
        """Which adapter to ask for structures, as in Request.

        An adapter whose manifest names no structures was not taught them and blurs what the base
        knows (on val: parts listed 16 % instead of 53 %), so the base alone answers then.
        """
        adapter = self.adapter_manifest()
        return None if adapter is None or adapter.structures else BASE_ALONE

    def questions_adapter(self) -> str | None:
        """Which adapter to ask free questions, as in Request.

        The base alone answers where the adapter's manifest lists what it was taught and questions
        are not among it.
        """
        adapter = self.adapter_manifest()
        is_taught = adapter is None or not adapter.tasks or QUESTION_TASK in adapter.tasks
        return None if is_taught else BASE_ALONE

    def mapped_names(self) -> frozenset[str]:
        """The structures of which the base's cell head tells whether they are there, so that the
        model need not list them first; none where an adapter answers for structures."""
        adapter = self.adapter_manifest()
        is_taught_otherwise = adapter is not None and bool(adapter.structures)
        if is_taught_otherwise or not isinstance(self.backend, MapsCells):
            return frozenset()
        return frozenset(self.backend.mapped_names())

    def names_per_prefix(self, names: int) -> int:
        """How many of so many structures to ask for in one prefix.

        A model of the demonstration's size draws worse with more than one (mean Dice 0.224 with
        four, 0.272 with one, on 685 val objects); for a larger one its measured costs decide.
        """
        costs = self.backend.costs()
        if costs is None or self.backend.info().is_demonstration:
            return GROUP_SIZE
        return best_group(names, costs, MAX_NAMES)

    def current(self) -> Manifest:
        """The base's manifest with what the adapter that is on changes of it."""
        adapter = self.adapter_manifest()
        if adapter is None:
            return replace(self.manifest, may_use_category=False)
        return replace(
            self.manifest,
            structures=adapter.structures or self.manifest.structures,
            modalities=adapter.modalities or self.manifest.modalities,
            regions=adapter.regions or self.manifest.regions,
            may_use_category=adapter.may_use_category,
        )


def open_remote(url: str, token: str) -> Engine:
    """An engine whose completions come from a model server; masks are made here, by its codec.

    Raises:
        BackendUnavailable: it does not answer, or not to this token.
    """
    import tempfile

    from model.mask_codec import MaskCodec
    from model.remote import RemoteBackend
    from model.wire import CODEC

    backend = RemoteBackend(url, token)
    served = backend.served()
    with tempfile.NamedTemporaryFile(suffix=".npz") as file:
        file.write(backend.get(CODEC))
        file.flush()
        codec = MaskCodec.load(Path(file.name), served.codec_sha256)
    return Engine(backend, codec, served.manifest, backend.adapter_manifest)


def open_engine(
    model: str | None = None,
    adapter: str | None = None,
    quantize: Quantize = "none",
    *,
    codec: str | None = None,
    device: str | None = None,
    threads: int | None = None,
    offload: Offload = "none",
) -> Engine:
    """Load a model with its adapter and its codec; without names, the shipped ones.

    Args:
        model: a PaliGemma folder or a hub id in this machine's cache.
        adapter: an adapter folder; a model that is not the shipped one has none unless named.
        quantize: how the linear layers are held.
        codec: an npz file, where the model's own folder has none.
        device: as in open_local.
        threads: processor threads for torch; without it one for a compact model: a second saves
            a third of the time on an idle machine and costs ten times as much on a busy one
            (40 structures on two cores: 0.4 s with one, 0.3 s with two, 5 s with two beside load).
        offload: as in open_local.

    Raises:
        BackendUnavailable: something is missing, changed, or too large for this machine.
        AdapterMismatch: the adapter does not fit or changes nothing.
    """
    from model.local import open_local
    from model.mask_codec import MaskCodec
    from model.weights import find_folder

    folder = shipped_model() if model is None else find_folder(model)
    chosen = shipped_adapter() if adapter is None and model is None else adapter
    mask_codec = MaskCodec.load(*codec_file(folder, codec))
    if threads is None and count_weights(folder).is_compact:
        threads = 1
    backend = open_local(
        model or folder,
        adapter=chosen,
        quantize=quantize,
        device=device,
        threads=threads,
        offload=offload,
    )
    manifest = read_manifest(folder) or Manifest(name=str(model))
    return Engine(backend, mask_codec, manifest, backend.adapter_manifest)


def codec_file(folder: Path | None, named: str | None = None) -> tuple[Path, str | None]:
    """The codec's file of a folder, None for the shipped one, and the digest it must have.

    Raises:
        BackendUnavailable: the folder has none.
    """
    folder = folder or shipped_model()
    paths = [Path(named)] if named else [folder / name for name in CODEC_NAMES]
    for path in paths:
        if path.is_file():
            is_published = path.name == CODEC_NAMES[1]
            return path, PUBLISHED_CODEC_SHA256 if is_published else None
    raise BackendUnavailable(
        f"The mask codec is missing: put {' or '.join(CODEC_NAMES)} into the model folder "
        f"{folder.name}."
    )
