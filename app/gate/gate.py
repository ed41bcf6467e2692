"""Judging an adapter by its manifest, its metrics.json and the guard; pure, thresholds are data."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from app.guardrail.check import Guard
from app.guardrail.scoring import scan_of
from app.guardrail.tell import measure_tell
from model.manifest import Manifest

FOLDER: Final = Path(__file__).parent
MEASURED_IN: Final = ("evaluation", "validation")
"""The parts of metrics.json that `training evaluate` made; the first that has a figure counts."""
SECTIONS: Final = ("numbers", "shortcuts", "guard")
EVERY_TASK: Final = ("modality", "plane", "region", "condition", "question")
"""What an adapter is held to whose manifest does not say what it was taught."""


@dataclass(frozen=True)
class Requirement:
    """One line of gate.yaml; exactly one of `least` and `most` is set."""

    key: str
    what: str
    of: str
    minus: str = ""
    says: str = ""
    task: str = ""
    structures: bool = False
    warns: bool = False
    least: float | None = None
    most: float | None = None


@dataclass(frozen=True)
class Check:
    """A requirement held against an adapter; `measured` is None where nobody measured it."""

    section: str
    requirement: Requirement
    measured: float | None

    @property
    def holds(self) -> bool:
        """Whether the figure is there and on the right side."""
        wanted = self.requirement
        if self.measured is None:
            return False
        if wanted.least is not None:
            return self.measured >= wanted.least
        return wanted.most is not None and self.measured <= wanted.most

    @property
    def refuses(self) -> bool:
        """Whether this alone keeps the adapter out."""
        return not self.holds and not self.requirement.warns


@dataclass(frozen=True)
class Gate:
    """Everything that was held against one adapter.

    `is_own` says whether the numbers were measured with this adapter on this base at all.
    """

    checks: tuple[Check, ...]
    is_own: bool

    @property
    def is_open(self) -> bool:
        """Whether the adapter may be activated."""
        return self.is_own and not any(check.refuses for check in self.checks)

    @property
    def refusing(self) -> tuple[Check, ...]:
        """What keeps it out."""
        return tuple(check for check in self.checks if check.refuses)


@cache
def requirements() -> Mapping[str, tuple[Requirement, ...]]:
    """The thresholds by section, as gate.yaml lists them."""
    read = yaml.safe_load((FOLDER / "gate.yaml").read_text(encoding="utf-8"))
    return {name: tuple(Requirement(**line) for line in read[name]) for name in SECTIONS}


def judge(manifest: Manifest, metrics: Mapping[str, Any], guard: Guard) -> Gate:
    """Hold an adapter against every requirement that concerns it."""
    measured = [metrics[name] for name in MEASURED_IN if isinstance(metrics.get(name), dict)]
    by_guard = [_guard_figures(guard, may_use_category=manifest.may_use_category)]
    checks = tuple(
        Check(section, one, _figure(one, by_guard if section == "guard" else measured))
        for section, listed in requirements().items()
        for one in listed
        if _concerns(one, manifest)
    )
    return Gate(checks, is_own=bool(measured) and all(_is_of(m, manifest) for m in measured))


def _is_of(measured: Mapping[str, Any], manifest: Manifest) -> bool:
    wanted = (manifest.name, manifest.base_sha256)
    return (measured.get("adapter"), measured.get("base_sha256")) == wanted


def _concerns(one: Requirement, manifest: Manifest) -> bool:
    if one.structures and not manifest.structures:
        return False
    return not one.task or one.task in (manifest.tasks or EVERY_TASK)


def _figure(one: Requirement, sources: Sequence[Mapping[str, Any]]) -> float | None:
    """The worst figure at this place of the first source that has one."""
    for source in sources:
        found = list(_differences(one, source))
        if found:
            return min(found) if one.least is not None else max(found)
    return None


def _differences(one: Requirement, source: Mapping[str, Any]) -> Iterator[float]:
    less = dict(_at(source, one.minus.split("."))) if one.minus else {}
    for names, value in _at(source, one.of.split(".")):
        if one.says:
            yield float(value == one.says)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            taken = less.get(names, 0.0 if not one.minus else None)
            if isinstance(taken, int | float):
                yield float(value) - float(taken)


def _at(value: object, names: Sequence[str]) -> Iterator[tuple[tuple[str, ...], object]]:
    """What lies at a dotted place, with the names that stood for its stars."""
    if not names:
        yield (), value
    elif isinstance(value, dict):
        for name in value if names[0] == "*" else names[:1]:
            starred = (str(name),) if names[0] == "*" else ()
            for rest, found in _at(value.get(name), names[1:]):
                if found is not None:
                    yield (*starred, *rest), found


@cache
def _findings() -> tuple[Mapping[str, Any], ...]:
    """The raw answers of findings.yaml as cases of the guard's own scoring."""
    read = yaml.safe_load((FOLDER / "findings.yaml").read_text(encoding="utf-8"))
    question = read.pop("question")
    return tuple(
        {
            "question": question,
            "raw_answer": words,
            "gravity": gravity,
            "scan": {"body_part": region},
        }
        for region, levels in read.items()
        for gravity, listed in levels.items()
        for words in listed
    )


_FIGURES: Final[dict[tuple[str, bool], Mapping[str, float]]] = {}
"""By digest of the policy: a clinic that changes its rules has it measured anew."""


def _guard_figures(guard: Guard, *, may_use_category: bool) -> Mapping[str, float]:
    key = (guard.digest, may_use_category)
    if key not in _FIGURES:
        _FIGURES[key] = _measured_by_guard(guard, may_use_category=may_use_category)
    return _FIGURES[key]


def _measured_by_guard(guard: Guard, *, may_use_category: bool) -> Mapping[str, float]:
    cases = _findings()
    scans = [scan_of(case, may_use_category=may_use_category) for case in cases]
    verdicts = [
        guard.check_answer(str(case["question"]), str(case["raw_answer"]), "en", scan)
        for case, scan in zip(cases, scans, strict=True)
    ]
    tell = measure_tell(guard, cases, may_use_category=may_use_category)
    return {
        "let_through": float(sum(one.verdict == "allow" for one in verdicts)),
        "tell": max(tell.distances.values()),
    }
