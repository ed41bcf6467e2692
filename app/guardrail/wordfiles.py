"""Reads the approved vocabularies and the rules that object to an answer."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from app.guardrail.approval import Approver, Objection, make_approver
from app.guardrail.forms import Group
from app.guardrail.likeness import Likeness
from app.guardrail.normalise import fold, words
from app.guardrail.plainness import SURELY, YIELDS
from app.guardrail.policy import LANGUAGES, ClosedQuestions
from app.guardrail.turns import parts_of, read_turns
from app.guardrail.vocabulary import Aside, Vocabulary, build_vocabulary
from app.guardrail.wordtable import WordTable
from app.guardrail.yamlfile import (
    Mistakes,
    Part,
    check_keys,
    commas,
    lines,
    mapping,
    read_yaml,
    text,
    text_list,
)

_YIELDS: Final = {"yes": YIELDS, "surely": SURELY}
_LISTS: Final = (
    "phrases",
    "plain",
    "told",
    "yes_no",
    "open_questions",
    "identifies",
    "links",
    "never",
    "verbless",
    "pronouns",
    "stands_for",
    "verb_first",
    "endings",
    "of_everybody",
    "of_things",
    "reasons",
    "articles",
    "unformed",
    "proclitics",
)


def read_words(
    folder: Path, table: WordTable, mistakes: Mistakes
) -> tuple[dict[str, Vocabulary], dict[str, dict[str, frozenset[str]]]]:
    """The vocabulary of every language and its lists: what plain questions hold, and the like.

    The approved words themselves go into the table.
    What stands in nl.yaml goes on in nl-general.yaml: further groups, phrases and words never said;
    "{class}" in a phrase there stands for a choice of the words of a class of that file, and what
    is `aside` may be said of things alone, what is `doubtful` where all else clearly sounds plain.
    """
    vocabularies: dict[str, Vocabulary] = {}
    extras: dict[str, dict[str, frozenset[str]]] = {}
    for code in LANGUAGES:
        keys = check_keys(
            read_yaml(folder / f"{code}.yaml", mistakes),
            needed=("language", "groups"),
            allowed=_LISTS,
            mistakes=mistakes,
        )
        further = _further(folder, code, mistakes)
        phrases = _phrases(keys, mistakes)
        never = text(keys.get("never"), mistakes).split()
        for more in further:
            phrases += _phrases(more, mistakes)
            never += text(more.get("never"), mistakes).split()
        vocabularies[code] = build_vocabulary(
            code,
            table,
            [group for one in (keys, *further) for group in _groups(one.get("groups"), mistakes)],
            phrases,
            text_list(keys.get("links"), mistakes),
            never,
            verbless=text(keys.get("verbless"), mistakes) == "yes",
            pronouns=text(keys.get("pronouns"), mistakes).split(),
            stands_for=text(keys.get("stands_for"), mistakes),
            verb_first=text(keys.get("verb_first"), mistakes) == "yes",
            endings=text(keys.get("endings"), mistakes).split(),
            unformed=text(keys.get("unformed"), mistakes).split(),
            proclitics=text(keys.get("proclitics"), mistakes).split(),
            aside=_aside(further, mistakes),
            doubtful=_doubtful(further, mistakes),
        )
        extras[code] = {
            "plain": frozenset(words(fold(text(keys.get("plain"), mistakes)))),
            "told": frozenset(words(fold(text(keys.get("told"), mistakes)))),
            "yes_no": frozenset(words(fold(text(keys.get("yes_no"), mistakes)))),
            "open_questions": frozenset(words(fold(text(keys.get("open_questions"), mistakes)))),
            "articles": frozenset(words(fold(text(keys.get("articles"), mistakes)))),
            **{
                name: frozenset({text(keys.get(name), mistakes) or "(?!)"})
                for name in ("of_everybody", "of_things", "reasons")
            },
            "identifies": frozenset(map(fold, commas(text(keys.get("identifies"), mistakes))))
            or frozenset({"(?!)"}),
        }
    return vocabularies, extras


def _further(folder: Path, code: str, mistakes: Mistakes) -> list[dict[str, Part]]:
    return [
        check_keys(
            read_yaml(file, mistakes),
            needed=("language", "groups"),
            allowed=("aside", "classes", "doubtful", "never", "phrases"),
            mistakes=mistakes,
        )
        for file in sorted(folder.glob(f"{code}-*.yaml"))
    ]


def _phrases(keys: Mapping[str, Part], mistakes: Mistakes) -> list[list[tuple[str, ...]]]:
    """The turns of phrase of a file, each "{class}" in them replaced by a choice of its words."""
    classes = {name: f"({words})" for name, words in _classes(keys, mistakes).items()}
    turns = commas(_filled(text(keys.get("phrases"), mistakes), classes))
    read = (_turn(turn, keys["phrases"], mistakes) for turn in turns)
    return [parts for parts in read if parts]


def _turn(turn: str, phrases: Part, mistakes: Mistakes) -> list[tuple[str, ...]]:
    """The parts of a turn of phrase; none for what is none."""
    if unknown := re.search(r"\{.*?\}", turn):
        mistakes.add(phrases.file, phrases.line, f"unknown class {unknown[0]!r}")
        return []
    try:
        return parts_of(turn)
    except ValueError:
        mistakes.add(phrases.file, phrases.line, f"{turn!r} is no turn of phrase")
        return []


def _aside(further: Sequence[Mapping[str, Part]], mistakes: Mistakes) -> Aside:
    """What the further files of a language approve for sentences that speak of things alone."""
    said: list[str] = []
    things: list[str] = []
    phrases: list[list[tuple[str, ...]]] = []
    bars: list[re.Pattern[str]] = []
    for more in further:
        if "aside" not in more:
            continue
        keys = check_keys(
            more["aside"],
            needed=("words", "things", "bars"),
            allowed=("phrases",),
            mistakes=mistakes,
        )
        said += words(fold(text(keys.get("words"), mistakes)))
        things += words(fold(text(keys.get("things"), mistakes)))
        phrases += _phrases({**more, **keys}, mistakes)
        bars += _compile(keys.get("bars"), {}, mistakes)
    return Aside(frozenset(said), read_turns(phrases), frozenset(things), tuple(bars))


def _doubtful(further: Sequence[Mapping[str, Part]], mistakes: Mistakes) -> list[str]:
    said = (text(more.get("doubtful"), mistakes) for more in further)
    return [word for one in said for word in words(fold(one))]


def _groups(part: Part | None, mistakes: Mistakes) -> Iterator[Group]:
    for name, item in mapping(part, mistakes).items():
        keys = check_keys(
            item, needed=("words",), allowed=("anchor", "prefixes", "suffixes"), mistakes=mistakes
        )
        yield (
            name,
            text(keys.get("anchor"), mistakes) == "yes",
            text_list(keys.get("prefixes"), mistakes),
            text_list(keys.get("suffixes"), mistakes),
            text(keys.get("words"), mistakes).split(),
        )


def read_approvers(
    folder: Path,
    vocabularies: Mapping[str, Vocabulary],
    plainness: Likeness,
    mistakes: Mistakes,
) -> dict[str, Approver]:
    """One approver per language: its vocabulary with the objections."""
    objections: dict[str, list[Objection]] = {code: [] for code in LANGUAGES}
    general: dict[str, dict[str, tuple[re.Pattern[str], ...]]] = {code: {} for code in LANGUAGES}
    for file in sorted(folder.glob("answers*.yaml")):
        keys = check_keys(
            read_yaml(file, mistakes),
            needed=("rules",),
            allowed=("classes", "language", "general"),
            mistakes=mistakes,
        )
        language = text(keys.get("language"), mistakes) or "en"
        classes = _classes(keys, mistakes)
        for way, part in mapping(keys.get("general"), mistakes).items():
            general[language][way] = _compile(part, classes, mistakes)
        rules = keys.get("rules")
        for item in rules.value if rules and isinstance(rules.value, list) else ():
            objections.setdefault(language, []).append(
                _objection(item, language, classes, mistakes)
            )
    return {
        code: make_approver(vocabulary, objections[code], general[code], plainness)
        for code, vocabulary in vocabularies.items()
    }


def read_closed_questions(folder: Path, mistakes: Mistakes) -> dict[str, ClosedQuestions]:
    """Per language which questions "yes" alone may answer; a language may have no such file."""
    found: dict[str, ClosedQuestions] = {}
    for file in sorted(folder.glob("yes-no-*.yaml")):
        keys = check_keys(
            read_yaml(file, mistakes),
            needed=("language", "settled", "begun", "unsettled", "catch", "pass"),
            allowed=("classes",),
            mistakes=mistakes,
        )
        classes = _classes(keys, mistakes)
        found[text(keys.get("language"), mistakes)] = ClosedQuestions(
            settled=_compile(keys.get("settled"), classes, mistakes),
            begun=_compile(keys.get("begun"), classes, mistakes),
            unsettled=_compile(keys.get("unsettled"), classes, mistakes),
            catch=lines(text(keys.get("catch"), mistakes)),
            passes=lines(text(keys.get("pass"), mistakes)),
        )
    return found


def _classes(keys: Mapping[str, Part], mistakes: Mistakes) -> dict[str, str]:
    """The classes of a file; one may use those that stand before it."""
    found: dict[str, str] = {}
    for name, part in mapping(keys.get("classes"), mistakes).items():
        found[name] = _filled(text(part, mistakes), found)
    return found


def _filled(pattern: str, classes: Mapping[str, str]) -> str:
    for name, expression in classes.items():
        pattern = pattern.replace("{" + name + "}", expression)
    return pattern


def _objection(
    item: Part, language: str, classes: Mapping[str, str], mistakes: Mistakes
) -> Objection:
    keys = check_keys(
        item,
        needed=("id", "locked", "object", "catch", "pass"),
        allowed=("unless", "spares", "yields"),
        mistakes=mistakes,
    )
    return Objection(
        id=text(keys.get("id"), mistakes),
        language=language,
        locked=text(keys.get("locked"), mistakes) == "yes",
        patterns=_compile(keys.get("object"), classes, mistakes),
        unless=_compile(keys.get("unless"), classes, mistakes),
        catch=lines(text(keys.get("catch"), mistakes)),
        passes=lines(text(keys.get("pass"), mistakes)),
        spares=frozenset(text(keys.get("spares"), mistakes).split()),
        yields=_yields(keys.get("yields"), mistakes),
    )


def _yields(part: Part | None, mistakes: Mistakes) -> float:
    chosen = text(part, mistakes)
    if part and chosen not in _YIELDS:
        mistakes.add(part.file, part.line, f"must be one of {', '.join(_YIELDS)}")
    return _YIELDS.get(chosen, -math.inf)


def _compile(
    part: Part | None, classes: Mapping[str, str], mistakes: Mistakes
) -> tuple[re.Pattern[str], ...]:
    found = []
    for item in part.value if part and isinstance(part.value, list) else ():
        try:
            found.append(re.compile(_filled(str(item.value), classes)))
        except re.error as error:
            mistakes.add(item.file, item.line, f"is no pattern: {error}")
    return tuple(found)
