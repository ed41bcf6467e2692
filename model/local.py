"""The backend in this process: one PaliGemma, its adapters, batches of requests, kept features."""

import threading
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

import torch
from torch import Tensor

from model.adapter_switch import AdapterProof, AdapterSwitch
from model.adapters import BASE_ALONE, read_adapter
from model.backend import BackendInfo
from model.cost import Costs, Meter
from model.decoding import Generated, Row, decode_greedily, next_logits
from model.grammar import grammar_of
from model.loading import held_bytes, unload
from model.manifest import Manifest
from model.memory import Loading, Offload, Quantize, what_would_fit
from model.probe import PROBE_PREFIX, probe_picture
from model.seg_tokens import SEPARATOR
from model.sight import Sight
from model.types import AdapterMismatch, BackendUnavailable, CellMap, Completion, Image, Request
from model.weights import LoadedBase, load_base

_MAX_ROWS: Final = 32
"""Rows that go through the language model together; more are taken in turn."""


def open_local(
    model: str | Path,
    *,
    adapter: str | Path | None = None,
    quantize: Quantize = "none",
    device: str | None = None,
    offline: bool = True,
    threads: int | None = None,
    offload: Offload = "none",
    likeliest: bool = False,
) -> "LocalBackend":
    """Load a PaliGemma and, if named, an adapter; the adapter is proved to be on.

    Args:
        model: a folder, or a hub id (from this machine's cache while `offline`).
        adapter: an adapter folder that becomes the active one.
        quantize: how the linear layers are held; the rest is bfloat16.
        device: "cpu", "cuda"...; without it a GPU where there is one.
        offline: False lets the hub be asked for a model that is not in the cache.
        threads: processor threads for torch; None leaves its choice.
        offload: where weights lie that do not fit: in memory beside a card, or on disk.
        likeliest: under a grammar take the most probable token, as transformers' generate does.

    Raises:
        BackendUnavailable: no such model, changed files, or too little memory.
        AdapterMismatch: the adapter does not fit or changes nothing.
    """
    if threads is not None:
        torch.set_num_threads(threads)
    loading = Loading(quantize, offload)
    base = load_base(model, loading, device=device, offline=offline)
    backend = LocalBackend(base, likeliest=likeliest)
    if adapter is not None:
        backend.activate(str(adapter))
    return backend


