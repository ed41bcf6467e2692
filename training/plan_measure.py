"""The planner's peaks beside measured ones: a model folder answers and learns in a child process.

On a processor the resident memory of the child is read, above what the same work at the smallest
size leaves behind; on a card what torch's allocator held at most.
"""

import ctypes
import gc
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from training.plan_memory import Choices, plan_memory, serving_bytes

_WORD: Final = 7
_PICTURE_SIDES: Final = 3
_SMALL: Final = "65536"
_ENVIRONMENT: Final = {
    # Blocks from 64 kB on go back to the system when they are freed, so that the peak is true.
    "MALLOC_MMAP_THRESHOLD_": _SMALL,
    "MALLOC_TRIM_THRESHOLD_": _SMALL,
    "MALLOC_ARENA_MAX": "1",
    "OMP_NUM_THREADS": "1",
    "CUBLAS_WORKSPACE_CONFIG": ":16:8",
}


class MeasureError(ValueError):
    """What cannot be measured; the sentence says why."""


@dataclass(frozen=True)
class Pair:
    """Bytes at the peak: what the planner said and what was measured."""

    planned: float
    measured: float

    @property
    def off_by(self) -> float:
        """Planned above (+) or below (-) the measured, as a share of it."""
        return self.planned / self.measured - 1.0


def measure(base: Path, config: Any, layers: list[Any], choices: Choices) -> dict[str, Pair]:
    """Peaks of answering a batch and of one step of training, planned and measured.

    Raises:
        MeasureError: the folder holds no weights, or the child failed.
    """
    if not any(base.glob("*.safetensors")):
        raise MeasureError(f"{base} holds no weights to measure")
    alone = replace(choices, rank=0)  # answers are measured without an adapter
    planned = {
        "answering": serving_bytes(config, layers, alone),
        "training": plan_memory(config, layers, choices).peak,
    }
    return {what: Pair(size, _child(base, what, choices)) for what, size in planned.items()}


def _child(base: Path, what: str, choices: Choices) -> float:
    given = json.dumps(asdict(choices))
    with tempfile.TemporaryFile() as errors:
        run = subprocess.run(
            [sys.executable, "-m", __name__, str(base), what, given],
            env={**os.environ, **_ENVIRONMENT},
            stdout=subprocess.PIPE,
            stderr=errors,
            check=False,
        )
        if run.returncode:
            errors.seek(0)
            last = errors.read().decode(errors="replace").strip().splitlines()[-1:]
            raise MeasureError(f"{what} could not be measured: {''.join(last)}")
    return float(run.stdout.split()[-1])


def main(arguments: Sequence[str]) -> None:
    """The child: do the work twice, first at the smallest size, and print the bytes of the peak."""
    import torch

    base, what = Path(arguments[0]), arguments[1]
    choices = Choices(**json.loads(arguments[2]))
    work = {"answering": _answer, "training": _learn}[what]
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
        work(base, choices)
        sys.stdout.write(f"{torch.cuda.max_memory_allocated()}\n")
        return
    torch.set_num_threads(1)
    work(base, replace(choices, batch=1))
    left = _settle()
    peak = work(base, choices)
    sys.stdout.write(f"{peak - left}\n")


def _answer(base: Path, choices: Choices) -> int:
    import numpy as np

    from model.local import open_local
    from model.types import Request

    backend = open_local(base, threads=1, quantize=_held_as(choices))
    config = json.loads((base / "config.json").read_text(encoding="utf-8"))
    side = int(config["vision_config"]["image_size"])
    prefix = "answer en " + "liver " * max(1, choices.text_tokens - choices.suffix_tokens - 4)
    image = np.zeros((side, side, _PICTURE_SIDES), dtype=np.uint8)
    _settle()
    backend.complete(
        [
            Request(image, f"{number}", prefix, "free", None, choices.suffix_tokens)
            for number in range(choices.batch)
        ]
    )
    peak = _status("VmHWM")
    backend.close()
    return peak


def _held_as(choices: Choices) -> Any:
    return {"nf4": "smallest" if choices.int8_embedding else "nf4"}.get(choices.quantize, "none")


def _learn(base: Path, choices: Choices) -> int:
    import torch

    from training.adapter_config import AdapterConfig
    from training.adapter_trainer import score_suffixes
    from training.qlora import open_trainable

    settings = AdapterConfig(
        targets=choices.targets,
        rank=choices.rank,
        quantize="nf4" if choices.quantize == "nf4" else "none",
        checkpointing=choices.is_checkpointed,
        dropout=0.0,
    )
    model = open_trainable(base, settings).model.train()
    trained = [one for one in model.parameters() if one.requires_grad]
    optimizer = torch.optim.AdamW(trained)
    device = trained[0].device
    for one in trained:  # as after the first step
        one.grad = torch.zeros_like(one)
    optimizer.step()
    _settle()
    inputs = _inputs(model.get_base_model().config, choices, device)
    with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
        for logits, labels in score_suffixes(model, model.get_base_model(), inputs):
            loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1).float(), labels.flatten())
    del logits
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()
    return _status("VmHWM")


def _inputs(config: Any, choices: Choices, device: Any) -> dict[str, Any]:
    import torch

    from training.plan_memory import image_tokens

    pictures, side = image_tokens(config), config.vision_config.image_size
    shape = (choices.batch, pictures + choices.text_tokens)
    ids = torch.full(shape, _WORD)
    ids[:, :pictures] = config.image_token_id
    labels = torch.full(shape, -100)
    labels[:, -choices.suffix_tokens :] = _WORD
    group = {
        "input_ids": ids,
        "attention_mask": torch.ones_like(ids),
        "token_type_ids": (labels >= 0).long(),
        "labels": labels,
        "picture_of_row": torch.arange(choices.batch),
    }
    pixels = torch.zeros(choices.batch, _PICTURE_SIDES, side, side)
    moved = {name: tensor.to(device) for name, tensor in group.items()}
    return {"pixel_values": pixels.to(device), "groups": [moved]}


def _settle() -> int:
    """Give back what is free, begin a new peak; the bytes that are resident now."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return _status("VmRSS")


def _status(key: str) -> int:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    line = next(line for line in lines if line.startswith(f"{key}:"))
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    main(sys.argv[1:])
