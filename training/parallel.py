"""Several processes on one machine: one thread each, gradients averaged once a step.

On a busy two-core machine two processes of one thread beat one process of two threads: threads meet
after every operator, processes once a step.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import distributed, nn


@dataclass(frozen=True)
class Team:
    """This process among its equals, as `torch.distributed.run` starts them."""

    rank: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        """True for the one process that writes and reports."""
        return self.rank == 0

    def agree(self, value: float) -> float:
        """The first process's value, in every process."""
        if self.size == 1:
            return value
        held = torch.tensor([value], dtype=torch.float64)
        distributed.broadcast(held, 0)
        return float(held)

    def average_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Replace each gradient by its mean over the processes; a missing one counts as zero."""
        if self.size == 1:
            return
        taught = [one for one in parameters if one.requires_grad]
        parts = [
            (one.grad if one.grad is not None else torch.zeros_like(one)).flatten()
            for one in taught
        ]
        flat = torch.cat(parts)
        distributed.all_reduce(flat)
        flat /= self.size
        sizes = [len(part) for part in parts]
        pieces = torch.split(flat, sizes)
        for one, piece in zip(taught, pieces, strict=True):
            one.grad = piece.view_as(one).clone()


def join_team() -> Team:
    """The team named by the launcher's environment; a team of one without a launcher."""
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        return Team()
    if not distributed.is_initialized():
        distributed.init_process_group("gloo")
    return Team(distributed.get_rank(), size)
