"""MedPix through the serving code: modality, body part, plane, captions and titles."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from model.adapters import BASE_ALONE
from model.agreement import VIEWS, View, most_said
from model.backend import Backend
from model.vocabulary import MODALITIES, PLANES, REGIONS
from training.adapter_rows import PREFIXES
from training.evaluate_asking import TEXT_TOKENS, Say, Shown, ask_all, ask_views, show, spread
from training.medpix_pictures import MedPixPicture, read_medpix
from training.metrics_bootstrap import gain_interval, mean_interval
from training.metrics_text import corpus_bleu, is_parroting, is_same, rouge_l, token_f1

# MedPix's Location Categories exist here alone; a region that fits none is never right.
CATEGORY_OF_REGION: Final[Mapping[str, str]] = {
    "head": "Head",
    "neck": "Head",
    "chest": "Thorax",
    "breast": "Thorax",
    "abdomen": "Abdomen",
    "pelvis": "Reproductive and Urinary System",
    "spine": "Spine and Muscles",
    "shoulder": "Spine and Muscles",
    "arm": "Spine and Muscles",
    "hand": "Spine and Muscles",
    "hip": "Spine and Muscles",
    "leg": "Spine and Muscles",
    "knee": "Spine and Muscles",
    "foot": "Spine and Muscles",
}
SECTION_PLANES: Final = ("axial", "coronal", "sagittal")
"""Whatever else MedPix or the model says counts as "other"."""
WORDS: Final = {
    "modality_accuracy": "modality",
    "body_part_accuracy": "region",
    "plane_accuracy": "plane",
}
KINDS: Final = ("modality", "plane", "region")
TEXTS: Final = ("caption", "condition")
PICTURES_AT_ONCE: Final = 8
HALF: Final = 0.5
"""Token F1 from which a title counts as matched."""


@dataclass(frozen=True)
class Said:
    """The model's suffixes on one picture, by task; `first` are the words of one view alone."""

    picture: MedPixPicture
    suffixes: Mapping[str, str]
    first: Mapping[str, str] = field(default_factory=dict)


def evaluate_medpix(
    backend: Backend,
    folder: Path,
    split: str,
    *,
    limit: int,
    has_adapter: bool,
    say: Say,
    views: Sequence[View] = VIEWS,
) -> dict[str, Any]:
    """Every MedPix figure, with the adapter off beside it where there is one."""
    pictures = [one for one in read_medpix(folder, split) if one.is_scan]
    pictures = spread(pictures, limit)
    on = collect(backend, pictures, None, say, views)
    found = {"n": len(on), **_accuracies(on), **_texts(on), "interval": _intervals(on)}
    found["one_view"] = _accuracies([replace(one, suffixes=one.first) for one in on])
    found["by"] = by_group(on)
    found["confusion"] = confusion_of(on)
    if not has_adapter:
        return found
    off = collect(backend, pictures, BASE_ALONE, say, views)
    found["adapter_off"] = {**_accuracies(off), **_texts(off)}
    found["gain"] = _gains(on, off)
    return found


def collect(
    backend: Backend,
    pictures: Sequence[MedPixPicture],
    adapter: str | None,
    say: Say,
    views: Sequence[View] = VIEWS,
) -> list[Said]:
    """Ask all five questions of every picture."""
    said: list[Said] = []
    for start in range(0, len(pictures), PICTURES_AT_ONCE):
        part = pictures[start : start + PICTURES_AT_ONCE]
        seen = [show(one.image, has_marks=True) for one in part]
        heard = ask_views(backend, _asked(seen, KINDS), adapter=adapter, views=views)
        words = _by_task([most_said(one) for one in heard], KINDS)
        first = _by_task([one[0] for one in heard], KINDS)
        asked = _asked(seen, TEXTS)
        said_of = ask_all(backend, asked, adapter=adapter, tokens=TEXT_TOKENS)
        texts = _by_task(said_of, TEXTS)
        for place, picture in enumerate(part):
            said.append(Said(picture, {**words[place], **texts[place]}, first[place]))
        say(f"MedPix {len(said)} of {len(pictures)}, adapter {adapter or 'on'}")
    return said


def score(one: Said, measure: str) -> float:
    """1.0 where the word is right, else 0.0."""
    word = one.suffixes[WORDS[measure]]
    if measure == "modality_accuracy":
        return float(word == one.picture.modality and word in MODALITIES)
    if measure == "body_part_accuracy":
        return float(CATEGORY_OF_REGION.get(word) == one.picture.category and word in REGIONS)
    return float(section(word if word in PLANES else "other") == section(one.picture.plane))


