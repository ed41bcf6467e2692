"""Losses of the joint stage on hand-made logits."""

from typing import Any

import pytest
import torch

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
    targets = Targets(place_table(3.0), code_table(torch.randn(SEG_CODES, 4)))
    found = token_losses(Head(), vocabulary, logits[None], torch.tensor([label]), targets)
    return {name: float(value) for name, value in found.items()}


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
    assert set(found) == {"word", "code"}
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
