"""Changed files at the door of intake: each ends as a picture or as a refusal, soon."""

import time
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

from app.intake.limits import DEFAULT_LIMITS
from app.intake.reasons import REASONS
from app.intake.receive import ReceivedScan, Refusal, receive
from tests.reliability.bar import Bar
from tests.reliability.mutations import mutated

FULL = 20_000
REDUCED = 400
THROUGH_THE_DOOR = 50
"""Of the reduced count, these go through receive() with a process of their own each."""
SECONDS = 5.0


def changed_files(_: Path, is_full: bool) -> Bar:
    """Bar 11: no exception but a refusal, no crash of the process, 5 s of CPU each."""
    count = FULL if is_full else REDUCED
    started = time.monotonic()
    failures = len(decode_failures(count)) + len(door_failures(THROUGH_THE_DOOR))
    what = "changed files at the door"
    return Bar(11, what, failures, count + THROUGH_THE_DOOR, FULL, time.monotonic() - started)


def door_failures(count: int, seed: int = 23) -> list[str]:
    """Names of changed files for which receive() gives neither a picture nor a known refusal."""
    failed = []
    for number, (name, data) in enumerate(mutated(count, seed)):
        answer = receive(data)
        refused = isinstance(answer, Refusal) and answer.reason in REASONS
        if not refused and not isinstance(answer, ReceivedScan):
            failed.append(f"{number} {name}")
    return failed


def decode_failures(count: int, seed: int = 11) -> list[str]:
    """The same for the decoding itself, in one child for all; a dead child is started anew.

    The child runs under the memory limit of a real one, and what stands in its list is an
    exception that no reason names, or more than 5 s of CPU.
    """
    failed: list[str] = []
    at = 0
    while at < count:
        ours, theirs = get_context("spawn").Pipe()
        child = get_context("spawn").Process(target=_decode_all, args=(theirs, at, count, seed))
        child.start()
        theirs.close()
        try:
            while (said := ours.recv()) is not None:
                at = said[0] + 1
                failed += [f"{said[0]} {said[1]}"] if said[1] else []
            at = count
        except EOFError:
            failed.append(f"{at} the process died")
            at += 1
        child.join()
    return failed


def _decode_all(pipe: "Connection[object, object]", start: int, count: int, seed: int) -> None:
    import resource

    limit = DEFAULT_LIMITS.memory_bytes
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    for number, (name, data) in enumerate(mutated(count, seed)):
        if number >= start:
            began = time.process_time()
            problem = _problem(data)
            if time.process_time() - began > SECONDS:
                problem = "slow"
            pipe.send((number, f"{name}: {problem}" if problem else ""))
    pipe.send(None)


def _problem(data: bytes) -> str:
    """What no file may cause: an error on the server's side, or an answer it cannot read."""
    from app.intake.decode import _answer
    from app.intake.formats import DICOM, recognise
    from app.intake.headers import check_declared_size
    from app.intake.reasons import Refused
    from app.intake.wire import Order, pack_order, unpack_answer

    try:
        kind = recognise(data)
        if kind != DICOM:
            check_declared_size(data, kind, DEFAULT_LIMITS)
        answer = _answer(pack_order(Order(kind, len(data) % 2 == 0, DEFAULT_LIMITS), data))
        unpack_answer(answer, DEFAULT_LIMITS)
    except Refused:
        return ""
    except Exception as error:  # whatever it is, it is the finding
        return type(error).__name__
    return ""
