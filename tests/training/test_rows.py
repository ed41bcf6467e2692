"""Rows for the joint stage: what is fed, what is asked for, and what is padding."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from model.prompts import segment_prefix
from model.seg_tokens import parse_suffix, write_object
from training.cache import OBJECT, shift_box
from training.examples import Example
from training.rows import IGNORE, Vocabulary, encode_example, make_rows, read_vocabulary
from training.tokenizer import BOS, EOS, IMAGE, PAD, make_tokenizer

pytestmark = pytest.mark.torch
NAMES = ["liver", "spleen"]


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return read_vocabulary(make_tokenizer(["the liver"], NAMES), NAMES, image_tokens=4)


def found(name: int) -> Any:
    row = np.zeros(1, dtype=OBJECT)[0]
    row["name"], row["share"] = name, 0.2
    row["box"], row["shifted"] = (0.1, 0.2, 0.5, 0.6), (0.12, 0.18, 0.52, 0.61)
    row["codes"], row["shifted_codes"] = range(16), range(16, 32)
    return row


def test_a_suffix_is_the_text_that_serving_parses(vocabulary: Vocabulary) -> None:
    example = Example("segment", segment_prefix(NAMES), objects=(found(0), found(1)))
    fed, asked, before = encode_example(vocabulary, example)
    assert fed == asked
    assert fed[:5] == [IMAGE] * 4 + [BOS]
    assert fed[-1] == EOS
    text = vocabulary.tokenizer.decode(fed[before:-1])
    box = (0.1, 0.2, 0.5, 0.6)
    codes = list(range(16))
    written = f"{write_object('liver', box, codes)} ; {write_object('spleen', box, codes)}"
    assert text == written
    assert fed[before:-1] == vocabulary.tokenizer.encode(written).ids
    assert [one.label for one in parse_suffix(text, NAMES, True).objects] == NAMES


def test_shifted_corners_are_fed_and_true_ones_asked_for(vocabulary: Vocabulary) -> None:
    example = Example("segment", segment_prefix(["liver"]), objects=(found(0),), shifted=True)
    fed, asked, before = encode_example(vocabulary, example)
    first = vocabulary.first_loc
    assert [one - first for one in fed[before : before + 4]] == [123, 184, 532, 624]
    assert [one - first for one in asked[before : before + 4]] == [102, 205, 512, 614]
    assert fed[before + 4 :] == asked[before + 4 :]
    assert asked[before + 4] - vocabulary.first_seg == 16


def test_detect_has_no_codes_and_absent_is_empty(vocabulary: Vocabulary) -> None:
    detected = Example("detect", "detect liver\n", objects=(found(0),))
    _, asked, before = encode_example(vocabulary, detected)
    assert len(asked) - before == 6
    _, asked, before = encode_example(vocabulary, Example("segment", "segment spleen\n"))
    assert asked[before:] == [EOS]


def test_padding_is_neither_seen_nor_asked_for(vocabulary: Vocabulary) -> None:
    examples = [
        (0, Example("kind", "answer en which part?\n", "liver")),
        (1, Example("segment", segment_prefix(["liver"]), objects=(found(0),))),
    ]
    (rows,) = make_rows(vocabulary, examples, 1)
    assert rows.pictures.tolist() == [0, 1]
    short = int(rows.attention[0].sum())
    assert short < rows.ids.shape[1]
    assert (rows.ids[0, short:] == PAD).all()
    assert (rows.labels[0, short:] == IGNORE).all()
    assert (rows.labels[rows.types == 0] == IGNORE).all()
    assert (rows.labels[1] != IGNORE).sum() == 22


def test_shifted_boxes_stay_boxes() -> None:
    generator = np.random.default_rng(3)
    for box in ((0.0, 0.0, 0.012, 1.0), (0.98, 0.5, 1.0, 0.51), (0.2, 0.2, 0.8, 0.8)):
        for _ in range(50):
            y_min, x_min, y_max, x_max = shift_box(box, generator)
            assert 0.0 <= y_min < y_max <= 1.0
            assert 0.0 <= x_min < x_max <= 1.0


def test_vocabulary_is_read_from_a_saved_tokenizer(vocabulary: Vocabulary, tmp_path: Path) -> None:
    from tokenizers import Tokenizer

    path = tmp_path / "tokenizer.json"
    vocabulary.tokenizer.save(str(path))
    again = read_vocabulary(Tokenizer.from_file(str(path)), NAMES, 4)
    assert again.name_ids == vocabulary.name_ids
    assert again.first_loc == vocabulary.first_loc
