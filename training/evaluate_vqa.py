"""Questions and answers of a folder (SLAKE, VQA-RAD or a clinic's): closed, open and blank."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from model.adapters import BASE_ALONE
from model.agreement import VIEWS, View, most_said
from model.backend import Backend
from model.prompts import REGION_QUESTION, answer_prefix
from model.vocabulary import REGION_FROM_SLAKE, REGION_FROM_VQA_RAD
from training.evaluate_asking import Say, Shown, ask_all, ask_views, blank, show, spread
from training.json_lines import numbered_lines
from training.medpix_pictures import MedPixError
from training.metrics_bootstrap import gain_interval, mean_interval
from training.metrics_text import is_same, token_f1

ANSWER_TOKENS: Final = 32
MARKED_FIELD: Final = "image_organ"
"""VQA-RAD's own field: its pictures come from MedPix and carry its mark."""


@dataclass(frozen=True)
class Question:
    """One question of a folder; `region` is None where the folder does not say."""

    image: Path
    question: str
    answer: str
    is_closed: bool
    has_marks: bool
    region: str | None


def read_questions(folder: Path, split: str) -> list[Question]:
    """The English questions of one split.

    Raises:
        MedPixError: there is no such file, or a picture is missing.
    """
    path = folder / f"qa_{split}.jsonl"
    if not path.is_file():
        raise MedPixError(f"there is no {path}")
    found: list[Question] = []
    for place, line in numbered_lines(path):
        if line.get("q_lang", "en") != "en":
            continue
        image = folder / line["image"]
        if not image.is_file():
            raise MedPixError(f"{place}: there is no picture {image}")
        found.append(
            Question(
                image=image,
                question=str(line["question"]),
                answer=str(line["answer"]),
                is_closed=str(line.get("answer_type", "")).upper() == "CLOSED",
                has_marks=MARKED_FIELD in line,
                region=_region(line),
            )
        )
    return found


def evaluate_vqa(
    backend: Backend,
    folder: Path,
    split: str,
    *,
    limit: int,
    has_adapter: bool,
    say: Say,
    adapter: str | None = None,
) -> dict[str, Any]:
    """Closed accuracy, the same on a black picture, open token F1, as the product asks.

    Beside it what the other would say: the base alone, or the adapter where the base answers.
    """
    asked = spread(read_questions(folder, split), limit)
    views = _views(asked)
    answers = _answers(backend, asked, views, adapter)
    say(f"{folder.name}: {len(asked)} questions asked")
    unseen = _blank_answers(backend, asked, adapter)
    found = _scores(asked, answers, unseen)
    if has_adapter:
        by_base = adapter == BASE_ALONE
        other = _answers(backend, asked, views, None if by_base else BASE_ALONE)
        found["adapter_on" if by_base else "adapter_off"] = _plain_scores(asked, other)
    return found


def seen_regions(folder: Path, split: str) -> list[tuple[Path, str, bool]]:
    """(picture, region, has marks) of every picture whose region the folder states."""
    found: dict[Path, tuple[str, bool]] = {}
    for one in read_questions(folder, split):
        if one.region is not None:
            found[one.image.resolve()] = (one.region, one.has_marks)
    return [(path, region, marks) for path, (region, marks) in found.items()]


def region_scores(
    backend: Backend,
    pictures: Sequence[tuple[Path, str, bool]],
    adapter: str | None,
    views: Sequence[View] = VIEWS,
) -> list[float]:
    """1.0 for each picture whose region the model names, else 0.0."""
    prefix = answer_prefix(REGION_QUESTION)
    said: list[str] = []
    for start in range(0, len(pictures), 16):
        part = pictures[start : start + 16]
        asked = [(show(path, has_marks=marks), prefix) for path, _, marks in part]
        said += map(most_said, ask_views(backend, asked, adapter=adapter, views=views))
    return [float(word == one[1]) for word, one in zip(said, pictures, strict=True)]


def _views(asked: Sequence[Question]) -> dict[Path, Shown]:
    return {one.image: show(one.image, has_marks=one.has_marks) for one in asked}


def _answers(
    backend: Backend, asked: Sequence[Question], views: Mapping[Path, Shown], adapter: str | None
) -> list[str]:
    requests = [(views[one.image], answer_prefix(one.question)) for one in asked]
    return ask_all(backend, requests, adapter=adapter, tokens=ANSWER_TOKENS)


def _blank_answers(
    backend: Backend, asked: Sequence[Question], adapter: str | None
) -> dict[str, str]:
    questions = sorted({one.question for one in asked if one.is_closed})
    black = blank()
    requests = [(black, answer_prefix(question)) for question in questions]
    said = ask_all(backend, requests, adapter=adapter, tokens=ANSWER_TOKENS)
    return dict(zip(questions, said, strict=True))


def _plain_scores(asked: Sequence[Question], answers: Sequence[str]) -> dict[str, float | None]:
    pairs = list(zip(asked, answers, strict=True))
    closed = [float(is_same(said, one.answer)) for one, said in pairs if one.is_closed]
    opened = [token_f1(said, one.answer) for one, said in pairs if not one.is_closed]
    return {"closed_accuracy": _mean(closed), "open_f1": _mean(opened)}


def _scores(
    asked: Sequence[Question], answers: Sequence[str], unseen: Mapping[str, str]
) -> dict[str, Any]:
    closed = [(one, said) for one, said in zip(asked, answers, strict=True) if one.is_closed]
    right = [float(is_same(said, one.answer)) for one, said in closed]
    guessed = [float(is_same(unseen[one.question], one.answer)) for one, _ in closed]
    groups = [one.image.name for one, _ in closed]
    return {
        "n": len(asked),
        "n_closed": len(closed),
        **_plain_scores(asked, answers),
        "closed_accuracy_blank": _mean(guessed),
        "interval": {"closed_accuracy": mean_interval(right, groups)},
        "gain_over_blank": gain_interval(right, guessed, groups),
    }


def _region(line: Mapping[str, Any]) -> str | None:
    if "location" in line:
        return REGION_FROM_SLAKE.get(str(line["location"]))
    if MARKED_FIELD in line:
        return REGION_FROM_VQA_RAD.get(str(line[MARKED_FIELD]))
    return None


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
