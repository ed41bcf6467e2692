"""Pictures through the vision tower: once each, kept by digest, erased with the visit."""

from typing import Final

import numpy as np
import torch
from torch import Tensor

from model.feature_store import FeatureKey, FeatureStore
from model.pixels import squash
from model.types import Image
from model.weights import LoadedBase

_PIXEL_MIDDLE: Final = 127.5
"""SigLIP's mean and deviation of 0.5 for values in [0, 1], as in every PaliGemma processor."""


class Sight:
    """The vision tower and projector of a base, and what they made of pictures lately."""

    def __init__(self, base: LoadedBase) -> None:
        """Nothing is kept yet."""
        self._base = base
        self.kept = FeatureStore()

    def features(self, image: Image, image_digest: str, adapter: str | None) -> Tensor:
        """[T, D] of a picture; `adapter` is the one whose vision layers are on, None the base's.

        A picture without a digest is seen anew each time.
        """
        key = FeatureKey(image_digest, adapter)
        found: Tensor | None = self.kept.get(key)
        if found is None:
            found = self.see(image)
            self.kept.put(key, found)
        return found

    @torch.inference_mode()
    def see(self, image: Image) -> Tensor:
        """Picture uint8[H, W, 3] through the vision tower and the projector: [T, D]."""
        small = squash(image, self._base.image_size)
        scaled = np.ascontiguousarray(small.transpose(2, 0, 1), dtype=np.float32) / _PIXEL_MIDDLE
        net = self._base.net
        pixels = torch.from_numpy(scaled - 1.0)[None].to(self._base.device, net.dtype)
        return net.get_image_features(pixels).pooler_output[0]  # type: ignore[no-any-return]
