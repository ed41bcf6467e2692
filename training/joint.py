"""Losses of the joint stage: soft places, expected corners, soft codes, plain words."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from model.mask_codec import CodecNetwork
from model.seg_tokens import LOC_BINS, SEG_CODES
from training.mask_loss import drawn_mask_loss
from training.rows import IGNORE, Rows, Vocabulary

PLACE_WEIGHT = 2.0
CORNER_WEIGHT = 6.0
CODE_WEIGHT = 0.6
MASK_WEIGHT = 2.0
WORD_WEIGHT = 2.0
CODE_SHARPNESS = 14.0
"""Soft code targets fall by e where a code's distance grows by a 14th of the mean distance."""


@dataclass(frozen=True)
class Targets:
    """Tables that turn a label into a soft target: places float32[1024, 1024] of one sigma,
    codes float32[128, 128]; the frozen codec draws what codes mean."""

    places: Tensor
    codes: Tensor
    codec: CodecNetwork


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
    first_loc, first_seg = vocabulary.first_loc, vocabulary.first_seg
    loc_logits = logits[:, first_loc : first_loc + LOC_BINS]
    seg_logits = logits[:, first_seg : first_seg + SEG_CODES]
    places = (labels >= first_loc) & (labels < first_loc + LOC_BINS)
    codes = (labels >= first_seg) & (labels < first_seg + SEG_CODES)
    losses = {"word": WORD_WEIGHT * _group_loss(logits, labels, vocabulary)}
    if bool(places.any()):
        bins = labels[places] - first_loc
        chances = loc_logits[places].log_softmax(-1)
        losses["place"] = PLACE_WEIGHT * -(targets.places[bins] * chances).sum()
        expected = chances.exp() @ torch.linspace(0.0, 1.0, LOC_BINS, device=chances.device)
        losses["corner"] = (
            CORNER_WEIGHT
            * 10.0
            * functional.smooth_l1_loss(expected, bins / (LOC_BINS - 1), beta=0.01, reduction="sum")
        )
    if bool(codes.any()):
        chosen = labels[codes] - first_seg
        chances = seg_logits[codes].log_softmax(-1)
        losses["code"] = CODE_WEIGHT * -(targets.codes[chosen] * chances).sum()
        losses["mask"] = MASK_WEIGHT * drawn_mask_loss(targets.codec, seg_logits[codes], chosen)
    return losses


def _group_loss(logits: Tensor, labels: Tensor, vocabulary: Vocabulary) -> Tensor:
    """Cross-entropy over words, where all places count as one word and all codes as another.

    A group scores as its best member, because greedy decoding compares single tokens: with soft
    places spread over tens of bins, "nothing there" (the end token) would otherwise win even
    where the model gives it a tenth of the mass (seen: 99 % of present structures missed).
    """
    low, high = vocabulary.first_loc, vocabulary.first_seg + SEG_CODES
    loc = logits[:, low : low + LOC_BINS].amax(1, keepdim=True)
    seg = logits[:, vocabulary.first_seg : high].amax(1, keepdim=True)
    choices = torch.cat([logits[:, :low], loc, seg, logits[:, high:]], 1)
    wanted = labels.clone()
    wanted[(labels >= low) & (labels < low + LOC_BINS)] = low
    wanted[(labels >= vocabulary.first_seg) & (labels < high)] = low + 1
    wanted[labels >= high] -= high - low - 2
    return functional.cross_entropy(choices, wanted, reduction="sum")


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
