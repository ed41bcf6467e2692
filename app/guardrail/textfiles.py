"""Reads the approved texts of one language and checks that none is missing."""

import re
from pathlib import Path
from typing import Final

from app.guardrail.normalise import fold
from app.guardrail.policy import Texts
from app.guardrail.yamlfile import Mistakes, Part, check_keys, mapping, read_yaml, text, text_list
from model.vocabulary import MODALITIES, REGIONS

GROUPS: Final = ("head", "neck", "chest", "abdomen", "pelvis", "bones", "unknown")
EXTRA_REGIONS: Final = ("musculoskeletal", "unknown")
TEXT_KEYS: Final = (
    "talk",
    "neutral",
    "puzzle",
    "explain",
    "ask",
    "staff",
    "limits",
    "ai_line",
    "companion",
    "intended_purpose",
    "emergency",
    "alert_sent",
    "alert_seen",
    "alert_unanswered",
    "self_harm",
    "person_at_risk",
    "prognosis",
    "medicine",
    "other_person",
    "jailbreak",
    "child",
    "anger",
    "fear",
    "off_topic",
    "empty",
    "unread_language",
    "offer_staff",
)
_SLOTS: Final = {
    "talk": {"category"},
    "ask": {"question"},
    "alert_unanswered": {"emergency_number"},
    "self_harm": {"crisis_line"},
    "child": {"shows"},
}
_MAPS: Final = ("shows", "looks", "category_a", "category_b", "made", "texts")


def read_texts(file: Path, language: str, mistakes: Mistakes) -> Texts:
    """The texts of one language; a missing or unknown key is a mistake."""
    keys = check_keys(
        read_yaml(file, mistakes),
        needed=("language", "version", "reviewed", *_MAPS, "questions"),
        allowed=("parts",),
        mistakes=mistakes,
    )
    if keys and text(keys.get("language"), mistakes) != language:
        mistakes.add(file, 1, f"must be of language {language!r}")
    regions = tuple(region.replace(" ", "_") for region in (*REGIONS, *EXTRA_REGIONS))
    needed = {
        "shows": regions,
        "looks": GROUPS,
        "category_a": GROUPS,
        "category_b": tuple(group for group in GROUPS if group != "unknown"),
        "made": MODALITIES,
        "texts": TEXT_KEYS,
    }
    maps = {name: _texts(keys.get(name), needed[name], mistakes) for name in _MAPS}
    _check_slots(keys.get("texts"), mistakes)
    questions = text_list(keys.get("questions"), mistakes)
    if keys and len(questions) < 3:
        mistakes.add(file, 1, "needs at least three questions")
    return Texts(
        language=language,
        version=text(keys.get("version"), mistakes),
        reviewed=text(keys.get("reviewed"), mistakes) == "yes",
        shows={name.replace("_", " "): value for name, value in maps["shows"].items()},
        looks=maps["looks"],
        category_a=maps["category_a"],
        category_b=maps["category_b"],
        made=maps["made"],
        texts=maps["texts"],
        questions=questions,
        parts=_parts(keys.get("parts"), mistakes),
    )


def _texts(part: Part | None, needed: tuple[str, ...], mistakes: Mistakes) -> dict[str, str]:
    keys = check_keys(part, needed=needed, allowed=(), mistakes=mistakes)
    return {name: text(value, mistakes).strip() for name, value in keys.items()}


def _check_slots(part: Part | None, mistakes: Mistakes) -> None:
    for name, item in mapping(part, mistakes).items():
        found = set(re.findall(r"{(\w*)}", text(item, mistakes)))
        if found != _SLOTS.get(name, set()):
            mistakes.add(item.file, item.line, f"text {name!r} has the wrong slots")


def _parts(part: Part | None, mistakes: Mistakes) -> dict[str, str]:
    found: dict[str, str] = {}
    for sentence, item in mapping(part, mistakes).items():
        for word in text(item, mistakes).split():
            found[fold(word)] = sentence
    return found
