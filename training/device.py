"""Where the base is trained: the one place that chooses between processor and graphics card."""

from contextlib import AbstractContextManager
from functools import cache

import torch


@cache
def device() -> torch.device:
    """The graphics card where there is one, else the processor."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def half() -> AbstractContextManager[object]:
    """Matrix products in bfloat16, weights and losses in float32."""
    return torch.autocast(device().type, torch.bfloat16)
