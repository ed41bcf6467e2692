"""A running average of a model's weights: steadier than the last step's, to measure and export."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor


class WeightAverage:
    """Follows what is trained of a model; `keep` is the share that stays at each update."""

    def __init__(self, model: Any, keep: float = 0.985) -> None:
        """Begin at the model's present weights."""
        self.keep = keep
        self.model = model
        self.weights = {name: one.detach().clone() for name, one in trained_of(model)}

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Move towards the model; faster in the first steps."""
        keep = min(self.keep, (1.0 + step) / (10.0 + step))
        for name, one in trained_of(self.model):
            self.weights[name].lerp_(one.detach(), 1.0 - keep)

    def state_dict(self) -> dict[str, Tensor]:
        """What a checkpoint keeps."""
        return self.weights

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Take back what a checkpoint kept."""
        where = next(iter(self.weights.values())).device
        self.weights = {name: one.to(where) for name, one in state.items()}

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """The model holds the average inside, its own weights again afterwards."""
        own = {name: one.detach().clone() for name, one in trained_of(self.model)}
        load_average(self.model, self.weights)
        try:
            yield
        finally:
            load_average(self.model, own)


def trained_of(model: Any) -> Iterator[tuple[str, Any]]:
    """The parameters that training changes, with their names."""
    return ((name, one) for name, one in model.named_parameters() if one.requires_grad)


@torch.no_grad()
def load_average(model: Any, weights: dict[str, Tensor]) -> None:
    """Put these weights into the model by name; what was not trained stays as it is."""
    for name, one in model.named_parameters():
        if name in weights:
            one.copy_(weights[name])
