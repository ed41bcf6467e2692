"""Judges a raw answer together with its question: what of it may be shown."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Final

from app.guardrail.approval import UNKNOWN_WORD, Approval, Approver, repeats
from app.guardrail.asked import OPENING_WORDS, Asked, read_question
from app.guardrail.doubt import names_finding
from app.guardrail.naming import NAMED, is_fragment, is_full_name, is_kind, is_name, is_substance
from app.guardrail.normalise import fold, folded_words, words
from app.guardrail.policy import Policy
from app.guardrail.reading_language import best_language, is_unread
from app.guardrail.sentences import split_sentences
from app.guardrail.vocabulary import PHRASE
from model.vocabulary import NOT_A_SCAN

MAX_RAW: Final = 5000
_BROKEN: Final = re.compile(
    r"<\s*/?\s*\w+[^>]*>|[{}\[\]]|```|^\s*(?:detect|segment|answer|caption|null|none|nan|undefined)\b",
    re.IGNORECASE,
)
# An article before one of these is no English: such words stand together by chance.
_GARBLED: Final = re.compile(r"\b(?:a|an|the)\s+(?:a|an|the|in|of|with|which)(?=\s)", re.IGNORECASE)
_LEADING: Final = re.compile(r"^\s*(\w+)\s*(?:[,.:;!\u060c\u061b\u2013\u2014-]+\s*|$)", re.UNICODE)
# Where an identifying sentence may be cut; the part before must be approved on its own.
_CUTS: Final = re.compile(
    r",|\s(?=(?:of|with|after|in|and|but|which|who|from|that|showing|at|where|taken|because|demonstrat\w+|"
    r"mit|von|nach|van|met|na|en|avec|de|du|après|con|del|tras|y|z|ze|po|i|w)\s)",
    re.IGNORECASE,
)
_FIRST_WORDS: Final = 3
_BEFORE_A_KIND: Final = frozenset({"function", "irregular", "orientation", "shape", "form"})
"""What may stand before a kind of picture: "this is a bright axial CT"."""


@dataclass(frozen=True)
class Judgement:
    """Whether all of an answer may be shown, what of it may be kept, and whether it can be read."""

    all_ok: bool
    kept: tuple[str, ...]
    readable: bool
    rule: str


def judge_answer(policy: Policy, question: str, raw: str, language: str) -> Judgement:
    """Judges at most MAX_RAW characters of a raw answer; what lies behind is never shown."""
    cut = raw[:MAX_RAW]
    tokens = folded_words(cut)
    if not tokens:
        return Judgement(False, (), False, "answer.blank")
    if repeats(tokens):
        return Judgement(False, (), False, "answer.loop")
    if _GARBLED.search(cut):
        return Judgement(False, (), False, "answer.garbled")
    if all(token.isdigit() for token in tokens):
        # A number can be read, so it draws the same words as any other verdict ("9 of 10").
        return Judgement(False, (), True, "answer.number")
    approvers = _approvers(policy, language, tokens)
    asked = read_question(policy, question, language)
    sentences = split_sentences(cut)
    if (
        (asked.of_part and tokens == folded_words(NOT_A_SCAN))
        or (asked.of_part_alone and is_kind(cut, approvers[0]))
        or (asked.reason and all(is_name(policy, one, approvers) for one in sentences))
    ):
        return Judgement(False, (), True, "answer.bare_word")
    if len(sentences) == 1 or _first_word(sentences[0]) in _yes_no(policy, language):
        short = _judge_short(policy, asked, sentences, approvers, language)
        if short is not None:
            return short
    return _judge_sentences(policy, asked, sentences, approvers, whole=len(raw) <= MAX_RAW)


def _judge_sentences(
    policy: Policy,
    asked: Asked,
    sentences: Sequence[str],
    approvers: Sequence[Approver],
    *,
    whole: bool,
) -> Judgement:
    for approver in approvers:
        approver.listen(sentences)
    kept: list[str] = []
    rule = ""
    anchored = asked.plain
    for sentence in sentences:
        approval = _approve(policy, asked, sentence, approvers, anchored)
        identifies = _identifies(policy, sentence, approvers)
        whole_picture = identifies and len(folded_words(sentence)) > 1
        bare = not (asked.plain or whole_picture) and is_fragment(sentence, approvers)
        if approval.ok and not bare and (asked.mode == "open" or whole_picture):
            kept.append(sentence)
            anchored = True
            continue
        rule = rule or approval.reason or "answer.closed_question"
        if identifies and (start := _approved_start(sentence, approvers)):
            kept.append(start)
        anchored = False
    all_ok = not rule and whole and asked.mode == "open"
    readable = bool(kept) or not _is_broken(policy, " ".join(sentences))
    return Judgement(all_ok, tuple(kept), readable, rule or "answer.approved")


def _judge_short(
    policy: Policy,
    asked: Asked,
    sentences: Sequence[str],
    approvers: Sequence[Approver],
    language: str,
) -> Judgement | None:
    """Judges "yes", "yes, …" and bare words by their question; None for whole sentences."""
    first = _first_word(sentences[0])
    if first in _yes_no(policy, language):
        rest = _LEADING.sub("", sentences[0], count=1)
        following = [sentence for sentence in (rest, *sentences[1:]) if words(sentence)]
        good = all(_approve(policy, asked, one, approvers, True).ok for one in following)
        told = asked.told is not None and _says(asked.told, following, approvers)
        begun = asked.may_begin and following and not is_fragment(following[0], approvers)
        allowed = asked.plain_yes_no or begun or (following and told)
        if asked.mode == "open" and allowed and good:
            return Judgement(True, (), True, "answer.plain_yes_no")
        return Judgement(False, (), True, "answer.yes_no")
    if not is_fragment(sentences[0], approvers):
        return None
    approval = _best(sentences[0], approvers, False)
    if _identifies(policy, sentences[0], approvers) and approval.ok:
        return None
    if (
        approval.ok
        and asked.mode == "open"
        and (asked.plain or is_full_name(policy, sentences[0], approvers))
        and not is_substance(sentences[0], approvers)
    ):
        return Judgement(True, (), True, "answer.plain_word")
    readable = not _is_broken(policy, sentences[0])
    return Judgement(False, (), readable, approval.reason or "answer.bare_word")


def _says(wanted: frozenset[str], following: Sequence[str], approvers: Sequence[Approver]) -> bool:
    """Whether the sentence behind "yes" says itself what was asked: its parts and its colours."""
    return any(
        wanted <= set(one.read(sentence).tagged) for sentence in following[:1] for one in approvers
    )


def _approvers(policy: Policy, language: str, tokens: Sequence[str]) -> list[Approver]:
    """The languages an answer is judged in: the page's, English, and the one it seems to be in.

    A word or three may be one of any language.
    """
    best = [best_language(policy, tokens)] if len(tokens) > OPENING_WORDS else []
    codes = dict.fromkeys((language, "en", *best))
    return [policy.approvers[code] for code in codes if code in policy.approvers]


def _approve(
    policy: Policy, asked: Asked, sentence: str, approvers: Sequence[Approver], anchored: bool
) -> Approval:
    """Judges a sentence; words in doubt count where neither it nor the question names a finding."""
    approval = _best(sentence, approvers, anchored)
    if approval.reason != UNKNOWN_WORD or not asked.approved:
        return approval
    daring = _best(sentence, approvers, anchored, in_doubt=True)
    if not daring.ok:
        return approval
    tags = [one.vocabulary.tag for one in approvers]
    named = names_finding(
        policy.findings, folded_words(sentence), lambda word: any(tag(word) for tag in tags)
    )
    return approval if named else daring


def _best(
    sentence: str, approvers: Sequence[Approver], anchored: bool, *, in_doubt: bool = False
) -> Approval:
    approvals = [
        approver.judge(sentence, anchored=anchored, in_doubt=in_doubt) for approver in approvers
    ]
    return next((approval for approval in approvals if approval.ok), approvals[0])


def _identifies(policy: Policy, sentence: str, approvers: Sequence[Approver]) -> bool:
    """Whether a sentence says what the picture is, or begins with a kind of picture."""
    folded = " ".join(folded_words(sentence))
    for approver in approvers:
        pattern = policy.identifies.get(approver.vocabulary.language)
        if pattern and pattern.search(folded):
            return True
        if any(tag[:2] == "m_" for tag in _before_the_rest(approver, sentence)):
            return True
    return False


def _before_the_rest(approver: Approver, sentence: str) -> Sequence[str]:
    """Of the first words of a sentence those before one that names or places nothing ("lifted")."""
    group_of = approver.vocabulary.group_of
    first = approver.read(sentence).tagged[:_FIRST_WORDS]
    return tuple(
        takewhile(
            lambda tag: (
                tag[:2] in NAMED
                or tag == PHRASE
                or group_of(tag.split("_", 1)[-1]) in _BEFORE_A_KIND
            ),
            first,
        )
    )


def _approved_start(sentence: str, approvers: Sequence[Approver]) -> str:
    """The longest start of a sentence, up to a joint, that is approved on its own; "" for none."""
    for match in reversed(list(_CUTS.finditer(sentence))):
        start = sentence[: match.start()].rstrip(" ,;:-")
        reading = approvers[0].read(start)
        names = bool(reading.tagged) and reading.tagged[-1][:2] in ("a_", "m_")
        if len(start.split()) >= 3 and names and _best(start, approvers, False).ok:
            return start
    return ""


def _is_broken(policy: Policy, text: str) -> bool:
    return bool(_BROKEN.search(text)) or is_unread(policy, text)


def _first_word(sentence: str) -> str:
    match = _LEADING.match(sentence)
    return fold(match[1]) if match else ""


def _yes_no(policy: Policy, language: str) -> frozenset[str]:
    return policy.yes_no.get(language, frozenset()) | policy.yes_no["en"]
