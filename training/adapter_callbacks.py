"""What happens beside the training loop: log lines, progress, checkpoints by time, early stop."""

import json
import os
import sys
import time
from collections import deque
from pathlib import Path
from typing import Any, Final

import torch
from safetensors.torch import load_file, save_file
from tqdm import tqdm
from transformers import TrainerCallback

from training.adapter_trainer import AdapterTrainer, keep_best
from training.average import WeightAverage

LOG_NAME: Final = "log.jsonl"
AVERAGE_NAME: Final = "average.safetensors"
WINDOW: Final = 100
"""Steps over which the share of clipped ones is counted."""
EATEN: Final = 5.0
"""A norm this many times the limit loses four fifths of the step to clipping."""


class LogLines(TrainerCallback):  # type: ignore[misc]
    """One JSON object a step: loss, rate, the gradient's norm before and after clipping."""

    def __init__(self, folder: Path, clip: float) -> None:
        """Write to log.jsonl in this folder."""
        self._path = folder / LOG_NAME
        self._clip = clip
        self._norms: deque[float] = deque(maxlen=WINDOW)
        self._has_warned = False

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
        """Drop the lines after the checkpoint: these steps come again."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        kept = [line for line in read_log(self._path) if line["step"] <= state.global_step]
        self._path.write_text("".join(json.dumps(line) + "\n" for line in kept), encoding="utf-8")
        self._norms.extend(line["norm_before"] for line in kept if "norm_before" in line)

    def on_log(
        self,
        args: Any,  # noqa: ARG002
        state: Any,
        control: Any,  # noqa: ARG002
        logs: dict[str, Any],
        **_: Any,
    ) -> None:
        """Write one line; the process that is first writes for all."""
        if not state.is_world_process_zero:
            return
        line: dict[str, Any] = {"step": state.global_step}
        if "grad_norm" in logs:
            line |= self._norm(float(logs["grad_norm"]))
            line |= {"loss": logs["loss"], "learning_rate": logs["learning_rate"]}
        line |= {key: value for key, value in logs.items() if key.startswith("eval_")}
        if len(line) > 1:
            with self._path.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(line) + "\n")

    def _norm(self, norm: float) -> dict[str, float]:
        self._norms.append(norm)
        clipped = sum(one > self._clip for one in self._norms) / len(self._norms)
        middle = sorted(self._norms)[len(self._norms) // 2]
        if len(self._norms) == WINDOW and middle > EATEN * self._clip and not self._has_warned:
            self._has_warned = True
            sys.stderr.write(
                f"Clipping eats the signal: the middle norm is {middle:.1f}, the limit "
                f"{self._clip}. Raise accumulation or clip, or lower the learning rate.\n"
            )
        return {
            "norm_before": norm,
            "norm_after": min(norm, self._clip) if self._clip > 0 else norm,
            "clipped_share": clipped,
        }


class CheckpointByTime(TrainerCallback):  # type: ignore[misc]
    """Asks for a checkpoint when so many seconds have passed since the last."""

    def __init__(self, seconds: float) -> None:
        """The first comes this long after the start."""
        self._seconds = seconds
        self._last = time.monotonic()

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> Any:  # noqa: ARG002
        """Save when it is time."""
        if _agreed(time.monotonic() - self._last >= self._seconds):
            self._last = time.monotonic()
            control.should_save = True
        return control


class AverageWeights(TrainerCallback):  # type: ignore[misc]
    """Follows the weights with an average, which is what is judged and kept."""

    def __init__(self, trainer: AdapterTrainer, keep: float) -> None:
        """`keep` is the share of the average that stays at each step."""
        self._trainer = trainer
        self._keep = keep

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
        """Begin at the weights, or where the checkpoint that the run goes on from left it."""
        average = WeightAverage(self._trainer.model, self._keep)
        if state.global_step:
            stored = load_file(_checkpoint(args, state) / AVERAGE_NAME)
            average.load_state_dict(stored)
        self._trainer.average = average

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
        """Move the average by one step."""
        assert self._trainer.average is not None
        self._trainer.average.update(state.global_step)

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
        """Keep the average beside the checkpoint; it appears whole or not at all."""
        assert self._trainer.average is not None
        if not state.is_world_process_zero:
            return
        path = _checkpoint(args, state) / AVERAGE_NAME
        save_file(self._trainer.average.weights, path.with_suffix(".new"))
        os.replace(path.with_suffix(".new"), path)


def _checkpoint(args: Any, state: Any) -> Path:
    return Path(args.output_dir) / f"checkpoint-{state.global_step}"


class KeepBest(TrainerCallback):  # type: ignore[misc]
    """Keeps the weights with the best held-out score; stops when it has not risen for long."""

    def __init__(self, folder: Path, patience: int) -> None:
        """Keep them in this folder; a patience of 0 never stops."""
        self._folder = folder
        self._patience = patience
        self._scores: list[float] = []

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
        """Read the scores so far, so that a resumed run waits as long as an unbroken one."""
        told = read_log(self._folder / LOG_NAME)
        seen = [one for one in told if "eval_score" in one and one["step"] <= state.global_step]
        self._scores = [one["eval_score"] for one in seen]

    def on_evaluate(
        self,
        args: Any,  # noqa: ARG002
        state: Any,
        control: Any,
        metrics: dict[str, float],
        model: Any,
        **_: Any,
    ) -> Any:
        """Compare with the best so far; every process comes to the same decision."""
        if state.is_world_process_zero:
            keep_best(model, self._folder, state.global_step, metrics)
        self._scores.append(metrics["eval_score"])
        waited = len(self._scores) - 1 - self._scores.index(max(self._scores))
        if self._patience and waited >= self._patience:
            control.should_training_stop = True
        return control


class Progress(TrainerCallback):  # type: ignore[misc]
    """A bar with the time left and the latest loss and scores."""

    def __init__(self) -> None:
        """The bar appears when training begins."""
        self._bar: Any = None
        self._shown: dict[str, str] = {}

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
        """Open the bar where the run stands."""
        if state.is_world_process_zero:
            self._bar = tqdm(
                total=state.max_steps, initial=state.global_step, unit="step", mininterval=5.0
            )

    def on_log(
        self,
        args: Any,  # noqa: ARG002
        state: Any,  # noqa: ARG002
        control: Any,  # noqa: ARG002
        logs: dict[str, Any],
        **_: Any,
    ) -> None:
        """Show loss and held-out scores beside the bar."""
        if self._bar is None:
            return
        shown = {
            key.removeprefix("eval_"): f"{value:.3f}"
            for key, value in logs.items()
            if key == "loss" or key.startswith("eval_")
        }
        self._shown |= shown
        self._bar.set_postfix(self._shown, refresh=False)

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
        """One step on."""
        if self._bar is not None:
            self._bar.update(state.global_step - self._bar.n)

    def on_train_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:  # noqa: ARG002
        """Close the bar."""
        if self._bar is not None:
            self._bar.close()


def _agreed(is_due: bool) -> bool:
    """What the first process says, in all of them: clocks differ, checkpoints must not."""
    if not torch.distributed.is_available() or not torch.distributed.is_initialized():
        return is_due
    on_card = torch.distributed.get_backend() == "nccl"
    said = torch.tensor([int(is_due)], device="cuda" if on_card else "cpu")
    torch.distributed.broadcast(said, 0)
    return bool(said.item())


def read_log(path: Path) -> list[dict[str, Any]]:
    """The lines of a log; a last line cut off by a kill is left out."""
    lines: list[dict[str, Any]] = []
    for text in path.read_text(encoding="utf-8").splitlines() if path.is_file() else ():
        try:
            lines.append(json.loads(text))
        except ValueError:
            break
    return lines
