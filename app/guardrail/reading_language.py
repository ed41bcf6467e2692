"""Which language a text is in, and whether the guard reads it."""

import unicodedata
from collections import Counter
from collections.abc import Sequence
from typing import Final

from app.guardrail.normalise import WORD, folded_words
from app.guardrail.once import once
from app.guardrail.policy import LANGUAGES, Policy

_SAMPLE: Final = 120
# Letters of languages that use the Arabic script and are not Arabic.
_NOT_ARABIC: Final = frozenset("پچژگٹڈڑںےہھۆێڕڵەۇۈې")
_LEAST_TOKENS: Final = 3


def coverage(policy: Policy, tokens: Sequence[str]) -> float:
    """The share of words that the best supported language knows, in [0, 1]."""
    return max(_shares(policy, tokens).values(), default=0.0)


def best_language(policy: Policy, tokens: Sequence[str]) -> str:
    """The supported language that knows most of the words; English when none does."""
    shares = _shares(policy, tokens)
    best = max(shares, key=lambda code: shares[code], default="en")
    return best if shares.get(best) else "en"


def is_unread(policy: Policy, text: str) -> bool:
    """Whether a text is in a script or a language that the guard does not read reliably."""
    if _foreign_script(text):
        return True
    tokens = folded_words(text)[:_SAMPLE]
    if len(tokens) < _LEAST_TOKENS:
        return False
    known = coverage(policy, tokens)
    foreign = max(
        (sum(map(several.__contains__, tokens)) for several in policy.other_languages.values()),
        default=0,
    ) / len(tokens)
    return foreign > known or (foreign >= 0.25 and known < 0.5)


def _shares(policy: Policy, tokens: Sequence[str]) -> dict[str, float]:
    sample = tuple(tokens[:_SAMPLE])
    return once(("shares", sample), lambda: _count_shares(policy, sample)) if sample else {}


def _count_shares(policy: Policy, sample: tuple[str, ...]) -> dict[str, float]:
    rows = policy.words.rows()
    times = Counter(code for word in sample for code in rows[word].read)
    return {code: times[code] / len(sample) for code in LANGUAGES}


def _foreign_script(text: str) -> bool:
    """Whether most letters are neither Latin nor Arabic, or those of Persian and the like."""
    found = WORD.findall(text[:4000])
    times = Counter(char for char in "".join(found) if char.isalpha())
    letters = times.total()
    if not letters:
        return False
    names = {char: unicodedata.name(char, "") for char in times}
    latin = sum(
        times[char] for char, name in names.items() if name.startswith(("LATIN", "FULLWIDTH LATIN"))
    )
    arabic = sum(times[char] for char, name in names.items() if name.startswith("ARABIC"))
    if latin + arabic < 0.5 * letters:
        # Letters of other alphabets that only imitate Latin ones are a disguise, not a language.
        return latin < 0.2 * letters
    odd = sum(times[char] for char in _NOT_ARABIC & times.keys())
    return arabic > latin and odd > 0.03 * letters
