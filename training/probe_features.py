"""What a linear reader gets to see of a picture: statistics of the frozen tower's states."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from model.types import Image
from training.adapter_pictures import PictureShelf
from training.base_model import tower_of
from training.config import ConfigError
from training.device import device, half
from training.loop_state import load_state

DEPTHS: Final = (0.5, 0.75, 1.0)
"""Shares of the tower's layers after which it is read."""
AT_ONCE: Final = 32


def open_tower(base: Path, state: Path | None) -> Any:
    """The model of a folder, with a stage's weights in it where its state file is named.

    Raises:
        ConfigError: there is no such folder or file, or they are of different sizes.
    """
    from transformers import PaliGemmaForConditionalGeneration

    try:
        model = PaliGemmaForConditionalGeneration.from_pretrained(base, dtype=torch.float32)
    except OSError as error:
        raise ConfigError(f"{base}: there is no model in this folder") from error
    if state is not None:
        held = load_state(state)
        if held is None:
            raise ConfigError(f"{state}: there is no such file")
        try:
            model.load_state_dict(held["model"])
        except RuntimeError as error:
            raise ConfigError(f"{state}: of another size than {base}") from error
    return model.to(device()).eval()


def read_states(model: Any, images: Sequence[Path]) -> NDArray[np.float32]:
    """float32[N, 3 * 6 * width] of MedPix pictures as they are served, in their order."""
    side = int(model.config.vision_config.image_size)
    shelf = PictureShelf(side, has_marks=True)
    parts = []
    for start in range(0, len(images), AT_ONCE):
        shown = [shelf.plain(path) for path in images[start : start + AT_ONCE]]
        parts.append(states_of(model, _pixels(shown)))
    return np.concatenate(parts)


@torch.inference_mode()
def states_of(model: Any, pixels: Tensor) -> NDArray[np.float32]:
    """float32[B, 3 * 6 * width]: at each depth the mean, the spread and the four quarters' means.

    Args:
        pixels: float32[B, 3, S, S] in [-1, 1].
    """
    tower, parts = tower_of(model), []
    layers = tower.encoder.layers
    read_after = {max(round(depth * len(layers)), 1) for depth in DEPTHS}
    with half():
        states = tower.embeddings(pixels.to(device()))
        for number, layer in enumerate(layers, start=1):
            states = layer(states, None)
            if number in read_after:
                last = number == len(layers)
                parts.append(_statistics(tower.post_layernorm(states) if last else states))
    return np.asarray(torch.cat(parts, 1).cpu().numpy(), dtype=np.float32)


def _statistics(states: Tensor) -> Tensor:
    batch, patches, width = states.shape
    side = int(patches**0.5)
    held = states.float()
    grid = held.transpose(1, 2).reshape(batch, width, side, side)
    quarters = torch.nn.functional.adaptive_avg_pool2d(grid, 2).flatten(1)
    return torch.cat([held.mean(1), held.std(1), quarters], 1)


def _pixels(images: Sequence[Image]) -> Tensor:
    held = torch.from_numpy(np.stack(images).astype(np.float32))
    return held.permute(0, 3, 1, 2) / 127.5 - 1.0
