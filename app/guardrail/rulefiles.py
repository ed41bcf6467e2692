"""Reads the question rules and the words of their concepts."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from app.guardrail.complaints import Scale, WordKind
from app.guardrail.concepts import entry_words
from app.guardrail.patterns import Pattern, parse_pattern
from app.guardrail.policy import Kind, QuestionRule
from app.guardrail.yamlfile import (
    Mistakes,
    Part,
    check_keys,
    commas,
    lines,
    mapping,
    read_yaml,
    text,
)

Lists = dict[str, dict[str, list[str]]]
"""Language -> concept -> entries."""


def read_concepts(folder: Path, mistakes: Mistakes) -> Lists:
    """The word lists of every language; a file may be one of several languages."""
    lists: Lists = {}
    for file in sorted(folder.glob("*.yaml")):
        keys = mapping(read_yaml(file, mistakes), mistakes)
        languages = text(keys.get("language"), mistakes).split()
        if not languages:
            mistakes.add(file, 1, "key 'language' is missing")
        for concept, part in keys.items():
            if concept == "language":
                continue
            entries = list(commas(text(part, mistakes)))
            check_entries(entries, part, mistakes)
            # "c'est" is also typed "c est".
            entries += [entry.replace("'", " ") for entry in entries if "'" in entry]
            for language in languages:
                lists.setdefault(language, {}).setdefault(concept, []).extend(entries)
    return lists


def check_entries(entries: Sequence[str], part: Part, mistakes: Mistakes) -> None:
    """Notes every entry that no list can hold."""
    for entry in entries:
        try:
            entry_words(entry)
        except ValueError:
            mistakes.add(part.file, part.line, f"{entry!r} is no word, word start or phrase")


def read_questions(
    folder: Path, kinds: Mapping[str, Kind], lists: Lists, mistakes: Mistakes
) -> list[QuestionRule]:
    """The question rules of all files, in the order of their kinds."""
    found: list[QuestionRule] = []
    known = {concept for concepts in lists.values() for concept in concepts}
    known |= {"finding", "alarm"}
    for file in sorted(folder.glob("questions-*.yaml")):
        rules = mapping(read_yaml(file, mistakes), mistakes).get("rules")
        for item in rules.value if rules and isinstance(rules.value, list) else ():
            keys = check_keys(
                item,
                needed=("id", "kind", "locked", "when", "catch", "pass"),
                allowed=(),
                mistakes=mistakes,
            )
            kind = text(keys.get("kind"), mistakes)
            if kind not in kinds:
                mistakes.add(file, item.line, f"unknown kind {kind!r}")
            patterns = _patterns(keys.get("when"), known, mistakes)
            found.append(
                QuestionRule(
                    id=text(keys.get("id"), mistakes),
                    kind=kind,
                    locked=text(keys.get("locked"), mistakes) == "yes",
                    patterns=patterns,
                    catch=lines(text(keys.get("catch"), mistakes)),
                    passes=lines(text(keys.get("pass"), mistakes)),
                )
            )
    order = list(kinds)
    return sorted(found, key=lambda rule: order.index(rule.kind) if rule.kind in order else 99)


def _patterns(part: Part | None, known: set[str], mistakes: Mistakes) -> tuple[Pattern, ...]:
    found = []
    for item in part.value if part and isinstance(part.value, list) else ():
        try:
            pattern = parse_pattern(str(item.value))
        except ValueError:
            mistakes.add(item.file, item.line, f"{item.value!r} is no pattern")
            continue
        for concept in (*pattern.concepts, *pattern.unless):
            if concept not in known:
                mistakes.add(item.file, item.line, f"unknown concept {concept!r}")
        found.append(pattern)
    return tuple(found)


def read_scale(file: Path, lists: Lists, mistakes: Mistakes) -> Scale:
    """What the words of a complaint weigh."""
    keys = check_keys(
        read_yaml(file, mistakes),
        needed=("threshold", "plain_threshold", "without_person", "statement", "kinds"),
        allowed=(),
        mistakes=mistakes,
    )
    known = {concept for concepts in lists.values() for concept in concepts}
    kinds = []
    for name, item in mapping(keys.get("kinds"), mistakes).items():
        parts = check_keys(item, needed=("weight", "concepts"), allowed=(), mistakes=mistakes)
        concepts = frozenset(text(parts.get("concepts"), mistakes).split())
        for concept in sorted(concepts - known):
            mistakes.add(item.file, item.line, f"unknown concept {concept!r}")
        kinds.append(WordKind(name, _number(parts.get("weight"), mistakes), concepts))
    return Scale(
        threshold=_number(keys.get("threshold"), mistakes),
        plain_threshold=_number(keys.get("plain_threshold"), mistakes),
        statement=_number(keys.get("statement"), mistakes),
        without_person=frozenset(text(keys.get("without_person"), mistakes).split()),
        kinds=tuple(kinds),
    )


def _number(part: Part | None, mistakes: Mistakes) -> int:
    try:
        return int(text(part, mistakes))
    except ValueError:
        if part:
            mistakes.add(part.file, part.line, f"{part.value!r} is no number")
        return 0
