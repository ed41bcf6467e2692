"""Optimizers for training from scratch in minutes: Muon for hidden matrices, AdamW for the rest."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn


@dataclass
class Optimizers:
    """Several optimizers that step together; each group keeps its own peak rate."""

    parts: list[torch.optim.Optimizer]

    def set_rate(self, share: float) -> None:
        """Set every group to this share of its peak."""
        for part in self.parts:
            for group in part.param_groups:
                group["lr"] = group["peak"] * share

    def step(self) -> None:
        """One step of each, then the gradients are let go."""
        for part in self.parts:
            part.step()
            part.zero_grad(set_to_none=True)

    def state_dict(self) -> list[dict[str, Any]]:
        """What a checkpoint keeps."""
        return [part.state_dict() for part in self.parts]

    def load_state_dict(self, state: list[dict[str, Any]]) -> None:
        """Take back what a checkpoint kept."""
        for part, held in zip(self.parts, state, strict=True):
            peaks = [group["peak"] for group in part.param_groups]
            part.load_state_dict(held)
            # The rates are this run's settings, not the kept ones: a run may go on with others.
            for group, peak in zip(part.param_groups, peaks, strict=True):
                group["peak"] = peak


def make_optimizers(
    groups: Iterable[tuple[Iterable[tuple[str, nn.Parameter]], float]], weight_decay: float = 0.02
) -> Optimizers:
    """Optimizers for named parameters, each group with its peak rate.

    Matrices of hidden layers go to Muon (scaled to AdamW's step size); embeddings, positions,
    convolutions, biases and norms to AdamW.
    """
    hidden: list[dict[str, Any]] = []
    others: list[dict[str, Any]] = []
    for named, rate in groups:
        matrices: list[nn.Parameter] = []
        rest: list[nn.Parameter] = []
        for name, parameter in named:
            is_matrix = parameter.ndim == 2 and "embed" not in name and "vectors" not in name
            (matrices if is_matrix else rest).append(parameter)
        if matrices:
            hidden.append({"params": matrices, "lr": rate, "peak": rate})
        if rest:
            others.append({"params": rest, "lr": rate, "peak": rate})
    parts: list[torch.optim.Optimizer] = []
    if hidden:
        parts.append(
            torch.optim.Muon(hidden, weight_decay=weight_decay, adjust_lr_fn="match_rms_adamw")
        )
    if others:
        parts.append(torch.optim.AdamW(others, betas=(0.9, 0.97), weight_decay=0.0))
    return Optimizers(parts)
