"""State of a training loop on disk: written whole or not at all, so a kill loses minutes only."""

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch


def save_state(path: Path, state: dict[str, Any]) -> None:
    """Write next to the target, flush to the disk, then rename over it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(path.suffix + ".tmp")
    with temporary.open("wb") as held:
        torch.save(state, held)
        held.flush()
        os.fsync(held.fileno())
    temporary.replace(path)


def load_state(path: Path) -> dict[str, Any] | None:
    """The state of a file this program wrote; None when there is none yet."""
    if not path.is_file():
        return None
    state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    return state


def resume(state: Mapping[str, Any] | None, parts: Mapping[str, Any]) -> tuple[int, float]:
    """Put what a state holds into modules and optimizers by name; the step and seconds reached."""
    if state is None:
        return 0, 0.0
    for name, part in parts.items():
        part.load_state_dict(state[name])
    return state["step"], state["passed"]


class Clock:
    """Seconds of training over all runs of a stage, and when the next checkpoint is due."""

    def __init__(self, seconds: float, passed: float, every: float) -> None:
        """Begin at `passed` of `seconds`; a checkpoint is due `every` seconds."""
        self.seconds = seconds
        self.every = every
        self._start = time.monotonic() - passed
        self._saved = passed

    @property
    def passed(self) -> float:
        """Seconds trained so far."""
        return time.monotonic() - self._start

    @property
    def share(self) -> float:
        """How much of the stage is over, from 0 to 1."""
        return min(self.passed / max(self.seconds, 1e-9), 1.0)

    def is_due(self) -> bool:
        """True once per checkpoint interval."""
        if self.passed - self._saved < self.every:
            return False
        self._saved = self.passed
        return True


def state_of(parts: Mapping[str, Any], step: int, clock: Clock) -> dict[str, Any]:
    """What `resume` takes: the parts by name, the step, the seconds."""
    held = {name: part.state_dict() for name, part in parts.items()}
    return {**held, "step": step, "passed": clock.passed}


def rate_at(share: float, step: int, warm_steps: int = 60) -> float:
    """The learning rate as a share of its peak: warm-up, level for a third, then linear to 3 %."""
    warm = min(1.0, (step + 1) / warm_steps)
    level = 0.35
    fall = max(0.0, (share - level) / (1.0 - level))
    return warm * (1.0 - 0.97 * fall)
