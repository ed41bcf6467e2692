"""A PaliGemma of the compact size: transformers' own architecture, initialised with purpose."""

import math
from typing import Any

import torch
from torch import Tensor

from model.seg_tokens import LOC_BINS
from training.config import BaseConfig, ConfigError
from training.tokenizer import BOS, EOS, IMAGE, PAD

LOC_SPREAD = 1.0


def make_model(config: BaseConfig, vocabulary_size: int) -> Any:
    """A randomly initialised PaliGemmaForConditionalGeneration of the configured size, float32."""
    from transformers import (
        GemmaConfig,
        PaliGemmaConfig,
        PaliGemmaForConditionalGeneration,
        SiglipVisionConfig,
    )

    vision = SiglipVisionConfig(
        image_size=config.image_size,
        patch_size=config.patch_size,
        hidden_size=config.vision_width,
        intermediate_size=config.vision_width * 4,
        num_hidden_layers=config.vision_layers,
        num_attention_heads=config.heads,
        vision_use_head=False,
        projection_dim=config.text_width,
    )
    text = GemmaConfig(
        vocab_size=vocabulary_size,
        hidden_size=config.text_width,
        intermediate_size=config.text_width * 4,
        num_hidden_layers=config.text_layers,
        num_attention_heads=config.heads,
        num_key_value_heads=1,
        head_dim=config.text_width // config.heads,
        max_position_embeddings=512,
        pad_token_id=PAD,
        eos_token_id=EOS,
        bos_token_id=BOS,
        tie_word_embeddings=True,
    )
    whole = PaliGemmaConfig(
        vision_config=vision.to_dict(),
        text_config=text.to_dict(),
        image_token_index=IMAGE,
        image_token_id=IMAGE,
        projection_dim=config.text_width,
        hidden_size=config.text_width,
        pad_token_id=PAD,
        bos_token_id=BOS,
        eos_token_id=EOS,
        tie_word_embeddings=True,
    )
    torch.manual_seed(config.seed)
    model = PaliGemmaForConditionalGeneration(whole)
    model.generation_config.eos_token_id = EOS
    model.generation_config.pad_token_id = PAD
    model.generation_config.bos_token_id = BOS
    return model


def load_weights(model: Any, folder: str) -> None:
    """Put the weights of an exported folder into a model of the same size.

    Raises:
        ConfigError: there is no such folder, or its model has another size or vocabulary.
    """
    from transformers import PaliGemmaForConditionalGeneration

    try:
        held = PaliGemmaForConditionalGeneration.from_pretrained(folder, dtype=torch.float32)
        model.load_state_dict(held.state_dict())
    except (OSError, RuntimeError) as error:
        raise ConfigError(f"{folder}: no weights of this size to start from") from error


def tower_of(model: Any) -> Any:
    """The module of a PaliGemma that holds embeddings, encoder and post_layernorm."""
    tower = model.model.vision_tower
    return getattr(tower, "vision_model", tower)


@torch.no_grad()
def set_place_rows(model: Any, first_loc: int) -> None:
    """Give neighbouring `<loc>` rows neighbouring values: a smooth Fourier basis of the place."""
    rows = model.get_input_embeddings().weight
    place = torch.linspace(0.0, 1.0, LOC_BINS)[:, None]
    half = rows.shape[1] // 2
    # Wave lengths from four sides down to a fortieth of the side: finer ones would not generalise.
    speed = torch.exp(torch.linspace(math.log(0.25), math.log(40.0), half)) * 2.0 * math.pi
    basis = (
        torch.cat([torch.sin(place * speed), torch.cos(place * speed)], 1) / speed.repeat(2) ** 0.5
    )
    generator = torch.Generator().manual_seed(0)
    mixed = basis @ torch.linalg.qr(torch.randn(half * 2, half * 2, generator=generator))[0]
    mixed = mixed - mixed.mean(0)
    rows[first_loc : first_loc + LOC_BINS] = mixed * (row_scale(rows) / mixed.std())


@torch.no_grad()
def set_code_rows(model: Any, first_seg: int, codebook: Tensor) -> None:
    """`<seg>` rows from the codec's codebook: codes that draw alike start alike."""
    rows = model.get_input_embeddings().weight
    centred = codebook - codebook.mean(0)
    generator = torch.Generator().manual_seed(1)
    spread = torch.randn(codebook.shape[1], rows.shape[1], generator=generator)
    mixed = centred @ spread.to(centred.device)
    rows[first_seg : first_seg + len(codebook)] = mixed * (row_scale(rows) / mixed.std())


def row_scale(rows: Tensor) -> float:
    """The spread that embedding rows were initialised with."""
    return float(rows[5:500].std())