class LocalBackend:
    """A Backend on this machine's processor or GPU; made by open_local. Calls wait in line."""

    def __init__(self, base: LoadedBase, *, likeliest: bool = False) -> None:
        """Serve this base without an adapter."""
        self._base = base
        self._likeliest = likeliest
        self._meter = Meter(base.net.num_parameters(), base.tokens.image_tokens + 1)
        self._unwanted: set[str] = set()
        self._switch = AdapterSwitch(base.net, self._probe_scores)
        self._sight = Sight(base)
        self._active: str | None = None
        self._weights_bytes = held_bytes(base.net)
        self._lock = threading.RLock()
        self._is_open = True

    def complete(self, requests: Sequence[Request]) -> list[Completion]:
        """One completion per request, in order; greedy, so the same again for the same batch.

        `seconds` is the time of the batch that a request travelled in.

        Raises:
            AdapterMismatch: a request names an adapter that was not loaded.
            BackendUnavailable: memory is exhausted, or the backend was closed.
        """
        with self._lock:
            self._check_open()
            found: dict[int, Completion] = {}
            for places in self._batches(requests):
                for start in range(0, len(places), _MAX_ROWS):
                    part = places[start : start + _MAX_ROWS]
                    answers = self._answer_in_memory([requests[place] for place in part])
                    found.update(zip(part, answers, strict=True))
            self._forget_unwanted()
            return [found[place] for place in range(len(requests))]

    def mapped_names(self) -> tuple[str, ...]:
        """The structures the base's cell head was taught; none where it has no head."""
        return self._base.cells.names if self._base.cells else ()

    def map_cells(
        self, images: Sequence[Image], image_digests: Sequence[str], adapter: str | None = None
    ) -> list[CellMap]:
        """What each cell shows; empty without a cell head, or where an adapter answers.

        Raises:
            AdapterMismatch, BackendUnavailable: as in `complete`.
        """
        with self._lock:
            self._check_open()
            if self._base.cells is None or self._adapter_for(adapter) is not None:
                return []
            with self._switch.using(None):
                pairs = zip(images, image_digests, strict=True)
                seen = [self._sight.features(image, digest, None) for image, digest in pairs]
            self._forget_unwanted()
            return [self._base.cells.read(features) for features in seen]

    def activate(self, adapter: str) -> None:
        """Switch to the adapter in this folder.

        Raises:
            AdapterMismatch: it does not fit or changes nothing; the old one stays on.
        """
        with self._lock:
            self._active = self.keep(adapter)
            self._switch.trim(self._active)
            self._weights_bytes = held_bytes(self._base.net)

    def keep(self, adapter: str | Path) -> str:
        """Load an adapter without activating it; gives the name that requests may ask for."""
        with self._lock:
            folder = read_adapter(Path(adapter), self._base.sha256)
            size = folder.manifest.image_size
            if size is not None and size != self._base.image_size:
                raise AdapterMismatch(
                    f"The adapter {folder.name} was trained on pictures of {size} pixels; "
                    f"this base sees {self._base.image_size}."
                )
            name = self._switch.load(folder).folder.name
            self._weights_bytes = held_bytes(self._base.net)
            return name

    def deactivate(self) -> None:
        """Answer with the base alone from now on."""
        with self._lock:
            self._active = None

    def forget(self, image_digest: str) -> None:
        """Drop what was kept of this picture; whoever still asks about it is cut short."""
        self._unwanted.add(image_digest)
        if self._lock.acquire(blocking=False):  # else the batch that runs does it at its end
            try:
                self._forget_unwanted()
            finally:
                self._lock.release()

    def costs(self) -> Costs:
        """What answers have cost lately."""
        return self._meter.costs()

    def info(self) -> BackendInfo:
        """What is loaded right now; does not wait for a running batch."""
        proof = self.proof()
        return BackendInfo(
            base=self._base.name,
            base_sha256=self._base.sha256,
            adapter=self._active,
            adapter_tensors=0 if proof is None else proof.tensors,
            parameters=self._base.count.total,
            resident_bytes=self._weights_bytes + self._sight.kept.used_bytes,
            is_demonstration=self._base.count.is_compact,
            device=self._base.device,
            probe_change=0.0 if proof is None else proof.probe_change,
        )

    def proof(self) -> AdapterProof | None:
        """What shows that the active adapter is on, or None where the base answers alone."""
        return None if self._active is None else self._switch.kept()[self._active]

    def adapter_manifest(self, name: str | None = None) -> Manifest | None:
        """The manifest of the active adapter, or of a kept one by its name."""
        proof = self.proof() if name is None else self._switch.kept().get(name)
        return None if proof is None else proof.folder.manifest

    def close(self) -> None:
        """Give the memory back; nothing can be asked afterwards."""
        with self._lock:
            self._is_open = False
            self._sight.kept.clear()
            unload(self._base.net)
            _empty_card_cache()

    def _check_open(self) -> None:
        if not self._is_open:
            raise BackendUnavailable("This backend was closed.")

    def _batches(self, requests: Sequence[Request]) -> list[list[int]]:
        """Places of the requests that may share a batch: same adapter, all free or none."""
        groups: dict[tuple[str | None, bool], list[int]] = {}
        for place, request in enumerate(requests):
            key = (self._adapter_for(request.adapter), request.grammar == "free")
            groups.setdefault(key, []).append(place)
        return list(groups.values())

    def _adapter_for(self, asked: str | None) -> str | None:
        if asked is None:
            return self._active
        if asked == BASE_ALONE:
            return None
        if asked not in self._switch.kept():
            raise AdapterMismatch(f"The adapter {asked} is not loaded.")
        return asked

    def _answer(self, requests: Sequence[Request]) -> list[Completion]:
        started = time.perf_counter()
        adapter = self._adapter_for(requests[0].adapter)
        with self._switch.using(adapter):
            rows = self._rows(requests, adapter)
            generated = decode_greedily(
                self._base.net,
                rows,
                pad_id=self._base.tokens.pad_id,
                eos_id=self._base.tokens.eos_id,
                likeliest=self._likeliest,
                meter=self._meter,
            )
        seconds = time.perf_counter() - started
        return [
            Completion(self._suffix(row, one), one.mean_logprob, adapter, seconds)
            for row, one in zip(rows, generated, strict=True)
        ]

    def _suffix(self, row: Row, generated: Generated) -> str:
        if row.grammar is None or row.grammar.is_finished:
            return self._base.tokens.suffix_text(generated.ids)
        whole = generated.ids[: row.grammar.complete_tokens]  # stopped within an object: leave it
        return self._base.tokens.suffix_text(whole).removesuffix(SEPARATOR.rstrip())

    def _rows(self, requests: Sequence[Request], adapter: str | None) -> list[Row]:
        features = self._features_of(requests, adapter)
        return [
            Row(
                ids=self._base.tokens.prefix_ids(request.prefix),
                features=picture,
                max_new_tokens=request.max_new_tokens,
                grammar=grammar_of(request.prefix, request.grammar, self._base.tokens),
                is_wanted=partial(self._is_wanted, request.image_digest),
            )
            for request, picture in zip(requests, features, strict=True)
        ]

    def _forget_unwanted(self) -> None:
        while self._unwanted:
            self._sight.kept.forget(self._unwanted.pop())

    def _is_wanted(self, image_digest: str) -> bool:
        return image_digest not in self._unwanted

    def _features_of(self, requests: Sequence[Request], adapter: str | None) -> list[Tensor]:
        """[T, D] for every request; each picture goes through the vision tower once."""
        through = self._switch.kept()[adapter].folder.is_for_pictures if adapter else False
        seeing = adapter if through else None
        return [self._sight.features(one.image, one.image_digest, seeing) for one in requests]

    def _probe_scores(self) -> Tensor:
        """The scores of the fixed probe under whatever adapter is on, on the processor."""
        ids = self._base.tokens.prefix_ids(PROBE_PREFIX)
        row = Row(ids=ids, features=self._sight.see(probe_picture()), max_new_tokens=1)
        return next_logits(self._base.net, row, self._base.tokens.pad_id).cpu()

    def _answer_in_memory(self, requests: Sequence[Request]) -> list[Completion]:
        """Answer all at once; where a card is too small, each half, down to one request."""
        try:
            return self._answer(requests)
        except torch.cuda.OutOfMemoryError as error:
            if len(requests) == 1:
                card = torch.cuda.get_device_properties(self._base.device).total_memory
                too_small = what_would_fit(self._base.count, self._base.quantize, card)
                raise BackendUnavailable(too_small) from error
        # Outside the handler, whose traceback would hold the batch's memory.
        _empty_card_cache()
        middle = len(requests) // 2
        first = self._answer_in_memory(requests[:middle])
        return [*first, *self._answer_in_memory(requests[middle:])]


def _empty_card_cache() -> None:
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
