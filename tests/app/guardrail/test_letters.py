"""Folding letter by letter must give what folding the whole text gives."""

import random
import unicodedata

import pytest

from app.guardrail.letters import Letters
from app.guardrail.normalise import _fold_all, _fold_whole, fold

BELOW = [chr(point) for point in range(0x20000)]
FOLDED = [letter for letter in BELOW[:0x3400] if _fold_whole(letter) != letter]
MARKS = [letter for letter in BELOW if unicodedata.category(letter).startswith("M")]
# The only letters that join with others without a mark.
PARTS_OF_SYLLABLES = [*BELOW[0x1100:0x1200], *BELOW[0x3131:0x318F], *BELOW[0xFFA0:0xFFDD]]
POOLS = (BELOW, FOLDED, MARKS, PARTS_OF_SYLLABLES, [*"aeiouIİß'\u02b9`ϒςΣ \n"])


@pytest.mark.parametrize("seed", range(8))
def test_letters_together_fold_as_letters_alone(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(2000):
        pools = chance.sample(POOLS, 2)
        text = "".join(chance.choice(chance.choice(pools)) for _ in range(chance.randint(1, 6)))
        assert _fold_all(text) == _fold_whole(text), ascii(text)


@pytest.mark.parametrize(
    "text", ["é&amp;lt;é", "é\uff06amp;", "\U0002f800é", "é\ud800é", "é\U000e0041"]
)
def test_what_letters_alone_cannot_tell_is_folded_whole(text: str) -> None:
    assert fold(text) == _fold_whole(text)


def test_only_letters_that_change_are_kept() -> None:
    letters = Letters(str.upper)
    assert letters.change_each("naïve 漢字") == "NAÏVE 漢字"
    assert "漢" not in letters._changed
    assert letters._changed["ï"] == "Ï"
