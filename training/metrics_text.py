"""Scores of words against words: token F1, BLEU, ROUGE-L and parroting of the question."""

import math
import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

MAX_ORDER: Final = 4
_WORD: Final = re.compile(r"[a-z0-9]+(?:\.[0-9]+)?")


def tokens(text: str) -> list[str]:
    """Lower-case words and numbers; marks are left out."""
    return _WORD.findall(text.lower())


def is_same(answer: str, reference: str) -> bool:
    """The same words in the same order; an empty answer is never right."""
    said = tokens(answer)
    return bool(said) and said == tokens(reference)


def token_f1(answer: str, reference: str) -> float:
    """F1 of the bags of words, 0 to 1; two empty texts agree."""
    said, wanted = Counter(tokens(answer)), Counter(tokens(reference))
    if not said or not wanted:
        return float(said == wanted)
    shared = sum((said & wanted).values())
    if shared == 0:
        return 0.0
    precision, recall = shared / sum(said.values()), shared / sum(wanted.values())
    return 2 * precision * recall / (precision + recall)


def rouge_l(answer: str, reference: str) -> float:
    """ROUGE-L F1, 0 to 1: the longest common subsequence of words.

    Source: Lin 2004, "ROUGE: A Package for Automatic Evaluation of Summaries", with beta = 1.
    """
    said, wanted = tokens(answer), tokens(reference)
    if not said or not wanted:
        return float(said == wanted)
    common = _common_length(said, wanted)
    if common == 0:
        return 0.0
    precision, recall = common / len(said), common / len(wanted)
    return 2 * precision * recall / (precision + recall)


def corpus_bleu(answers: Sequence[str], references: Sequence[str]) -> float:
    """BLEU-4 of a whole set, 0 to 1, with one reference each and no smoothing.

    Source: Papineni et al. 2002, "BLEU: a Method for Automatic Evaluation of Machine Translation".
    """
    hits, totals = [0] * MAX_ORDER, [0] * MAX_ORDER
    said_length = wanted_length = 0
    for answer, reference in zip(answers, references, strict=True):
        said, wanted = tokens(answer), tokens(reference)
        said_length += len(said)
        wanted_length += len(wanted)
        for order in range(1, MAX_ORDER + 1):
            given, known = _grams(said, order), _grams(wanted, order)
            hits[order - 1] += sum((given & known).values())
            totals[order - 1] += sum(given.values())
    if min(hits) == 0:
        return 0.0
    precision = sum(math.log(h / t) for h, t in zip(hits, totals, strict=True)) / MAX_ORDER
    brevity = min(0.0, 1.0 - wanted_length / said_length)
    return math.exp(brevity + precision)


def is_parroting(answer: str, question: str) -> bool:
    """The answer holds nothing but words of the question (at least two of them)."""
    said = tokens(answer)
    return len(said) > 1 and set(said) <= set(tokens(question))


def _grams(words: Sequence[str], order: int) -> Counter[tuple[str, ...]]:
    return Counter(tuple(words[i : i + order]) for i in range(len(words) - order + 1))


def _common_length(first: Sequence[str], second: Sequence[str]) -> int:
    row = [0] * (len(second) + 1)
    for one in first:
        diagonal = 0
        for place, other in enumerate(second, start=1):
            above = row[place]
            row[place] = diagonal + 1 if one == other else max(above, row[place - 1])
            diagonal = above
    return row[-1]