def section(plane: str | None) -> str:
    """Axial, coronal, sagittal or other."""
    return plane if plane in SECTION_PLANES else "other"


def by_group(said: Sequence[Said]) -> dict[str, dict[str, dict[str, float]]]:
    """The three accuracies by modality, plane, body part and sex."""
    keys = {
        "modality": [one.picture.modality for one in said],
        "plane": [section(one.picture.plane) for one in said],
        "body_part": [one.picture.category for one in said],
        "sex": [(one.picture.sex or "not stated").lower() for one in said],
    }
    grouped: dict[str, dict[str, dict[str, float]]] = {}
    for name, values in keys.items():
        grouped[name] = {}
        for value in sorted(set(values)):
            part = [one for one, of in zip(said, values, strict=True) if of == value]
            grouped[name][value] = {"n": len(part), **_accuracies(part)}
    return grouped


def _asked(pictures: Sequence[Shown], tasks: Sequence[str]) -> list[tuple[Shown, str]]:
    return [(picture, PREFIXES[task]) for picture in pictures for task in tasks]


def _by_task(suffixes: Sequence[str], tasks: Sequence[str]) -> list[dict[str, str]]:
    rows = range(0, len(suffixes), len(tasks))
    return [dict(zip(tasks, suffixes[at : at + len(tasks)], strict=True)) for at in rows]


def _accuracies(said: Sequence[Said]) -> dict[str, float]:
    return {name: sum(score(one, name) for one in said) / max(len(said), 1) for name in WORDS}


def _intervals(said: Sequence[Said]) -> dict[str, tuple[float, float]]:
    cases = [one.picture.case for one in said]
    return {name: mean_interval([score(one, name) for one in said], cases) for name in WORDS}


def _gains(on: Sequence[Said], off: Sequence[Said]) -> dict[str, tuple[float, float]]:
    cases = [one.picture.case for one in on]
    gains = {
        name: gain_interval(
            [score(one, name) for one in on], [score(one, name) for one in off], cases
        )
        for name in WORDS
    }
    told = [(a, b) for a, b in zip(on, off, strict=True) if a.picture.caption]
    gains["caption_rouge_l"] = gain_interval(
        [rouge_l(a.suffixes["caption"], a.picture.caption or "") for a, _ in told],
        [rouge_l(b.suffixes["caption"], b.picture.caption or "") for _, b in told],
        [a.picture.case for a, _ in told],
    )
    return gains


def _texts(said: Sequence[Said]) -> dict[str, Any]:
    captions = [(one.suffixes["caption"], one.picture.caption) for one in said]
    told = [(answer, wanted) for answer, wanted in captions if wanted]
    named = [
        (one.suffixes["condition"], one.picture.taught_title or one.picture.title) for one in said
    ]
    titled = [(answer, wanted) for answer, wanted in named if wanted]
    return {
        "caption": {
            "n": len(told),
            "bleu": corpus_bleu([a for a, _ in told], [w for _, w in told]),
            "rouge_l": _mean([rouge_l(answer, wanted) for answer, wanted in told]),
            "parrot_share": _mean([is_parroting(a, PREFIXES["caption"]) for a, _ in told]),
        },
        "diagnosis": {
            "n": len(titled),
            "top1_exact": _mean([is_same(answer, wanted) for answer, wanted in titled]),
            "top1_token": _mean([token_f1(answer, wanted) >= HALF for answer, wanted in titled]),
            "token_f1": _mean([token_f1(answer, wanted) for answer, wanted in titled]),
            "parrot_share": _mean([is_parroting(a, PREFIXES["condition"]) for a, _ in titled]),
        },
    }


def confusion_of(said: Sequence[Said]) -> dict[str, dict[str, dict[str, int]]]:
    """By measure: what is true, what was said, how often; the diagonal is what `score` counts."""
    tables: dict[str, dict[str, dict[str, int]]] = {}
    for one in said:
        plane, region = one.suffixes["plane"], one.suffixes["region"]
        pairs = {
            "modality": (one.picture.modality, _known(one.suffixes["modality"], MODALITIES)),
            "plane": (section(one.picture.plane), section(plane if plane in PLANES else "other")),
            "body_part": (
                one.picture.category,
                CATEGORY_OF_REGION.get(region, _known(region, REGIONS)),
            ),
        }
        for name, (true, word) in pairs.items():
            row = tables.setdefault(name, {}).setdefault(true, {})
            row[word] = row.get(word, 0) + 1
    return tables


def _known(word: str, words: Sequence[str]) -> str:
    return word if word in words else "no word of the vocabulary"


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
