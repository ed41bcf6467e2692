"""Which token a grammar takes from given scores; whole suffixes are tested in test_local."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from model.grammar import SuffixGrammar
from model.text_tokens import TextTokens, open_tokens
from tests.model.tiny import save_tokenizer

pytestmark = pytest.mark.torch


@pytest.fixture(scope="module")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> TextTokens:
    folder: Path = tmp_path_factory.mktemp("tokens")
    save_tokenizer(folder)
    return open_tokens(folder, image_id=4, image_tokens=16)


def taken(
    grammar: SuffixGrammar, chances: dict[int, float], unlikeness: Any = None
) -> tuple[int, float]:
    from model.choosing import choice_of

    allowed = list(grammar.allowed())
    scores = np.full(len(allowed), -50.0, dtype=np.float32)
    for number, chance in chances.items():
        if number in allowed:
            scores[allowed.index(number)] = np.log(chance)
    choice = choice_of(scores, allowed, grammar, unlikeness)
    return choice.token, choice.logprob


def test_the_middle_of_several_places_is_taken(tokens: TextTokens) -> None:
    grammar = SuffixGrammar(["liver"], tokens, has_masks=True)
    spread = {100: 0.3, 101: 0.1, 102: 0.2, 103: 0.2, 104: 0.2}
    token, logprob = taken(grammar, {tokens.loc_ids[k]: v for k, v in spread.items()})
    assert token == tokens.loc_ids[102]
    assert logprob == pytest.approx(-1.6094, abs=1e-3)  # ln 0.2


@pytest.mark.parametrize(("end", "goes_on"), [(0.09, True), (0.12, False)])
def test_the_most_probable_place_decides_against_the_end(
    tokens: TextTokens, end: float, goes_on: bool
) -> None:
    grammar = SuffixGrammar(["liver"], tokens, has_masks=True)
    share = (1 - end) / 9
    chances = {tokens.loc_ids[k]: share for k in range(500, 509)} | {tokens.eos_id: end}
    token, _ = taken(grammar, chances)
    assert token == (tokens.loc_ids[504] if goes_on else tokens.eos_id)


def test_a_place_before_the_near_corner_does_not_count(tokens: TextTokens) -> None:
    grammar = SuffixGrammar(["liver"], tokens, has_masks=True)
    grammar.feed(tokens.loc_ids[300])
    grammar.feed(tokens.loc_ids[300])
    chances = {tokens.loc_ids[100]: 0.9, tokens.loc_ids[400]: 0.1}
    token, logprob = taken(grammar, chances)
    assert token == tokens.loc_ids[400]
    assert logprob == pytest.approx(0.0, abs=1e-3)


def test_codes_and_names_are_the_most_probable_ones(tokens: TextTokens) -> None:
    grammar = SuffixGrammar(["liver"], tokens, has_masks=True)
    for place in (1, 1, 9, 9):
        grammar.feed(tokens.loc_ids[place])
    chances = {tokens.seg_ids[3]: 0.4, tokens.seg_ids[4]: 0.35, tokens.seg_ids[5]: 0.25}
    assert taken(grammar, chances)[0] == tokens.seg_ids[3]


def test_a_code_between_the_likely_ones_is_taken(tokens: TextTokens) -> None:
    grammar = SuffixGrammar(["liver"], tokens, has_masks=True)
    for place in (1, 1, 9, 9):
        grammar.feed(tokens.loc_ids[place])
    chances = dict(zip((tokens.seg_ids[code] for code in (3, 4, 5)), (0.4, 0.3, 0.3), strict=True))
    unlikeness = np.ones((128, 128), dtype=np.float32) - np.eye(128, dtype=np.float32)
    unlikeness[4, 5] = unlikeness[5, 4] = 0.1
    assert taken(grammar, chances)[0] == tokens.seg_ids[3]
    assert taken(grammar, chances, unlikeness)[0] == tokens.seg_ids[4]
