"""Questions about a picture: what kind it is, in words of the vocabulary, and free ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from model.backend import Backend
from model.prompts import (
    CONDITION_QUESTION,
    MODALITY_QUESTION,
    PLANE_QUESTION,
    REGION_QUESTION,
    STRUCTURES_QUESTION,
    answer_prefix,
    caption_prefix,
)
from model.types import Completion, Image, Request
from model.vocabulary import MODALITIES, NOT_A_SCAN, PLANES, REGIONS

_WORD_TOKENS: Final = 8
"""The longest word of the vocabulary ("not a scan", "whole body") in any tokenizer."""
_LIST_TOKENS: Final = 160
"""About 40 names of structures, with commas."""
_ANSWER_TOKENS: Final = 64
_NOT_A_SCAN_VOTES: Final = 2
"""Of the three words; one alone may be a slip."""

_QUESTIONS: Final = {
    "modality": (MODALITY_QUESTION, _WORD_TOKENS),
    "plane": (PLANE_QUESTION, _WORD_TOKENS),
    "region": (REGION_QUESTION, _WORD_TOKENS),
    "structures": (STRUCTURES_QUESTION, _LIST_TOKENS),
}


@dataclass(frozen=True)
class Recognition:
    """What the model takes a picture for; `logprobs` by question, `region` None when unknown."""

    modality: str
    plane: str
    region: str | None
    structures: tuple[str, ...]
    is_scan: bool
    logprobs: Mapping[str, float]
    seconds: float


def recognise(
    backend: Backend,
    image: Image,
    image_digest: str,
    *,
    adapter: str | None = None,
    structures_adapter: str | None = None,
    lists_structures: bool = True,
) -> Recognition:
    """Modality, plane, region and structures of a picture, asked in one batch.

    The list of structures is asked of `structures_adapter`, the three words of `adapter`; without
    `lists_structures`, for somebody who knows them otherwise, it stays empty.

    A word outside the vocabulary becomes "other", an unknown region None. `structures` are the
    model's words as they come, each once: the caller knows which names exist.
    """
    questions = {k: one for k, one in _QUESTIONS.items() if k != "structures" or lists_structures}
    requests = [
        Request(image, image_digest, answer_prefix(question), "free", asked, limit)
        for name, (question, limit) in questions.items()
        for asked in (structures_adapter if name == "structures" else adapter,)
    ]
    found = dict(zip(questions, backend.complete(requests), strict=True))
    words = {name: completion.suffix.strip() for name, completion in found.items()}
    votes = sum(words[name] == NOT_A_SCAN for name in ("modality", "plane", "region"))
    return Recognition(
        modality=_known(words["modality"], MODALITIES) or "other",
        plane=_known(words["plane"], PLANES) or "other",
        region=_known(words["region"], REGIONS),
        structures=_listed(words.get("structures", "")),
        is_scan=votes < _NOT_A_SCAN_VOTES,
        logprobs={name: completion.mean_logprob for name, completion in found.items()},
        seconds=max(completion.seconds for completion in found.values()),
    )


def answer(
    backend: Backend,
    image: Image,
    image_digest: str,
    question: str,
    language: str = "en",
    *,
    adapter: str | None = None,
) -> Completion:
    """The model's own words on a free question; for the guard, never straight for a patient."""
    return _ask(backend, image, image_digest, answer_prefix(question, language), adapter)


def condition(
    backend: Backend,
    image: Image,
    image_digest: str,
    language: str = "en",
    *,
    adapter: str | None = None,
) -> Completion:
    """The model's own words on what condition this might be; for the guard and the doctor."""
    prefix = answer_prefix(CONDITION_QUESTION, language)
    return _ask(backend, image, image_digest, prefix, adapter)


def caption(
    backend: Backend,
    image: Image,
    image_digest: str,
    language: str = "en",
    *,
    adapter: str | None = None,
) -> Completion:
    """The model's own description of a picture."""
    return _ask(backend, image, image_digest, caption_prefix(language), adapter)


def _ask(
    backend: Backend, image: Image, image_digest: str, prefix: str, adapter: str | None
) -> Completion:
    request = Request(image, image_digest, prefix, "free", adapter, _ANSWER_TOKENS)
    return backend.complete([request])[0]


def _known(word: str, vocabulary: Sequence[str]) -> str | None:
    return word if word in vocabulary else None


def _listed(text: str) -> tuple[str, ...]:
    if text == NOT_A_SCAN:
        return ()
    names = (name.strip() for name in text.split(","))
    return tuple(dict.fromkeys(name for name in names if name))
