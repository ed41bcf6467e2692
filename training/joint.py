"""Losses of the joint stage: soft places, expected corners, soft codes, plain words."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from model.seg_tokens import LOC_BINS, SEG_CODES
from training.rows import IGNORE, Rows, Vocabulary

PLACE_WEIGHT = 2.0
CORNER_WEIGHT = 6.0
CODE_WEIGHT = 0.5
WORD_WEIGHT = 1.0
CODE_SHARPNESS = 8.0
"""Soft code targets fall by e where a code's distance grows by an eighth of the mean distance."""


@dataclass(frozen=True)
class Targets:
    """Tables that turn a label into a soft target: places float32[1024, 1024] of one sigma,
    codes float32[128, 128]."""

    places: Tensor
    codes: Tensor


def place_table(sigma: float) -> Tensor:
    """float32[1024, 1024]: for each bin a Gaussian over bins, rows summing to 1."""
    bins = torch.arange(LOC_BINS, dtype=torch.float32)
    table = torch.exp(-0.5 * ((bins[:, None] - bins[None]) / sigma) ** 2)
    return table / table.sum(1, keepdim=True)


def code_table(codebook: Tensor) -> Tensor:
    """float32[128, 128]: for each code a share for the codes that draw alike."""
    distance = torch.cdist(codebook, codebook)
    return (-CODE_SHARPNESS * distance / distance.mean()).softmax(1)


def image_features(model: Any, pixels: Tensor) -> Tensor:
    """float[N, image tokens, text width]: vision once for each picture."""
    return model.model.get_image_features(pixels).pooler_output  # type: ignore[no-any-return]


def row_states(model: Any, rows: Rows, features: Tensor) -> tuple[Tensor, Tensor]:
    """Hidden states [K, width] before each labelled token, and its label int64[K]."""
    from transformers.modeling_outputs import BaseModelOutputWithPooling

    seen = BaseModelOutputWithPooling(pooler_output=features[rows.pictures])
    output = model.model(
        input_ids=rows.ids,
        attention_mask=rows.attention,
        token_type_ids=rows.types,
        mm_encoder_outputs={"image": seen},
        use_cache=False,
    )
    asked = rows.labels[:, 1:] != IGNORE
    return output.last_hidden_state[:, :-1][asked], rows.labels[:, 1:][asked]


def token_losses(
    model: Any, vocabulary: Vocabulary, states: Tensor, labels: Tensor, targets: Targets
) -> dict[str, Tensor]:
    """Sums over tokens of each kind of loss, weighted; divide by the number of tokens."""
    logits = model.lm_head(states).float()
    chances = logits.log_softmax(-1)
    places = (labels >= vocabulary.first_loc) & (labels < vocabulary.first_loc + LOC_BINS)
    codes = (labels >= vocabulary.first_seg) & (labels < vocabulary.first_seg + SEG_CODES)
    words = ~(places | codes)
    losses = {
        "word": WORD_WEIGHT
        * functional.nll_loss(chances[words], labels[words], reduction="sum")
    }
    if bool(places.any()):
        bins = labels[places] - vocabulary.first_loc
        span = slice(vocabulary.first_loc, vocabulary.first_loc + LOC_BINS)
        soft = -(targets.places[bins] * chances[places][:, span]).sum()
        losses["place"] = PLACE_WEIGHT * soft
        share = logits[places][:, span].softmax(-1)
        expected = share @ torch.linspace(0.0, 1.0, LOC_BINS)
        wanted = bins / (LOC_BINS - 1)
        losses["corner"] = CORNER_WEIGHT * 10.0 * functional.smooth_l1_loss(
            expected, wanted, beta=0.01, reduction="sum"
        )
    if bool(codes.any()):
        chosen = labels[codes] - vocabulary.first_seg
        span = slice(vocabulary.first_seg, vocabulary.first_seg + SEG_CODES)
        losses["code"] = CODE_WEIGHT * -(targets.codes[chosen] * chances[codes][:, span]).sum()
    return losses


@torch.no_grad()
def point_names_at_patches(model: Any, vectors: Tensor, name_ids: list[int], gain: float) -> None:
    """Start the language side from what the dense heads know.

    Name embeddings become the class vectors, and the first two layers' queries equal their keys in
    the directions that tell classes apart: a name then attends to its own patches from step one.
    """
    rows = model.get_input_embeddings().weight
    classes = vectors[1:] - vectors[1:].mean(0)
    spread = float(rows[5:500].std())
    rows[name_ids] = classes * (spread / classes.std(1, keepdim=True).clamp_min(1e-6))
    _, _, directions = torch.linalg.svd(classes, full_matrices=True)
    for layer in model.model.language_model.layers[:2]:
        attention = layer.self_attn
        keys = attention.k_proj.weight
        basis = directions[: keys.shape[0]] * gain
        keys.copy_(basis)
        heads = attention.q_proj.weight.shape[0] // keys.shape[0]
        noise = torch.randn_like(attention.q_proj.weight) * 0.02
        attention.q_proj.weight.copy_(basis.repeat(heads, 1) + noise)
