"""Putting LoRA adapters on a loaded base and taking them off, with the proof that they are on."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import torch
from torch import Tensor

from model.adapters import WEIGHTS_NAME, AdapterFolder
from model.types import AdapterMismatch

_MAX_KEPT: Final = 4
"""Adapters kept in memory beside the active one; the least recently loaded leaves first."""


@dataclass(frozen=True)
class AdapterProof:
    """What shows that an adapter is on: tensors in the model against tensors in the file.

    `probe_change` is the largest change of a score that the adapter makes on the fixed probe;
    `slot` is PEFT's name for it, never used twice, so that two folders cannot share layers.
    """

    folder: AdapterFolder
    slot: str
    tensors: int
    probe_change: float


class AdapterSwitch:
    """The adapters of one base model; exactly one or none is on at any time."""

    def __init__(self, net: Any, probe: Callable[[], Tensor]) -> None:
        """Take a PaliGemma and a function that gives its scores on the fixed probe."""
        self._net = net
        self._probe = probe
        self._peft: Any = None
        self._kept: dict[str, AdapterProof] = {}
        self._base_scores: Tensor | None = None
        self._loads = 0

    def kept(self) -> dict[str, AdapterProof]:
        """The proofs of all adapters in memory, by name."""
        return dict(self._kept)

    def load(self, folder: AdapterFolder) -> AdapterProof:
        """Load an adapter and prove that it works; the adapters loaded before stay.

        Raises:
            AdapterMismatch: not every tensor found its place, or nothing changes on the probe.
        """
        known = self._kept.get(folder.name)
        if known is not None and known.folder.digest == folder.digest:
            return known
        base_scores = self._scores_of_base()
        self._loads += 1
        slot = f"adapter{self._loads}"
        try:
            self._put_on(folder, slot)
            tensors = self._count_matched(folder, slot)
            change = self._change(base_scores, slot)
        except AdapterMismatch:
            self._take_off(slot)
            raise
        except (RuntimeError, ValueError, KeyError, TypeError, OSError) as error:
            self._take_off(slot)
            raise AdapterMismatch(f"The adapter {folder.name} does not fit its base.") from error
        if known is not None:
            self._take_off(known.slot)
        self._kept[folder.name] = AdapterProof(folder, slot, tensors, change)
        return self._kept[folder.name]

    def trim(self, active: str | None) -> None:
        """Drop the adapters loaded first, beyond the number that is kept; never the active one."""
        for name in [name for name in self._kept if name != active][:-_MAX_KEPT]:
            self._take_off(self._kept.pop(name).slot)

    @contextmanager
    def using(self, name: str | None) -> Iterator[None]:
        """Switch to one of the kept adapters by name, or to the base alone with None."""
        if self._peft is None:
            yield
        elif name is None:
            with self._peft.disable_adapter():
                yield
        else:
            self._peft.set_adapter(self._kept[name].slot)
            self._peft.requires_grad_(False)
            yield

    def _put_on(self, folder: AdapterFolder, slot: str) -> None:
        from peft import LoraConfig, PeftModel

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # missing keys are an error below, not a warning
            if self._peft is None:
                # Not PeftModel.from_pretrained: weights that do not fit would leave it half done,
                # with layers in the base and nothing in hand to take them out again.
                settings = LoraConfig.from_pretrained(str(folder.path))
                settings.inference_mode = True
                self._peft = PeftModel(self._net, settings, adapter_name=slot)
            self._peft.load_adapter(str(folder.path), adapter_name=slot)
        self._peft.eval().requires_grad_(False)

    def _count_matched(self, folder: AdapterFolder, slot: str) -> int:
        """How many tensors of the file are in the model with the same values: must be all."""
        from peft import get_peft_model_state_dict
        from safetensors.torch import load_file

        stored = load_file(folder.path / WEIGHTS_NAME)
        # "auto" would ask the hub for the base's configuration, by its name and from here.
        placed = get_peft_model_state_dict(
            self._peft, adapter_name=slot, save_embedding_layers=False
        )
        matched = sum(
            name in placed and torch.equal(placed[name].cpu().float(), tensor.float())
            for name, tensor in stored.items()
        )
        if matched != len(stored) or matched != len(placed):
            raise AdapterMismatch(
                f"{matched} of {len(stored)} tensors of the adapter {folder.name} found their "
                f"place; its settings ask for {len(placed)}."
            )
        return matched

    def _change(self, base_scores: Tensor, slot: str) -> float:
        self._peft.set_adapter(slot)
        change = float((self._probe() - base_scores).abs().max())
        if not change > 0.0:
            raise AdapterMismatch(
                "The adapter changes nothing: the same scores with it and without."
            )
        return change

    def _scores_of_base(self) -> Tensor:
        if self._base_scores is None:
            with self.using(None):
                self._base_scores = self._probe()
        return self._base_scores

    def _take_off(self, slot: str) -> None:
        if self._peft is not None and slot in self._peft.peft_config:
            if len(self._peft.peft_config) == 1:
                self._peft.unload()
                self._peft = None
            else:
                others = (name for name in self._peft.peft_config if name != slot)
                self._peft.set_adapter(next(others))
                self._peft.delete_adapter(slot)
                self._peft.requires_grad_(False)
