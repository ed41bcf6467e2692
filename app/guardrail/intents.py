"""What a question wants: alarms first, then everything that decides what may be answered."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from app.guardrail.approval import cut_words, repeats
from app.guardrail.concepts import BORDER, Spans, matches
from app.guardrail.glued import split_glued
from app.guardrail.normalise import (
    base64_texts,
    decoded_texts,
    fold,
    view_texts,
    words,
)
from app.guardrail.policy import Policy, QuestionRule
from app.guardrail.reading_language import best_language, coverage, is_unread

ALARMS: Final = ("emergency", "self_harm", "person_at_risk")
MAX_QUESTION: Final = 2000
# "This queue is killing me" is no alarm, but it is a feeling.
_FEELINGS: Final = ("anger", "fear")
# "Help" alone is a call; in a sentence it is a word like any other.
_BARE_CALL: Final = "bare_call"
_HIDDEN_COVERAGE: Final = 0.6
_SENTENCE_END: Final = re.compile(r"[.!?;:\u061f\u2026]+(?=\s|$)")
_PERSON: Final = re.compile(
    r"\b(?:scans?|pictures?|images?|results?|x-?rays?|mri|ct|reports?|records?|files?)"
    r"\s+(?:of|for|from|named)\s+"
    r"(?!(?:the|my|a|an|this|that|me)\b)([A-Z][a-z]+)(?:\s+[A-Z][\w.]+)?"
    r"|\b([A-Z][a-z]+)['\u2019]s\s+(?:scans?|pictures?|results?|x-?rays?|mri|ct|reports?)\b"
)


@dataclass(frozen=True)
class Intent:
    """The kind of a question and the rule that said so."""

    kind: str
    rule: str


def find_alarm(policy: Policy, text: str) -> Intent | None:
    """An emergency, self-harm or a person at risk, anywhere in the text, in every language."""
    texts = [*view_texts(text), *(fold(hidden) for hidden in decoded_texts(text))]
    for view in dict.fromkeys(texts):
        spans = _spans(policy, view)
        for rule in policy.rules:
            if rule.kind in ALARMS and _fires(rule, spans, spans):
                return Intent(rule.kind, rule.id)
        for concepts in spans.values():
            if "alarm" in concepts:
                return Intent("emergency", "clinic.alarm_phrases")
    return None


def find_intent(policy: Policy, text: str, language: str) -> Intent:
    """What a question wants that raises no alarm; `text` is at most MAX_QUESTION characters."""
    tokens = words(fold(text))
    if not any(char.isalpha() for char in text) or repeats(tokens):
        return Intent("empty", "ask.empty")
    views = view_texts(text)
    if _hides_text(policy, text, views):
        return Intent("jailbreak", "ask.encoded")
    languages = {language, "en", best_language(policy, tokens)}
    if is_unread(policy, text):
        return Intent("unread_language", "ask.unread_language")
    all_spans = [_spans(policy, view) for view in views]
    for rule in policy.rules:
        if rule.kind in ALARMS or rule.kind == "off_topic":
            continue
        if any(_fires(rule, spans, languages) for spans in all_spans):
            return Intent(rule.kind, rule.id)
        if rule.kind == "other_person" and _names_person(policy, text):
            return Intent("other_person", "ask.other_person.name")
    return _topic(policy, text, all_spans[0], languages)


def _topic(policy: Policy, text: str, spans: dict[str, Spans], languages: set[str]) -> Intent:
    """Anatomy when the question points at the picture or names a part of it, else off topic."""
    off = any("off_topic" in spans.get(language, {}) for language in languages)
    for language in sorted(languages & set(policy.approvers)):
        tagged = [
            policy.approvers[language].vocabulary.tag(word)
            for tokens in cut_words(text)
            for word in tokens
        ]
        there = spans.get(language, {})
        if any(tag.startswith(("a_", "m_", "d_")) for tag in tagged) and not (
            off and not any(tag.startswith("a_") for tag in tagged)
        ):
            return Intent("anatomy", "ask.anatomy")
        if not off and "pointing" in there and "asking" in there:
            return Intent("anatomy", "ask.pointing")
    return Intent("off_topic", "ask.off_topic")


def _fires(rule: QuestionRule, spans: dict[str, Spans], languages: Iterable[str]) -> bool:
    return any(
        matches(pattern, spans[language])
        for language in languages
        if language in spans
        for pattern in rule.patterns
    )


def _spans(policy: Policy, view: str) -> dict[str, Spans]:
    """The concepts of a view, without those inside a figure of speech."""
    marked = [word for part in _SENTENCE_END.split(view) for word in (*words(part), BORDER)]
    tokens: list[str] = []
    borders: list[tuple[int, int]] = []
    for word in split_glued(policy.questions, marked):
        if word == BORDER:
            borders.append((len(tokens), len(tokens)))
        else:
            tokens.append(word)
    found = policy.questions.find(tokens)
    for language, spans in found.items():
        found[language] = _without_figures(spans) | {BORDER: borders}
        if len(spans.get(_BARE_CALL, ())) < len(tokens):
            found[language].pop(_BARE_CALL, None)
    return found


def _without_figures(spans: Spans) -> Spans:
    """The spans that touch no figure of speech, or go on behind it ("jump in front of")."""
    end_of = {at: end for start, end in spans.get("figures", ()) for at in range(start, end)}
    if not end_of:
        return spans
    kept = {}
    for concept, several in spans.items():
        free = [
            (start, end)
            for start, end in several
            if concept in _FEELINGS
            or end > max(end_of.get(start, 0), end_of.get(end - 1, 0)) > start
            or not (start in end_of or end - 1 in end_of)
        ]
        if free:
            kept[concept] = free
    return kept


def _hides_text(policy: Policy, text: str, views: Sequence[str]) -> bool:
    """Whether a text that reads badly reads well as base64, ROT13 or backwards."""
    if any(_readable(policy, hidden) for hidden in base64_texts(text)):
        return True
    if max(coverage(policy, words(view)) for view in views[:2]) >= _HIDDEN_COVERAGE / 2:
        return False
    return any(_readable(policy, hidden) for hidden in decoded_texts(text))


def _readable(policy: Policy, text: str) -> bool:
    tokens = words(fold(text))
    return len(tokens) >= 2 and coverage(policy, tokens) >= _HIDDEN_COVERAGE


def _names_person(policy: Policy, text: str) -> bool:
    """Whether a picture or result is asked for by a proper name."""
    for match in _PERSON.finditer(text):
        name = fold(match[1] or match[2])
        if not any(name in several for several in policy.reading.values()):
            return True
    return False
