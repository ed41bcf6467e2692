"""The masked-image objective: a throw-away decoder paints the patches that the tower did not see.

Source: arXiv 2111.06377: visible patches alone pass the tower; targets are normalised by patch.
"""

import math
from typing import Any

import torch
from torch import Tensor, nn

from training.base_model import tower_of
from training.config import BaseConfig
from training.device import device, half

DECODER_WIDTH = 128
DECODER_LAYERS = 2
DECODER_HEADS = 4
FLOOR = 0.05
"""Least spread of a patch in pixels of [-1, 1], six grey values: below it there is the noise of an
empty ground only, which the decoder must not be asked to paint."""


class PatchDecoder(nn.Module):
    """Paints every patch from the states of the visible ones; thrown away after the stage."""

    def __init__(self, width: int, patches: int, patch_size: int) -> None:
        """For a tower of this width and so many patches of this side in pixels."""
        from transformers import SiglipVisionConfig
        from transformers.models.siglip.modeling_siglip import SiglipEncoder

        super().__init__()
        config = SiglipVisionConfig(
            hidden_size=DECODER_WIDTH,
            intermediate_size=DECODER_WIDTH * 4,
            num_hidden_layers=DECODER_LAYERS,
            num_attention_heads=DECODER_HEADS,
            attn_implementation="eager",
        )
        self.embed_states = nn.Linear(width, DECODER_WIDTH)
        self.embed_hidden = nn.Parameter(torch.zeros(DECODER_WIDTH))
        self.embed_places = nn.Parameter(place_waves(patches, DECODER_WIDTH))
        self.encoder = SiglipEncoder(config)
        self.norm = nn.LayerNorm(DECODER_WIDTH)
        self.paint = nn.Linear(DECODER_WIDTH, patch_size**2)

    def forward(self, states: Tensor, order: Tensor) -> Tensor:
        """float[B, P, patch_size ** 2] in the order of `order`.

        Args:
            states: float[B, V, width] of the visible patches.
            order: int64[B, P], the patches' places; the first V are visible.
        """
        batch, patches = order.shape
        seen = self.embed_states(states)
        hidden = self.embed_hidden.to(seen.dtype).expand(batch, patches - seen.shape[1], -1)
        tokens = torch.cat([seen, hidden], 1) + self.embed_places[order]
        painted: Tensor = self.paint(self.norm(self.encoder(tokens).last_hidden_state))
        return painted


def make_decoder(config: BaseConfig) -> PatchDecoder:
    """A fresh decoder for the configured tower."""
    patches = (config.image_size // config.patch_size) ** 2
    return PatchDecoder(config.vision_width, patches, config.patch_size).to(device())


def place_waves(patches: int, width: int) -> Tensor:
    """float32[patches, width]: sines and cosines of the row and the column of each patch."""
    side = math.isqrt(patches)
    speed = torch.exp(torch.linspace(0.0, -math.log(side * 4.0), width // 4))
    angles = torch.arange(side, dtype=torch.float32)[:, None] * speed
    waves = torch.cat([angles.sin(), angles.cos()], 1)
    rows, columns = waves.repeat_interleave(side, 0), waves.repeat(side, 1)
    return torch.cat([rows, columns], 1)


def draw_order(batch: int, patches: int, generator: torch.Generator) -> Tensor:
    """int64[batch, patches]: the places of all patches of each picture, shuffled."""
    return torch.rand(batch, patches, generator=generator).argsort(1)


def visible_count(patches: int, ratio: float) -> int:
    """How many patches the tower sees when this share is hidden: at least one, never all."""
    return min(max(round(patches * (1.0 - ratio)), 1), patches - 1)


def patch_targets(pixels: Tensor, patch_size: int) -> Tensor:
    """float32[B, P, patch_size ** 2]: grey pixels of each patch, mean 0 and spread near 1.

    Args:
        pixels: float32[B, 3, S, S] in [-1, 1], the same value in every channel.
    """
    grey = pixels[:, 0]
    rows = grey.unfold(1, patch_size, patch_size).unfold(2, patch_size, patch_size)
    patches = rows.flatten(1, 2).flatten(2)
    centred = patches - patches.mean(-1, keepdim=True)
    return centred / (centred.square().mean(-1, keepdim=True) + FLOOR**2).sqrt()


def visible_states(model: Any, pixels: Tensor, shown: Tensor) -> Tensor:
    """float[B, V, width]: the tower's states when it sees the patches int64[B, V] alone."""
    tower = tower_of(model)
    patches = tower.embeddings(pixels)
    kept = patches.gather(1, shown[..., None].expand(-1, -1, patches.shape[-1]))
    states: Tensor = tower.post_layernorm(tower.encoder(inputs_embeds=kept).last_hidden_state)
    return states


def masked_loss(
    model: Any, decoder: PatchDecoder, pixels: Tensor, order: Tensor, ratio: float
) -> Tensor:
    """Mean squared error of the painted hidden patches; 1 is what a flat grey would get."""
    count = visible_count(order.shape[1], ratio)
    targets = patch_targets(pixels, math.isqrt(decoder.paint.out_features))
    hidden = order[:, count:]
    wanted = targets.gather(1, hidden[..., None].expand(-1, -1, targets.shape[-1]))
    with half():
        painted = decoder(visible_states(model, pixels, order[:, :count]), order)
    loss: Tensor = (painted[:, count:].float() - wanted).square().mean()
    return loss
