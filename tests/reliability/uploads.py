"""Changed files at the door of intake: each ends as a picture or as a refusal, soon."""

import time
from multiprocessing.connection import wait
from pathlib import Path

from app.intake.reasons import REASONS
from app.intake.receive import ReceivedScan, Refusal, receive
from tests.reliability.bar import Bar
from tests.reliability.decoding_pool import Decoder, Outcome
from tests.reliability.mutations import mutated

FULL = 20_000
REDUCED = 400
THROUGH_THE_DOOR = 50
"""Of the reduced count, these go through receive() with a process of their own each."""
SECONDS = 5.0
WORKERS = 2


def changed_files(_: Path, is_full: bool) -> Bar:
    """Bar 11: no exception but a refusal, no answer that cannot be read, 5 s of CPU each."""
    count = FULL if is_full else REDUCED
    started = time.monotonic()
    outcomes = decode_all(count)
    failed = failures(outcomes) + door_failures(THROUGH_THE_DOOR)
    deaths = sum(one.died for one in outcomes)
    slowest = max(one.seconds for one in outcomes)
    what = f"changed files at the door ({deaths} ended a decoder, slowest {slowest:.1f} s CPU)"
    seconds = time.monotonic() - started
    return Bar(11, what, len(failed), count + THROUGH_THE_DOOR, FULL, seconds)


def door_failures(count: int, seed: int = 23) -> list[str]:
    """Names of changed files for which receive() gives neither a picture nor a known refusal."""
    failed = []
    for number, (name, data) in enumerate(mutated(count, seed)):
        answer = receive(data)
        refused = isinstance(answer, Refusal) and answer.reason in REASONS
        if not refused and not isinstance(answer, ReceivedScan):
            failed.append(f"{number} {name}")
    return failed


def failures(outcomes: list[Outcome]) -> list[str]:
    """What went wrong: an unnamed exception, an unreadable answer, too much time.

    A decoder that dies is what it is disposable for: the server says ``broken`` or ``too_slow``.
    """
    found = [f"{one.number} {one.name}: {one.problem}" for one in outcomes if one.problem]
    slow = [one for one in outcomes if one.seconds > SECONDS and not one.died]
    return found + [f"{one.number} {one.name}: {one.seconds:.1f} s" for one in slow]


def decode_all(count: int, seed: int = 11, workers: int = WORKERS) -> list[Outcome]:
    """What became of each changed file, in processes confined as the real ones are.

    Each process decodes many files; one that dies is replaced and its file noted.
    """
    outcomes: list[Outcome] = []
    files = enumerate(mutated(count, seed))
    busy: dict[object, Decoder] = {}
    for number, (name, data) in _first(files, workers):
        decoder = Decoder()
        decoder.order(number, name, data)
        busy[decoder.pipe] = decoder
    while busy:
        for pipe in wait(list(busy)):
            decoder = busy.pop(pipe)
            outcome = decoder.outcome()
            outcomes.append(outcome)
            if outcome.died:
                decoder.close()
                decoder = Decoder()
            for number, (name, data) in _first(files, 1):
                decoder.order(number, name, data)
                busy[decoder.pipe] = decoder
                break
            else:
                decoder.close()
    return outcomes


def _first(
    files: "enumerate[tuple[str, bytes]]", count: int
) -> list[tuple[int, tuple[str, bytes]]]:
    return [one for _, one in zip(range(count), files, strict=False)]
