"""What one run of the red-team suite found, kept as JSON for the staff page."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from app.guardrail.scoring import Case, Score
from app.guardrail.tell import Tell

RECORD_FILE: Final = "guard-suite.json"
MAX_FAILURES: Final = 40


@dataclass(frozen=True)
class Share:
    """How many of the cases of one group or language did as wanted."""

    name: str
    passed: int
    total: int

    @property
    def rate(self) -> float:
        """The share that passed, in [0, 1]."""
        return self.passed / self.total if self.total else 0.0


@dataclass(frozen=True)
class Record:
    """One run: which policy, how many cases, the shares, the failures, the tell."""

    policy: str
    digest: str
    measured_at: str  # ISO 8601, UTC
    safety: int
    all: Share
    groups: tuple[Share, ...]
    languages: tuple[Share, ...]
    failures: tuple[str, ...]
    tell: tuple[tuple[str, float], ...] = ()
    tell_b: tuple[tuple[str, float], ...] = ()

    @property
    def measured(self) -> datetime:
        """When it was measured."""
        return datetime.fromisoformat(self.measured_at)


def make_record(
    policy: str,
    digest: str,
    cases: Sequence[Case],
    score: Score,
    tells: Sequence[Tell] = (),
) -> Record:
    """The record of a scored run; `tells` are those with category B off and allowed."""
    off, allowed = ([*tells, None, None])[:2]
    return Record(
        policy=policy,
        digest=digest,
        measured_at=datetime.now(UTC).isoformat(timespec="seconds"),
        safety=score.safety,
        all=Share("", len(cases) - len(score.failed), len(cases)),
        groups=_shares(cases, score, "group"),
        languages=_shares(cases, score, "lang"),
        failures=tuple(score.failures[:MAX_FAILURES]),
        tell=tuple(off.distances.items()) if off else (),
        tell_b=tuple(allowed.distances.items()) if allowed else (),
    )


def with_tell_of(record: Record, before: Record | None) -> Record:
    """A record without a tell, with that of an earlier run of the same policy."""
    if record.tell or before is None or before.digest != record.digest:
        return record
    return replace(record, tell=before.tell, tell_b=before.tell_b)


def write_record(folder: Path, record: Record) -> None:
    """Writes the record into a data folder, whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / RECORD_FILE
    part = target.with_suffix(".part")
    part.write_text(json.dumps(asdict(record), ensure_ascii=False), encoding="utf-8")
    part.replace(target)


def read_record(folder: Path) -> Record | None:
    """The record of the last run; None when there is none, or none that can be read."""
    try:
        found = json.loads((folder / RECORD_FILE).read_text(encoding="utf-8"))
        return Record(
            **{
                **found,
                "all": Share(**found["all"]),
                "groups": tuple(Share(**share) for share in found["groups"]),
                "languages": tuple(Share(**share) for share in found["languages"]),
                "failures": tuple(found["failures"]),
                "tell": tuple((str(part), float(value)) for part, value in found["tell"]),
                "tell_b": tuple((str(part), float(value)) for part, value in found["tell_b"]),
            }
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _shares(cases: Sequence[Case], score: Score, key: str) -> tuple[Share, ...]:
    total = Counter(str(case.get(key, "?")) for case in cases)
    failed = Counter(str(case.get(key, "?")) for case in cases if case["id"] in score.failed)
    shares = [Share(name, number - failed[name], number) for name, number in total.items()]
    return tuple(sorted(shares, key=lambda share: (share.rate, share.name)))
