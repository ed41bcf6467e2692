"""The compact tokenizer: one token a name, exact round trips, the processor's own ids."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from model.prompts import MODALITY_QUESTION, answer_prefix, segment_prefix
from model.seg_tokens import LOC_TOKENS, SEG_TOKENS, write_object
from model.vocabulary import MODALITIES, NOT_A_SCAN, REGIONS
from training.tokenizer import encode_pair, make_tokenizer, save_processor

NAMES = ["liver", "left kidney", "heart", "heart and mediastinum"]
TEXTS = ["what is shown?\nthe left lung", "Is this a CT?\nyes", "Größe µ 3,5 cm"]


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return make_tokenizer(TEXTS, NAMES)


@pytest.mark.parametrize("token", [LOC_TOKENS[0], LOC_TOKENS[-1], SEG_TOKENS[0], SEG_TOKENS[-1]])
def test_places_and_codes_are_one_token(tokenizer: Any, token: str) -> None:
    assert len(tokenizer.encode(token).ids) == 1


def test_each_name_is_one_token_after_a_space(tokenizer: Any) -> None:
    for name in NAMES:
        assert tokenizer.encode(f" {name}").tokens == [f" {name}"]


def test_the_longer_name_wins(tokenizer: Any) -> None:
    tokens = tokenizer.encode(segment_prefix(["heart and mediastinum", "heart"])).tokens
    assert tokens == ["segment", " heart and mediastinum", " ;", " heart", "Ċ"]


@pytest.mark.parametrize("word", [*MODALITIES, *REGIONS, NOT_A_SCAN, "liver, left kidney", "Ö 7 µ"])
def test_answers_come_back_exactly(tokenizer: Any, word: str) -> None:
    assert tokenizer.decode(tokenizer.encode(word).ids) == word


def test_an_object_comes_back_exactly(tokenizer: Any) -> None:
    text = write_object("left kidney", (0.1, 0.2, 0.5, 0.9), list(range(16)))
    assert len(tokenizer.encode(text).ids) == 21
    assert tokenizer.decode(tokenizer.encode(text).ids) == text


def test_the_newline_ends_a_prefix_as_its_own_token(tokenizer: Any) -> None:
    assert tokenizer.encode(answer_prefix(MODALITY_QUESTION)).tokens[-1] == "Ċ"


@pytest.mark.torch
def test_ids_are_those_of_paligemmas_processor(tokenizer: Any, tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    save_processor(tokenizer, tmp_path, image_size=32, patch_size=16)
    processor = transformers.PaliGemmaProcessor.from_pretrained(tmp_path)
    picture = np.full((32, 32, 3), 255, dtype=np.uint8)
    prefix, suffix = "segment liver ; heart", write_object("liver", (0, 0, 1, 1), [3] * 16)
    batch = processor(images=[picture], text=[prefix], suffix=[suffix], return_tensors="np")
    ids, before = encode_pair(tokenizer, prefix + "\n", suffix, image_tokens=4)
    assert batch["input_ids"][0].tolist() == ids
    assert batch["token_type_ids"][0].tolist() == [0] * before + [1] * (len(ids) - before)
    assert batch["pixel_values"].shape == (1, 3, 32, 32)
    assert batch["pixel_values"].max() == pytest.approx(1.0)
