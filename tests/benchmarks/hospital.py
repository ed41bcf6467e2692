"""python -m tests.benchmarks.hospital: how many cards a hospital needs, simulated event by event.

A patient arrives, looks (structures times slices), then asks questions with pauses between. Each
card takes what waits in batches, questions first. Service times are those of a profile: measured
on two cores here, or assumed for a card; both are printed.
"""

import argparse
import heapq
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.plot import draw_curves

TABLETS = (10, 30, 100, 300, 1000)
WANTED_ANSWER_SECONDS = 5.0
"""Nine of ten questions are answered after this."""
WANTED_LOOK_SECONDS = 30.0
"""Nine of ten scans are looked at after this."""


@dataclass(frozen=True)
class Service:
    """Seconds of a card: a batch costs `fixed` and `each` for every job in it."""

    name: str
    look_fixed: float
    look_each: float
    question_fixed: float
    question_each: float
    most: int = 16


COMPACT = Service("compact, one core (measured)", 0.35, 0.95, 0.06, 0.03)
"""Five views of a picture with its structures 1.3 s; an answer 0.09 s, eight at once 0.29 s."""
FULL_CPU = Service("full size, two cores (measured)", 14.0, 80.0, 2.8, 3.7)
"""Six structures 18.8 s a view, five views; an answer 6.5 s, eight at once 33 s."""
TIMES_FASTER = 20.0
"""What a card is assumed to gain over two cores; no card was at hand."""


def _card() -> Service:
    one, gain = FULL_CPU, TIMES_FASTER
    return Service(
        f"full size, one card (assumed: {gain:.0f} times two cores)",
        one.look_fixed / gain,
        one.look_each / gain,
        one.question_fixed / gain,
        one.question_each / gain,
    )


@dataclass(frozen=True)
class Habits:
    """What patients do: seconds between visits on one tablet, questions, slices, pauses."""

    visit_seconds: float = 900.0
    questions: int = 6
    slices: int = 1
    pause_seconds: float = 45.0


def simulate(
    service: Service, tablets: int, cards: int, habits: Habits, *, hours: float = 2.0, seed: int = 0
) -> dict[str, list[float]]:
    """Seconds that each question and each look took, from being asked for to being there."""
    events: list[tuple[float, int, str, int]] = []
    for number, (at, kind, tablet) in enumerate(_arrivals(tablets, habits, hours * 3600, seed)):
        events.append((at, number, kind, tablet))
    heapq.heapify(events)
    waiting: dict[str, list[float]] = {"question": [], "look": []}
    waits: dict[str, list[float]] = {"question": [], "look": []}
    free, number = cards, len(events)
    while events:
        now, _, kind, _tablet = heapq.heappop(events)
        if kind == "free":
            free += 1
        else:
            waiting[kind].append(now)
        while free and (waiting["question"] or waiting["look"]):
            chosen = "question" if waiting["question"] else "look"
            batch = waiting[chosen][: service.most]
            waiting[chosen] = waiting[chosen][service.most :]
            seconds = _seconds(service, chosen, len(batch))
            waits[chosen] += [now + seconds - asked for asked in batch]
            free, number = free - 1, number + 1
            heapq.heappush(events, (now + seconds, number, "free", -1))
    return waits


def _seconds(service: Service, kind: str, jobs: int) -> float:
    if kind == "question":
        return service.question_fixed + jobs * service.question_each
    return service.look_fixed + jobs * service.look_each


def _arrivals(
    tablets: int, habits: Habits, end: float, seed: int
) -> Iterator[tuple[float, str, int]]:
    """Visits begin at random on each tablet; a visit is a look for each slice, then questions."""
    chance = random.Random(seed)
    for tablet in range(tablets):
        at = chance.uniform(0, habits.visit_seconds)
        while at < end:
            yield from ((at, "look", tablet) for _ in range(habits.slices))
            asked = at + habits.pause_seconds
            for _ in range(habits.questions):
                yield asked, "question", tablet
                asked += chance.expovariate(1 / habits.pause_seconds)
            at += max(chance.expovariate(1 / habits.visit_seconds), asked - at)


def ranked(values: list[float], share: float) -> float:
    """The value below which this share of them lies."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def cards_needed(service: Service, tablets: int, habits: Habits) -> int:
    """The fewest cards with which nine of ten answers come in time."""
    low, high = 1, 1
    while not _is_enough(service, tablets, high, habits):
        low, high = high + 1, high * 2
    while low < high:
        middle = (low + high) // 2
        if _is_enough(service, tablets, middle, habits):
            high = middle
        else:
            low = middle + 1
    return high


def _is_enough(service: Service, tablets: int, cards: int, habits: Habits) -> bool:
    waits = simulate(service, tablets, cards, habits, hours=1.0)
    is_answered = ranked(waits["question"], 0.9) <= WANTED_ANSWER_SECONDS
    return is_answered and ranked(waits["look"], 0.9) <= WANTED_LOOK_SECONDS


def main() -> None:
    """Print the table and draw the curves."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, help="PNG to draw, a JSON beside it")
    options = parser.parse_args()
    habits, card = Habits(), _card()
    needed = {
        service.name: [(n, cards_needed(service, n, habits)) for n in TABLETS]
        for service in (COMPACT, card)
    }
    slices = [(n, cards_needed(card, 100, Habits(slices=n))) for n in (1, 2, 4, 8)]
    found = {"cards": needed, "cards_by_slices_at_100_tablets": slices}
    print(json.dumps(found, indent=1))  # noqa: T201, the command's screen
    if options.out:
        options.out.with_suffix(".json").write_text(json.dumps(found, indent=1), encoding="utf-8")
        curves = {name: [(float(n), float(c)) for n, c in one] for name, one in needed.items()}
        title = "Engines for nine of ten answers in 5 s and looks in 30 s"
        draw_curves(options.out, title, ("tablets", "engines"), curves)


if __name__ == "__main__":
    main()
