"""Preference pairs: what a guarded adapter should rather say, and what it should not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

import numpy as np

from model.prompts import CONDITION_QUESTION, answer_prefix
from model.vocabulary import MODALITIES, REGIONS
from training.adapter_rows import Row, Taught
from training.config import ConfigError, read_settings

POLICY: Final = Path(__file__).with_name("configs") / "preferences.yaml"
FAULTS: Final = ("named", "certain", "reassuring")
SLOTS: Final = ("modality", "region", "condition")
ANATOMY: Final = ("modality", "plane", "region")


class PreferenceError(ConfigError):
    """A policy file that cannot be taught from, or pictures that no pair fits; says why."""


@dataclass(frozen=True)
class Asked:
    """A question as a patient sees it, and the prefix that the product makes of it."""

    words: str
    prefix: str


@dataclass(frozen=True)
class Preferences:
    """The policy: questions taught, questions kept for measuring, and the answers' forms."""

    version: str
    judged_as: str
    modalities: Mapping[str, str]
    questions: Sequence[Asked]
    new_questions: Sequence[Asked]
    chosen: Sequence[str]
    rejected: Mapping[str, Sequence[str]]
    conditions: Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Pair:
    """Two answers to one question about one picture; `fault` is what is wrong with the other."""

    prefix: str
    chosen: str
    rejected: str
    fault: str


def read_preferences(path: Path) -> Preferences:
    """The policy of a YAML file.

    Raises:
        ConfigError, PreferenceError: naming the file and what is wrong with it.
    """
    told = read_settings(path)
    given, known = told.values, {one.name for one in fields(Preferences)}
    wrong = sorted(known.symmetric_difference(given))
    if wrong:
        raise PreferenceError(f"{told.place(wrong[0])}: unknown or missing key {wrong[0]}")
    try:
        policy = Preferences(
            version=str(given["version"]),
            judged_as=str(given["judged_as"]),
            modalities=dict(given["modalities"]),
            questions=_asked(given["questions"]),
            new_questions=_asked(given["new_questions"]),
            chosen=list(given["chosen"]),
            rejected={str(fault): list(forms) for fault, forms in given["rejected"].items()},
            conditions={str(region): list(names) for region, names in given["conditions"].items()},
        )
        _check(policy)
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise PreferenceError(f"{path}: {error}") from error
    return policy


def draw_pairs(
    policy: Preferences, taught: Taught, count: int, generator: np.random.Generator
) -> list[Pair]:
    """So many pairs for a picture that `fits`: question, fault and forms are drawn."""
    modality, region = known_of(policy, taught)
    pairs = []
    for _ in range(count):
        question = policy.questions[int(generator.integers(len(policy.questions)))]
        fault = str(generator.choice(list(policy.rejected)))
        filled = {
            "modality": modality,
            "region": region,
            "condition": str(generator.choice(policy.conditions[region])),
        }
        chosen = str(generator.choice(policy.chosen)).format(**filled)
        rejected = str(generator.choice(policy.rejected[fault])).format(**filled)
        pairs.append(Pair(question.prefix, chosen, rejected, fault))
    return pairs


def anatomy_rows(taught: Taught) -> list[Row]:
    """The rows that must not get worse."""
    return [row for row in taught.rows if row.task in ANATOMY]


def that_fit(policy: Preferences, pictures: Sequence[Taught]) -> list[Taught]:
    """The pictures of which kind and part are known, so that pairs can be made.

    Raises:
        PreferenceError: there are pictures and none fits.
    """
    kept = [one for one in pictures if _fits(policy, one)]
    if pictures and not kept:
        raise PreferenceError("no picture says both its modality and its region")
    return kept


def known_of(policy: Preferences, taught: Taught) -> tuple[str, str]:
    """The policy's word for the modality, and the region, of a picture that fits."""
    known = {row.task: row.suffix for row in taught.rows}
    return policy.modalities[known["modality"]], known["region"]


def _fits(policy: Preferences, taught: Taught) -> bool:
    known = {row.task: row.suffix for row in taught.rows}
    return known.get("modality") in policy.modalities and known.get("region") in policy.conditions


def _asked(given: Sequence[Mapping[str, Any]]) -> list[Asked]:
    found = []
    for one in given:
        if set(one) - {"asked", "prefix"} or one.get("prefix", "condition") != "condition":
            raise ValueError(f"the question {one!r} has another key than asked, prefix: condition")
        question = CONDITION_QUESTION if "prefix" in one else str(one["asked"])
        found.append(Asked(str(one["asked"]), answer_prefix(question)))
    return found


def _check(policy: Preferences) -> None:
    if set(policy.rejected) != set(FAULTS):
        raise ValueError(f"rejected must have {', '.join(FAULTS)}")
    for name in [*policy.conditions, *policy.modalities]:
        if name not in (*REGIONS, *MODALITIES):
            raise ValueError(f"{name!r} is no word of the vocabulary")
    lists = [policy.questions, policy.chosen, *policy.rejected.values()]
    if not all([*lists, *policy.conditions.values()]):
        raise ValueError("a list is empty")
    if {one.words for one in policy.questions} & {one.words for one in policy.new_questions}:
        raise ValueError("a question is both taught and new")
    for form in [*policy.chosen, *(form for forms in policy.rejected.values() for form in forms)]:
        form.format(**dict.fromkeys(SLOTS, "x"))
