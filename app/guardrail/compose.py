"""Writes what a patient sees, from approved sentences with slots; knows no severity."""

import re
from collections.abc import Sequence
from typing import Final

from app.guardrail.normalise import folded_words
from app.guardrail.policy import Policy, Texts
from app.guardrail.scan import Scan

# Kept sentences and the general part share a place, so that a reply has about the same length
# whatever the raw answer held.
MAX_KEPT_WORDS: Final = 30
_ENDED: Final = re.compile(r"[.!?…؟。][\"'\u201d\u2019»)]*$")
UNKNOWN: Final = "unknown"


def soften_text(policy: Policy, language: str, scan: Scan, kept: Sequence[str], raw: str) -> str:
    """The fixed shape of GUARDRAIL.md section 4, with the safe sentences of the answer in front."""
    texts = policy.texts_of(language)
    category = texts.texts["talk"].format(category=_category(policy, texts, scan, raw))
    start = short_enough(kept) or [_shows(texts, scan, raw), _looks(policy, texts, scan)]
    return _close(texts, [*start, category, texts.texts["puzzle"], texts.texts["explain"]])


def neutral_text(policy: Policy, language: str, scan: Scan) -> str:
    """The doctor-first text for what is broken, blank or unread, and for every failure."""
    texts = policy.texts_of(language)
    start = [_shows(texts, scan, ""), _looks(policy, texts, scan), texts.texts["neutral"]]
    return _close(texts, [*start, texts.texts["puzzle"], texts.texts["explain"]])


def fixed_text(policy: Policy, key: str, language: str, slots: dict[str, str]) -> str:
    """One approved text with its slots filled; the clinic's numbers fill theirs."""
    texts = policy.texts_of(language)
    numbers = {
        "emergency_number": policy.clinic.emergency_number,
        "crisis_line": policy.clinic.crisis_line,
    }
    return texts.texts[key].format(**{**numbers, **slots})


def child_text(policy: Policy, language: str, scan: Scan) -> str:
    """The reply to a child."""
    texts = policy.texts_of(language)
    return texts.texts["child"].format(shows=_shows(texts, scan, ""))


def general_text(policy: Policy, language: str, scan: Scan) -> str:
    """What doctors look at in such a picture, how it is made, and what it cannot show."""
    texts = policy.texts_of(language)
    made = texts.made.get(scan.modality or "other", texts.made["other"])
    return " ".join([_looks(policy, texts, scan), made, texts.texts["limits"]])


def short_enough(kept: Sequence[str]) -> list[str]:
    """The first whole sentences that fit into MAX_KEPT_WORDS words."""
    found: list[str] = []
    total = 0
    for sentence in kept:
        total += len(sentence.split())
        if total > MAX_KEPT_WORDS:
            break
        found.append(_finish(sentence))
    return found


def kinds_of(policy: Policy, raw: str) -> set[str]:
    """The kinds of structure that the finding lexicon sees in a raw answer."""
    spans = policy.findings.find(folded_words(raw)).get("en", {})
    return set(spans)


def _category(policy: Policy, texts: Texts, scan: Scan, raw: str) -> str:
    group = policy.groups.get(scan.region or UNKNOWN, policy.groups[UNKNOWN])
    allowed = scan.may_use_category and policy.clinic.use_categories
    if allowed and group.kinds_of_b & kinds_of(policy, raw):
        return texts.category_b[group.name]
    return texts.category_a[group.name]


def _shows(texts: Texts, scan: Scan, raw: str) -> str:
    """The sentence that names the part; the raw answer names it only where the scan does not."""
    if scan.region in texts.shows:
        return texts.shows[str(scan.region)]
    for word in folded_words(raw):
        if word in texts.parts:
            return texts.parts[word]
    return texts.shows[UNKNOWN]


def _looks(policy: Policy, texts: Texts, scan: Scan) -> str:
    group = policy.groups.get(scan.region or UNKNOWN, policy.groups[UNKNOWN])
    return texts.looks[group.name]


def _close(texts: Texts, sentences: list[str]) -> str:
    question = texts.texts["ask"].format(question=texts.questions[0])
    return " ".join([*sentences, question, texts.texts["staff"]])


def _finish(sentence: str) -> str:
    """A kept sentence with an end: a fragment may come without its full stop."""
    return sentence if _ENDED.search(sentence) else sentence.rstrip(",;: ") + "."
