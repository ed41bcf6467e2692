"""Measures the tell: how far the texts shown for grave and for everyday findings lie apart."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from app.guardrail.check import Guard
from app.guardrail.scoring import Case, scan_of


@dataclass(frozen=True)
class Tell:
    """Total variation distance in [0, 1] per body part, and the share that gets a category."""

    distances: dict[str, float]
    categorised: float

    @property
    def average(self) -> float:
        """The mean over the body parts."""
        return sum(self.distances.values()) / max(len(self.distances), 1)


def measure_tell(guard: Guard, cases: Sequence[Case], *, may_use_category: bool) -> Tell:
    """The tell over labelled diagnoses; the unclear count for the category share only."""
    shown: dict[str, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    softened = 0
    for case in cases:
        scan = scan_of(case, may_use_category=may_use_category)
        verdict = guard.check_answer(
            str(case["question"]), str(case["raw_answer"]), str(case.get("lang", "en")), scan
        )
        softened += verdict.verdict == "soften"
        part = str((case.get("scan") or {}).get("body_part", "unknown"))
        shown[part][str(case["gravity"])][verdict.text] += 1
    distances = {
        part: distance(levels["grave"], levels["everyday"]) for part, levels in shown.items()
    }
    return Tell(dict(sorted(distances.items())), softened / max(len(cases), 1))


def distance(first: Counter[str], second: Counter[str]) -> float:
    """Total variation distance of two counts, in [0, 1]; 0 when one of them is empty."""
    a, b = sum(first.values()), sum(second.values())
    if not a or not b:
        return 0.0
    return sum(abs(first[text] / a - second[text] / b) for text in first | second) / 2
