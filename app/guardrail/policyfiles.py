"""Reads the policy folder and a clinic's additions; reports every mistake with file and line."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Final

from app.guardrail.additions import add_clinic, check_switched_off
from app.guardrail.clinicfile import read_clinic
from app.guardrail.concepts import build_lexicon
from app.guardrail.likeness import KINDS as alarm_kinds
from app.guardrail.likeness import Likeness, load_likeness
from app.guardrail.normalise import fold, words
from app.guardrail.plainness import KINDS as plain_kinds
from app.guardrail.policy import LANGUAGES, VERDICTS, Clinic, Group, Kind, Policy
from app.guardrail.rulefiles import Lists, read_concepts, read_questions, read_scale
from app.guardrail.textfiles import read_texts
from app.guardrail.topic import KINDS as topic_kinds
from app.guardrail.versions import digest_of, read_versions
from app.guardrail.wordfiles import read_approvers, read_closed_questions, read_words
from app.guardrail.wordtable import WordTable
from app.guardrail.yamlfile import (
    Mistakes,
    PolicyError,
    check_keys,
    commas,
    mapping,
    read_yaml,
    text,
)

FOLDER: Final = Path(__file__).parent / "policies"
LIKENESS: Final = "likeness.npz"
PLAINNESS: Final = "plainness.npz"
TOPICS: Final = "topics.npz"
# Of files that belong to no version: somebody changed them where they are installed.
_CHANGED: Final = "changed"


def load_policy(clinic_file: Path | None = None, folder: Path = FOLDER) -> Policy:
    """The whole policy; the shipped one is read once a process, only what a clinic adds anew.

    Raises:
        PolicyError: something is wrong in it; holds every mistake with file and line.
    """
    policy = _shipped_policy() if folder == FOLDER else read_policy(folder)
    return _with_clinic(policy, clinic_file, folder) if clinic_file else policy


@cache
def _shipped_policy() -> Policy:
    return read_policy(FOLDER)


def _with_clinic(policy: Policy, clinic_file: Path, folder: Path) -> Policy:
    mistakes = Mistakes()
    clinic = read_clinic(clinic_file, mistakes)
    check_switched_off(policy, clinic, mistakes)
    if mistakes.found:
        raise PolicyError(mistakes.found)
    return replace(add_clinic(policy, clinic), digest=digest_of(folder, clinic_file))


def read_policy(folder: Path) -> Policy:
    """The policy of a folder, without a clinic's additions.

    Raises:
        PolicyError: as `load_policy`.
    """
    mistakes = Mistakes()
    kinds = _read_kinds(folder / "kinds.yaml", mistakes)
    versions, digest = read_versions(folder, mistakes), digest_of(folder)
    table = WordTable()
    vocabularies, extras = read_words(folder / "words", table, mistakes)
    lists = read_concepts(folder / "concepts", mistakes)
    rules = read_questions(folder, kinds, lists, mistakes)
    scale = read_scale(folder / "complaint.yaml", lists, mistakes)
    plainness = _read_likeness(folder / PLAINNESS, len(plain_kinds), mistakes)
    approvers = read_approvers(folder, vocabularies, plainness, mistakes)
    closed_questions = read_closed_questions(folder, mistakes)
    finding_lists = _read_findings(folder / "findings.yaml", mistakes)
    lists.setdefault("en", {})["finding"] = _findings_in_questions(finding_lists)
    texts = {
        language: read_texts(folder / "texts" / f"{language}.yaml", language, mistakes)
        for language in LANGUAGES
    }
    groups = _read_groups(folder / "regions.yaml", mistakes)
    other_languages = _read_other_languages(folder / "other_languages.yaml", mistakes)
    likeness = _read_likeness(folder / LIKENESS, len(alarm_kinds), mistakes)
    topics = _read_likeness(folder / TOPICS, len(topic_kinds), mistakes)
    if mistakes.found:
        raise PolicyError(mistakes.found)
    _add_reading_words(table, lists)
    table.pack()
    return Policy(
        version=versions[0].name if versions[0].digest == digest else _CHANGED,
        digest=digest,
        kinds=kinds,
        rules=tuple(rules),
        scale=scale,
        likeness=likeness,
        topics=topics,
        questions=build_lexicon(lists, table),
        findings=build_lexicon({"en": finding_lists}, table),
        approvers=approvers,
        texts=texts,
        groups=groups,
        other_languages=other_languages,
        words=table,
        plain_words={code: extra["plain"] for code, extra in extras.items()},
        told={code: extra["told"] for code, extra in extras.items()},
        yes_no={code: extra["yes_no"] for code, extra in extras.items()},
        open_questions={code: extra["open_questions"] for code, extra in extras.items()},
        of_everybody=_starts(extras, "of_everybody"),
        of_things=_starts(extras, "of_things"),
        reasons=_starts(extras, "reasons"),
        articles={code: extra["articles"] for code, extra in extras.items()},
        closed_questions=closed_questions,
        identifies=_starts(extras, "identifies"),
        clinic=Clinic(),
    )


def _starts(
    extras: Mapping[str, Mapping[str, frozenset[str]]], name: str
) -> dict[str, re.Pattern[str]]:
    """For each language what finds one of the listed starts at the beginning of a text."""
    return {
        code: re.compile("^(?:" + "|".join(sorted(extra[name])) + r")\b")
        for code, extra in extras.items()
    }


def _findings_in_questions(finding_lists: Mapping[str, Sequence[str]]) -> list[str]:
    """The findings that count in questions too.

    Three letters are a word of some other language ("ich"); they count in answers alone.
    """
    return [
        entry
        for name, entries in finding_lists.items()
        if name == "other" or name.startswith(("note.", "time."))
        for entry in entries
        if len(entry) > 3
    ]


def _read_other_languages(file: Path, mistakes: Mistakes) -> dict[str, frozenset[str]]:
    """Words that show a text to be in a language that no page has."""
    held = mapping(read_yaml(file, mistakes), mistakes)
    return {
        code: frozenset(words(fold(text(part, mistakes))))
        for code, part in mapping(held.get("words"), mistakes).items()
    }


def _read_likeness(file: Path, kinds: int, mistakes: Mistakes) -> Likeness:
    try:
        return load_likeness(file, kinds)
    except (OSError, ValueError) as error:
        mistakes.found.append(f"{file.name}:1: {error}")
        return Likeness.deaf(kinds)


def _add_reading_words(table: WordTable, lists: Lists) -> None:
    """The words of the lists show a language too, those of phrases and word starts included."""
    for code in LANGUAGES:
        for entries in lists.get(code, {}).values():
            for entry in entries:
                table.add_reading(code, words(fold(entry.replace("*", ""))))


def _read_findings(file: Path, mistakes: Mistakes) -> dict[str, list[str]]:
    """Concepts of the finding lexicon: "vessel", "other", "note.pregnancy", "time.critical"."""
    keys = check_keys(
        read_yaml(file, mistakes),
        needed=("language", "kinds", "notes", "time_critical", "other"),
        allowed=("codes",),
        mistakes=mistakes,
    )
    found = {
        name: commas(text(part, mistakes))
        for name, part in mapping(keys.get("kinds"), mistakes).items()
    }
    found["other"] = commas(text(keys.get("other"), mistakes))
    for name, part in mapping(keys.get("notes"), mistakes).items():
        found[f"note.{name}"] = commas(text(part, mistakes))
    found["time.critical"] = commas(text(keys.get("time_critical"), mistakes))
    return found


def _read_groups(file: Path, mistakes: Mistakes) -> dict[str, Group]:
    found: dict[str, Group] = {}
    groups = mapping(read_yaml(file, mistakes), mistakes).get("groups")
    for name, item in mapping(groups, mistakes).items():
        keys = check_keys(item, needed=("regions", "b"), allowed=(), mistakes=mistakes)
        group = Group(name, frozenset(text(keys.get("b"), mistakes).split()))
        for region in text(keys.get("regions"), mistakes).split():
            found[region.replace("_", " ")] = group
    return found


def _read_kinds(file: Path, mistakes: Mistakes) -> dict[str, Kind]:
    held = check_keys(read_yaml(file, mistakes), needed=("kinds",), allowed=(), mistakes=mistakes)
    found: dict[str, Kind] = {}
    for name, item in mapping(held.get("kinds"), mistakes).items():
        keys = check_keys(item, needed=("verdict", "text"), allowed=(), mistakes=mistakes)
        wanted = text(keys.get("verdict"), mistakes)
        for verdict in VERDICTS:
            if verdict == wanted:
                found[name] = Kind(name, verdict, text(keys.get("text"), mistakes))
        if name not in found:
            mistakes.add(item.file, item.line, f"{wanted!r} is no verdict")
    return found
