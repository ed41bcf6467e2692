"""The tree of phrases must find what going through every line of the lists finds."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from app.guardrail.check import Guard
from app.guardrail.command import read_cases
from app.guardrail.concepts import Lexicon, Patience, _is_slip, build_lexicon
from app.guardrail.normalise import fold, words
from app.guardrail.phrases import make_tree
from tests.guardrail.test_redteam import OWN

LEXICON = Guard.load().policy.questions
Found = Counter[tuple[str, str, int, int]]


def fits(lexicon: Lexicon, rest: Sequence[str], tokens: Sequence[str], *, strict: bool) -> bool:
    """Whether the words of a phrase stand there; a word of no list may be a slip of one."""
    for number, (word, token) in enumerate(zip(rest, tokens, strict=True)):
        if word in ("?", token) or (word[-1] == "*" and token.startswith(word[:-1])):
            continue
        if (strict and not number) or lexicon.holds(token) or not _is_slip(token, word):
            return False
    return True


def by_every_line(lexicon: Lexicon, tokens: Sequence[str]) -> Iterator[tuple[str, str, int, int]]:
    for at, token in enumerate(tokens):
        alone = set()
        for entry in lexicon._look_up(token):
            end = at + 1 + len(entry.rest)
            if not entry.rest:
                alone.add((*entry.pair, at, end))
            elif end <= len(tokens) and fits(
                lexicon, entry.rest, tokens[at + 1 : end], strict=True
            ):
                yield (*entry.pair, at, end)
        yield from alone


def by_the_tree(lexicon: Lexicon, tokens: Sequence[str]) -> Iterator[tuple[str, str, int, int]]:
    found = lexicon.find(tokens, Patience(slips_left=0))
    for language, concepts in found.items():
        for concept, spans in concepts.items():
            assert [start for start, _ in spans] == sorted(start for start, _ in spans)
            yield from ((language, concept, start, end) for start, end in spans)


@pytest.mark.parametrize("file", OWN, ids=lambda file: file.stem)
def test_the_tree_finds_what_every_line_finds(file: Path) -> None:
    for case in read_cases(file):
        tokens = words(fold(f"{case['question']} {case.get('raw_answer') or ''}"))
        listed = [token for token in tokens if LEXICON.holds(token) or LEXICON.has_stem(token)]
        for several in (tokens, listed, listed[::-1]):
            # A first word of no list is looked up with a letter taken off, which is not asked here.
            several = [token for token in several if LEXICON.holds(token) or len(token) < 4]
            wanted: Found = Counter(by_every_line(LEXICON, several))
            assert Counter(by_the_tree(LEXICON, several)) == wanted, several


def test_phrases_of_one_beginning_come_in_the_order_of_the_lists() -> None:
    entries = ["well then", "well", "well th*", "well ? now", "well then now"]
    lexicon = build_lexicon({"en": {"filler": entries}})
    found = lexicon.find(["well", "then", "now"])["en"]["filler"]
    assert found == [(0, 1), (0, 2), (0, 3), (0, 2), (0, 3)]


def test_a_slip_in_a_phrase_is_found() -> None:
    lexicon = build_lexicon({"en": {"pain": ["chest hurts badly"]}})
    assert lexicon.find(["chest", "hurrts", "badly"]) == {"en": {"pain": [(0, 3)]}}
    assert lexicon.find(["chest", "hurts", "badlly"]) == {"en": {"pain": [(0, 3)]}}
    assert lexicon.find(["chest", "hurts"]) == {}


def test_a_tree_says_each_concept_of_a_word_once() -> None:
    pair = ("en", "pain")
    assert [found for _, found in make_tree([(pair, ()), (pair, ()), (pair, ("in",))]).ends] == [
        pair
    ]
