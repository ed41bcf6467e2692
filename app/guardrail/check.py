"""The guard itself: one object, three questions, and the neutral text for every failure."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.guardrail import compose
from app.guardrail.answers import Judgement, judge_answer
from app.guardrail.concepts import Patience
from app.guardrail.hearing import beginning, disguises_undone, hear
from app.guardrail.intents import MAX_QUESTION, Intent, find_alarm, find_intent
from app.guardrail.normalise import fold, folded_words, words
from app.guardrail.once import one_check
from app.guardrail.policy import LANGUAGES, Policy, VerdictName
from app.guardrail.policyfiles import load_policy
from app.guardrail.scan import Scan
from app.guardrail.yamlfile import PolicyError
from model.vocabulary import MODALITIES, PLANES, REGIONS

__all__ = ["Guard", "PolicyError", "Scan", "Verdict"]

# A text that takes the processor longer is hostile: nothing of it is shown. By the clock the limit
# lies far above, for a busy machine must not turn a harmless text into the neutral one.
LIMIT_SECONDS: Final = 2.0
CLOCK_LIMIT_SECONDS: Final = 30.0
_NEUTRAL_RULE: Final = "guard_error"
_WIDE: Final = ("other", "whole body")
"""What a picture may be said to be that nothing contradicts."""
_SEEN_IN_OTHERS: Final = ("neck", "spine", "shoulder", "arm", "hip", "breast", "whole body")
"""Parts that are often the right answer to a question about a picture of another part."""
_PARTS: Final = frozenset(fold(part) for part in REGIONS if part not in _SEEN_IN_OTHERS)
_KINDS: Final = frozenset(map(fold, MODALITIES))
_PLANES: Final = frozenset(map(fold, PLANES))


@dataclass(frozen=True)
class Verdict:
    """What the guard says about one text.

    `text` is what the patient sees ("" for a question that is allowed); `note` and `time_critical`
    are for staff alone and never change `text`.
    """

    verdict: VerdictName
    rule: str
    kind: str
    text: str
    policy_version: str
    note: str | None = None
    time_critical: bool = False


class Guard:
    """Holds the loaded policy; built once, used by every request (it keeps no other state)."""

    def __init__(self, policy: Policy) -> None:
        """Takes a loaded policy and writes the neutral texts once: later they cannot fail."""
        self._policy = policy
        self._neutral = {
            language: compose.neutral_text(policy, language, Scan()) for language in LANGUAGES
        }

    @classmethod
    def load(cls, clinic_policy: Path | None = None) -> "Guard":
        """A guard with the shipped policy and a clinic's additions.

        Raises:
            PolicyError: a policy file is wrong; lists every mistake with file and line.
        """
        return cls(load_policy(clinic_policy))

    @property
    def policy(self) -> Policy:
        """The loaded policy."""
        return self._policy

    @property
    def policy_version(self) -> str:
        """The version of the shipped policy with the first eight digits of its digest."""
        return f"{self._policy.version}-{self._policy.digest[:8]}"

    @property
    def digest(self) -> str:
        """SHA-256 over every policy file, the clinic's included."""
        return self._policy.digest

    def check_question(self, question: str, language: str, scan: Scan) -> Verdict:
        """What a patient's question may start; an emergency is looked for before all else."""
        return self._closed(lambda: self._check_question(question, language, scan), language, scan)

    def check_answer(self, question: str, raw: str, language: str, scan: Scan) -> Verdict:
        """What of a raw answer may be shown; the text is final and safe to show."""
        return self._closed(
            lambda: self._check_answer(question, raw, language, scan), language, scan
        )

    def fixed(self, key: str, language: str, **slots: str) -> str:
        """One approved text by its key; the neutral text when there is none."""
        try:
            return compose.fixed_text(self._policy, key, language, slots)
        except Exception:  # a missing text must never reach a patient as an error
            return self._neutral.get(language, self._neutral["en"])

    def suggested_questions(self, language: str, scan: Scan) -> tuple[str, ...]:
        """Questions worth asking the doctor: the same for everybody, the clinic's own first."""
        del scan  # the same for every picture (GUARDRAIL.md section 3)
        own = (self._policy.clinic.questions or {}).get(language, ())
        return (*own, *self._policy.texts_of(language).questions)

    def general_part(self, language: str, scan: Scan) -> str:
        """The approved general text for this region and kind of picture."""
        try:
            return compose.general_text(self._policy, language, scan)
        except Exception:  # as above
            return ""

    def _closed(self, check: Callable[[], Verdict], language: str, scan: Scan) -> Verdict:
        """Runs a check; any failure, and any check that took too long, gives the neutral text."""
        started, began = time.thread_time(), time.monotonic()
        try:
            with one_check():
                verdict = check()
        except Exception:  # fail closed: whatever broke, nothing of the text is shown
            return self._failed(language, scan)
        late = (
            time.thread_time() - started > LIMIT_SECONDS
            or time.monotonic() - began > CLOCK_LIMIT_SECONDS
        )
        fails = late if verdict.verdict == "allow" else not verdict.text.strip()
        return self._failed(language, scan) if fails else verdict

    def _failed(self, language: str, scan: Scan) -> Verdict:
        try:
            text = compose.neutral_text(self._policy, language, scan)
        except Exception:  # the text written at start is left
            text = self._neutral.get(language, self._neutral["en"])
        return Verdict("withhold", _NEUTRAL_RULE, "error", text, self.policy_version)

    def _check_question(self, question: str, language: str, scan: Scan) -> Verdict:
        views = hear(self._policy.questions, question)
        intent = find_alarm(self._policy, question, views)
        if intent is None:
            asked = question[:MAX_QUESTION]
            if asked != question:
                views = (beginning(views[0], len(folded_words(asked))),)
            intent = find_intent(self._policy, asked, language, views)
        kind = self._policy.kinds[intent.kind]
        text = self._reply(intent, kind.text, language, scan)
        return Verdict(kind.verdict, intent.rule, intent.kind, text, self.policy_version)

    def _reply(self, intent: Intent, key: str, language: str, scan: Scan) -> str:
        if key == "none":
            return ""
        if key == "shape":
            return compose.soften_text(self._policy, language, scan, (), "")
        if intent.kind == "child":
            return compose.child_text(self._policy, language, scan)
        return compose.fixed_text(self._policy, key, language, {})

    def _check_answer(self, question: str, raw: str, language: str, scan: Scan) -> Verdict:
        judgement = judge_answer(self._policy, question, raw, language)
        if contradicts(raw, scan):
            judgement = Judgement(False, (), True, "answer.contradicts_page")
        # What is approved whole speaks of nothing that staff must know ("hearing aids").
        found = set() if judgement.all_ok else self._findings_in(raw)
        note = next((name[5:] for name in sorted(found) if name.startswith("note.")), None)
        name: VerdictName = "soften"
        if judgement.all_ok:
            name, text = "allow", raw.strip()
        elif judgement.readable:
            text = compose.soften_text(self._policy, language, scan, judgement.kept, raw)
        else:
            name, text = "withhold", compose.neutral_text(self._policy, language, scan)
        return Verdict(
            name,
            judgement.rule,
            "answer",
            text,
            self.policy_version,
            note,
            "time.critical" in found,
        )

    def _findings_in(self, raw: str) -> set[str]:
        """The kinds of finding that a raw answer names, in whatever disguise."""
        patience = Patience()
        return {
            concept
            for view in disguises_undone(raw[: 2 * MAX_QUESTION])
            for concept in self._policy.findings.find(words(view), patience).get("en", {})
        }


def contradicts(raw: str, scan: Scan) -> bool:
    """Whether a bare word names another part, kind or plane than the page says of the picture."""
    word = " ".join(folded_words(raw))
    named = ((_PARTS, scan.region), (_KINDS, scan.modality), (_PLANES, scan.plane))
    return any(
        said not in (None, *_WIDE) and word in known and word != fold(said) for known, said in named
    )


def words_of(text: str) -> int:
    """The number of words of a text, as the length band counts them."""
    return len(folded_words(text))
