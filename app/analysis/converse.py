"""One question: through the model, then through the guard, into an answer for its row."""

from dataclasses import dataclass

from app.guardrail.check import Guard, Verdict
from app.guardrail.check import Scan as GuardScan
from app.storage.scans import Look, ScanFacts, StoredRegion
from app.storage.turns import Answered
from model.answering import answer, condition
from model.backend import Backend
from model.types import Completion, Image

TIME_CRITICAL = "time_critical"
"""As a turn's note: its visit goes to the top of the doctor's list, silently."""


@dataclass(frozen=True)
class Picture:
    """A scan as the conversation needs it (image: uint8[H, W, 3] RGB)."""

    image: Image
    facts: ScanFacts
    look: Look
    regions: tuple[StoredRegion, ...] = ()


@dataclass(frozen=True)
class Question:
    """A question that the input check let through: kind is 'might' or 'question'."""

    kind: str
    text: str
    language: str


def converse(
    backend: Backend,
    guard: Guard,
    picture: Picture,
    question: Question,
    *,
    may_use_category: bool,
    questions_adapter: str | None = None,
    known: Completion | None = None,
) -> Answered:
    """Ask the model and judge what it says; the raw text never leaves without a verdict.

    `questions_adapter` answers free questions, as in Request; conditions go to the adapter in use.
    `known` is what the model said before; it is not asked again, the guard is.
    """
    completion = known or _ask(backend, picture, question, questions_adapter)
    scan = guard_scan(picture.look, picture.regions, may_use_category=may_use_category)
    verdict = guard.check_answer(question.text, completion.suffix, question.language, scan)
    return _answered(completion, verdict)


def _ask(
    backend: Backend, picture: Picture, question: Question, questions_adapter: str | None
) -> Completion:
    image, digest, language = picture.image, picture.facts.image_digest, question.language
    if question.kind == "might":
        return condition(backend, image, digest, language)
    return answer(backend, image, digest, question.text, language, adapter=questions_adapter)


def guard_scan(
    look: Look, regions: tuple[StoredRegion, ...], *, may_use_category: bool = False
) -> GuardScan:
    """What the guard may know of a picture: body part and kind, never a finding."""
    return GuardScan(
        modality=look.modality,
        region=look.region,
        plane=look.plane,
        structures=tuple(region.structure for region in regions),
        may_use_category=may_use_category,
    )


def _answered(completion: Completion, verdict: Verdict) -> Answered:
    notes = (verdict.note, TIME_CRITICAL if verdict.time_critical else None)
    return Answered(
        raw=completion.suffix,
        shown=verdict.text,
        verdict=verdict.verdict,
        rule=verdict.rule,
        policy_version=verdict.policy_version,
        adapter=completion.adapter,
        model_seconds=completion.seconds,
        mean_logprob=completion.mean_logprob,
        note="+".join(note for note in notes if note) or None,
    )
