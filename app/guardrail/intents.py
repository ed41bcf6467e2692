"""What a question wants: alarms first, then everything that decides what may be answered."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from app.guardrail.approval import cut_words, repeats
from app.guardrail.complaints import complains, is_unplaced
from app.guardrail.hearing import View, hear, hear_plain
from app.guardrail.likeness import CALLS, DENIES, OBJECTS
from app.guardrail.normalise import (
    base64_texts,
    decoded_texts,
    fold,
    folded_words,
)
from app.guardrail.once import once
from app.guardrail.patterns import Spans, matches
from app.guardrail.policy import LANGUAGES, Policy, QuestionRule
from app.guardrail.reading_language import best_language, coverage, is_unread
from app.guardrail.topic import is_strange
from app.guardrail.vocabulary import PHRASE

ALARMS: Final = ("emergency", "self_harm", "person_at_risk")
MAX_QUESTION: Final = 2000
_HIDDEN_COVERAGE: Final = 0.6
# Concepts of the further emergency languages that alarm by one word.
_KEY_WORDS: Final = {
    "key_emergency": "emergency",
    "key_self_harm": "self_harm",
    "key_at_risk": "person_at_risk",
}
_READ_COVERAGE: Final = 0.6
# A text of which one language knows so much is not read as mistyped English as well.
_CLEAR_COVERAGE: Final = 0.7
_LONG_TEXT: Final = 100
_TURNED: Final = 2  # ROT13 and backwards come first
_NOISE_COVERAGE: Final = 0.3
_PERSON: Final = re.compile(
    r"\b(?i:scans?|pictures?|images?|results?|x-?rays?|mri|ct|reports?|records?|files?)"
    r"\s+(?i:of|for|from|named)\s+"
    r"(?!(?i:the|my|a|an|this|that|me)\b)([A-Z][a-z]+)(?:\s+[A-Z][\w.]+)?"
    r"|\b([A-Z][a-z]+)['\u2019]s\s+(?i:scans?|pictures?|results?|x-?rays?|mri|ct|reports?)\b"
)
# "the picture of Mrs Baker" in the languages of the pages.
_TITLED: Final = re.compile(
    r"\b(?i:scans?|fotos?|foto['\u2019]s|bild(?:er)?|aufnahmen?|photos?|images?|radios?|clich\u00e9s?|"
    r"imagen(?:es)?|radiograf\u00edas?|zdj\u0119ci[ea]|obraz|pictures?|results?|uitslag(?:en)?|"
    r"befunde?|r\u00e9sultats?|resultados?|wynik[ia]?)\s+(?:(?i:of|van|von|de|del|dla)\s+)?"
    r"(?:(?i:la|el)\s+)?(?i:mevrouw|meneer|frau|herrn?|madame|monsieur|mme|se\u00f1ora?|pani|pana?|"
    r"mrs|mr|ms)\.?\s+[A-Z\u00c0-\u017d]\w+"
)


@dataclass(frozen=True)
class Intent:
    """The kind of a question and the rule that said so."""

    kind: str
    rule: str


def find_alarm(policy: Policy, text: str, views: Sequence[View] | None = None) -> Intent | None:
    """An emergency, self-harm or a person at risk, anywhere in the text, in every language."""
    views = hear(policy.questions, text) if views is None else views
    for view in (*views, *_hidden_views(policy, text, views[0])):
        for rule in policy.rules_in(view.concepts):
            if rule.kind in ALARMS and _fires(rule, _spans_for(policy, rule, view), view.spans):
                return Intent(rule.kind, rule.id)
        if any("alarm" in concepts for concepts in view.spans.values()):
            return Intent("emergency", "clinic.alarm_phrases")
        key = _key_word(policy, view)
        if key:
            return key
        if _complains(policy, view):
            return Intent("emergency", "ask.emergency.complaint")
    score, kind = max(_likeness(policy, view) for view in views)
    return Intent(kind, f"ask.{kind}.likeness") if score >= CALLS else None


def find_intent(
    policy: Policy, text: str, language: str, views: Sequence[View] | None = None
) -> Intent:
    """What a question wants that raises no alarm; `text` is at most MAX_QUESTION characters."""
    tokens = folded_words(text)
    if not any(char.isalpha() for char in text) or repeats(tokens):
        return Intent("empty", "ask.empty")
    views = hear(policy.questions, text) if views is None else views
    if _hides_text(policy, text, views):
        return Intent("jailbreak", "ask.encoded")
    best = best_language(policy, tokens)
    languages = {language, best}
    if best != "en" and coverage(policy, tokens) < _CLEAR_COVERAGE:
        languages.add("en")
    if is_unread(policy, text):
        return Intent("unread_language", "ask.unread_language")
    may_fire = {rule.id for view in views for rule in policy.rules_in(view.concepts)}
    for rule in policy.rules:
        if rule.kind in ALARMS or rule.kind == "off_topic":
            continue
        if rule.id in may_fire and any(_fires(rule, view.spans, languages) for view in views):
            return Intent(rule.kind, rule.id)
        if rule.kind == "other_person" and _names_person(policy, text):
            return Intent("other_person", "ask.other_person.name")
    topic = _topic(policy, text, views[0], languages)
    # Nobody states what the guard cannot place about a person without somebody looking.
    if any(_is_unplaced(policy, view, language) for view in views):
        return Intent("emergency", "ask.emergency.unplaced")
    return topic


def _spans_for(policy: Policy, rule: QuestionRule, view: View) -> Mapping[str, Spans]:
    """An emergency is stated; a wish to die or a threat may hide in an "if".

    Where a text sounds nothing like an emergency, it is none in the languages that were learnt.
    """
    if rule.kind != "emergency":
        return view.spans
    if _likeness(policy, view)[0] >= DENIES:
        return view.stated
    return {code: spans for code, spans in view.stated.items() if code not in LANGUAGES}


def _is_noise(policy: Policy, view: View) -> bool:
    """Whether a long text is hardly made of words, so that its few words say nothing together."""
    return len(view.tokens) > _LONG_TEXT and coverage(policy, view.tokens) < _NOISE_COVERAGE


def _key_word(policy: Policy, view: View) -> Intent | None:
    """An alarm by one word alone, in a text that no language of the pages can read."""
    found = {concept for spans in view.spans.values() for concept in spans} & _KEY_WORDS.keys()
    if not found or coverage(policy, view.tokens) >= _READ_COVERAGE:
        return None
    kind = min((_KEY_WORDS[concept] for concept in found), key=ALARMS.index)
    return Intent(kind, f"ask.{kind}.key_word")


def _complains(policy: Policy, view: View) -> bool:
    return complains(policy.scale, view, languages_of(policy, view)) and _may_call(policy, view)


def _is_unplaced(policy: Policy, view: View, language: str) -> bool:
    spoken = {language, best_language(policy, view.tokens)} - {"en"} or {"en"}
    known = coverage(policy, view.tokens) == 1
    unplaced = is_unplaced(policy.scale, view, spoken, all_known=known)
    return unplaced and _may_call(policy, view)


def _may_call(policy: Policy, view: View) -> bool:
    """Whether words that no rule names may call somebody together."""
    return not _is_noise(policy, view) and _likeness(policy, view)[0] >= OBJECTS


def _likeness(policy: Policy, view: View) -> tuple[float, str]:
    """How much a view sounds like an alarm, and like which kind; 0 where no language reads it."""
    if coverage(policy, view.tokens) < _NOISE_COVERAGE:
        return 0.0, ALARMS[0]
    languages = languages_of(policy, view)
    return once(("likeness", view.tokens), lambda: policy.likeness.hear(view, languages))


def languages_of(policy: Policy, view: View) -> list[str]:
    """The language that knows most of a text, and English, in order."""
    return sorted({"en", best_language(policy, view.tokens)})


def _hidden_views(policy: Policy, text: str, plain: View) -> Iterator[View]:
    """What a text says in base64, ROT13 or backwards, where that reads as words.

    What reads at least as well as it stands is not turned round ("raka" is "akar" backwards).
    """
    hidden = dict.fromkeys(base64_texts(text))
    open_share = coverage(policy, plain.tokens)
    for turned in decoded_texts(text)[:_TURNED]:
        if coverage(policy, folded_words(turned)) > open_share:
            hidden[turned] = None
    for one in hidden:
        if _readable(policy, one):
            yield hear_plain(policy.questions, one)


def _topic(policy: Policy, text: str, view: View, languages: set[str]) -> Intent:
    """Anatomy when the question points at the picture or names a part of it, else off topic."""
    spans = view.spans
    off = any("off_topic" in spans.get(language, {}) for language in languages)
    strange = is_strange(policy, view, languages_of(policy, view))
    for language in sorted(languages & set(policy.approvers)):
        tagged = [
            policy.approvers[language].vocabulary.tag(word)
            for tokens in cut_words(text)
            for word in tokens
        ]
        there = spans.get(language, {})
        if any(tag.startswith("a_") for tag in tagged):
            return Intent("anatomy", "ask.anatomy")
        if strange or off:
            continue
        if any(tag.startswith(("m_", "d_")) for tag in tagged):
            return Intent("anatomy", "ask.anatomy")
        if "asking" in there and ("pointing" in there or _is_approved(policy, language, text)):
            return Intent("anatomy", "ask.pointing")
    return Intent("off_topic", "ask.off_topic.likeness" if strange else "ask.off_topic")


def _is_approved(policy: Policy, language: str, text: str) -> bool:
    """Whether a question of approved words asks for a thing or holds an approved phrase."""
    reading = policy.approvers[language].read(text)
    allowed = policy.plain_words.get(language, frozenset())
    if not allowed.issuperset(reading.unknown):
        return False
    asks = policy.of_things[language].search(" ".join(folded_words(text)))
    return PHRASE in reading.tagged or bool(asks)


def _fires(rule: QuestionRule, spans: Mapping[str, Spans], languages: Iterable[str]) -> bool:
    return any(
        matches(pattern, spans[language])
        for language in languages
        if language in spans
        for pattern in rule.patterns
    )


def _hides_text(policy: Policy, text: str, views: Sequence[View]) -> bool:
    """Whether a text that reads badly reads well as base64, ROT13 or backwards."""
    if any(_readable(policy, hidden) for hidden in base64_texts(text)):
        return True
    # A word of two letters is one of some language, whichever way it is read.
    longer = ([one for one in view.tokens if len(one) > 2] or view.tokens for view in views[:3])
    if max(coverage(policy, tokens) for tokens in longer) >= _HIDDEN_COVERAGE / 2:
        return False
    return any(_readable(policy, hidden) for hidden in decoded_texts(text))


def _readable(policy: Policy, text: str) -> bool:
    tokens = folded_words(text)
    return len(tokens) >= 2 and coverage(policy, tokens) >= _HIDDEN_COVERAGE


def _names_person(policy: Policy, text: str) -> bool:
    """Whether a picture or result is asked for by a proper name."""
    if _TITLED.search(text):
        return True
    for match in _PERSON.finditer(text):
        name = fold(match[1] or match[2])
        if "en" not in policy.words.row(name).read:
            return True
    return False
