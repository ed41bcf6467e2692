"""Losses of the joint stage on hand-made logits."""

from typing import Any

import pytest
import torch

from model.mask_codec import CodecNetwork
from model.seg_tokens import LOC_BINS, SEG_CODES
from training.joint import Targets, code_table, place_table, point_names_at_patches, token_losses
from training.rows import Vocabulary

pytestmark = pytest.mark.torch
WORDS = 6
ROWS = WORDS + LOC_BINS + SEG_CODES + 2


class Head:
    """Gives the states back as logits."""

    def lm_head(self, states: Any) -> Any:
        return states


def losses(logits: Any, label: int) -> dict[str, float]:
    vocabulary = Vocabulary(None, (), 4, WORDS, WORDS + LOC_BINS, (), {})
    codec = CodecNetwork((2, 2, 2, 2), (2, 2, 2, 2, 2), 3)
    targets = Targets(place_table(3.0), code_table(codec.codebook.detach()), codec)
    is_code = WORDS + LOC_BINS <= label < WORDS + LOC_BINS + SEG_CODES
    count = 16 if is_code else 1
    states, labels = logits.expand(count, -1), torch.tensor([label] * count)
    found = token_losses(Head(), vocabulary, states, labels, targets)
    return {name: float(value.detach()) for name, value in found.items()}


def test_a_place_near_the_truth_costs_less_than_one_far_away() -> None:
    near, far = torch.zeros(ROWS), torch.zeros(ROWS)
    near[WORDS + 503] = far[WORDS + 900] = 20.0
    assert losses(near, WORDS + 500)["place"] < losses(far, WORDS + 500)["place"]
    assert losses(near, WORDS + 500)["corner"] < losses(far, WORDS + 500)["corner"]


def test_many_likely_places_beat_the_end_token_only_by_their_best() -> None:
    spread = torch.full((ROWS,), -9.0)
    spread[WORDS + 480 : WORDS + 520] = 1.0
    spread[1] = 2.0  # the end token is above each single place, below their sum
    assert losses(spread, WORDS + 500)["word"] > 1.0
    spread[WORDS + 500] = 8.0
    assert losses(spread, WORDS + 500)["word"] < 0.01


def test_a_word_after_the_groups_is_asked_for_as_itself() -> None:
    logits = torch.zeros(ROWS)
    logits[ROWS - 1] = 30.0
    assert losses(logits, ROWS - 1) == {"word": pytest.approx(0.0, abs=1e-4)}
    assert losses(logits, ROWS - 2)["word"] > 20.0
    assert losses(logits, 2)["word"] > 20.0


def test_a_code_is_asked_for_within_the_codes() -> None:
    logits = torch.full((ROWS,), -20.0)
    logits[WORDS + LOC_BINS + 7] = 20.0
    found = losses(logits, WORDS + LOC_BINS + 7)
    assert set(found) == {"word", "code", "mask"}
    assert found["word"] < 0.01


def test_names_start_as_class_vectors_and_queries_as_keys() -> None:
    from training.base_model import make_model
    from training.config import BaseConfig

    config = BaseConfig(
        image_size=32, vision_width=24, text_width=24, vision_layers=1, text_layers=2, heads=3
    )
    model = make_model(config, 600)
    vectors = torch.randn(5, 24)
    point_names_at_patches(model, vectors, [590, 591, 592, 593], gain=0.7)
    rows = model.get_input_embeddings().weight.detach()
    centred = vectors[1:] - vectors[1:].mean(0)
    likeness = torch.nn.functional.cosine_similarity(rows[590:594], centred)
    assert likeness.min() > 0.999
    attention = model.model.language_model.layers[0].self_attn
    keys = attention.k_proj.weight.detach()
    queries = attention.q_proj.weight.detach()[: len(keys)]
    assert float((keys - queries).abs().max()) < 0.2


def test_the_mask_loss_pulls_towards_codes_that_draw_the_asked_mask() -> None:
    from training.mask_loss import drawn_mask_loss

    torch.manual_seed(0)
    codec = CodecNetwork((2, 2, 2, 2), (4, 4, 4, 4, 4), 3).requires_grad_(False)
    codes = torch.randint(SEG_CODES, (32,))
    with torch.no_grad():
        for weights in codec.decoder.parameters():
            weights.mul_(4.0)
        drawn = codec.picture(codec.codebook[codes.view(2, 16)])
        codec.decoder[12].bias -= drawn.median()  # so that half of each mask is filled
    right = torch.nn.functional.one_hot(codes, SEG_CODES).float() * 30.0
    wrong = right.roll(1, 1).requires_grad_(True)
    loss = drawn_mask_loss(codec, wrong * 0.1, codes)
    loss.backward()
    assert wrong.grad is not None
    assert float(wrong.grad.abs().sum()) > 0.0
    assert float(drawn_mask_loss(codec, right, codes)) < float(loss.detach()) * 0.8
