"""python -m tests.benchmarks --json OUT: measure, print a table, save it with a plot."""

import argparse
import json
import os
import platform
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from model.compact_folder import shipped_model
from tests.benchmarks.agreement import measure_agreement
from tests.benchmarks.calls import measure_calls
from tests.benchmarks.full_random import make_random
from tests.benchmarks.growth import measure_growth
from tests.benchmarks.guard import DIRECTIONS, KINDS, measure_guard
from tests.benchmarks.journey import measure_journey, measure_tablets
from tests.benchmarks.loading import measure_loading
from tests.benchmarks.papers import measure_papers
from tests.benchmarks.plot import draw_bars
from tests.benchmarks.series import measure_series
from tests.benchmarks.sides import measure_sides

BOUNDS = {
    "structures_seconds_p50": 15.0,
    "answer_seconds_p50": 3.0,
    "pdf_seconds_p50": 5.0,
    "paper_seconds_p50": 2.0,
    "paper_seconds_p95": 4.0,
    "paper_mib": 2.0,
    "resident_gib": 1.5,
    **{f"guard_{kind}_{way}_milliseconds_p95": 20.0 for kind in KINDS for way in DIRECTIONS},
    "call_seconds_p99": 3.0,
    "series_structures_seconds": 20.0,
    "series_whole_seconds": 60.0,
    "series_server_mib": 600.0,
    "smallest_gib": 2.1095,
    "disk_peak_gib": 4.0,
}
"""At most so much."""
LEAST = {
    "look_speedup": 2.5,
    "look_speedup_same_prefix": 1.2,
    "followup_speedup": 1.08,
    "batch8_throughput_ratio": 2.0,
    "decode_share_of_bandwidth": 0.9,
}
"""At least so much, at full size on a processor."""
FULL_NEEDS_GIB = 13
Numbers = dict[str, Any]
STARTED = time.monotonic()


def main() -> None:
    """Run all benchmarks, or those of one model."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks")
    parser.add_argument("--json", type=Path, help="where the numbers are saved, a plot beside it")
    parser.add_argument("--only", choices=("full-random", "compact"), help="measure nothing else")
    parser.add_argument("--rounds", type=int, default=5, help="visits per measurement")
    parser.add_argument("--call-seconds", type=float, default=40, help="how long tablets call")
    parser.add_argument("--full-random", type=Path, help="a folder that full_random has made")
    options = parser.parse_args()
    found: Numbers = {"machine": _machine()}
    if options.only in (None, "compact"):
        found["compact"] = _compact(options.rounds)
    if options.only == "full-random" or (options.only is None and _has_room()):
        found["full-random"] = _full(options.full_random)
    if options.only is None:
        found["waits"] = _waits(options)
    found["machine"]["load_after"] = os.getloadavg()[0]
    for name, numbers in found.items():
        print_table(name, numbers)
    if options.json:
        options.json.write_text(json.dumps(found, indent=1), encoding="utf-8")
        speeds = {
            f"{model}, {name}": found[model][name]
            for model in ("full-random", "compact")
            for name in (*LEAST, "batch8_own_ratio")
            if name in found.get(model, {})
        }
        draw_bars(options.json.with_suffix(".png"), "times as fast as plain transformers", speeds)


def say(text: str) -> None:
    """A line of progress with the seconds since the start."""
    print(f"[{time.monotonic() - STARTED:6.0f} s] {text}", flush=True)


def _machine() -> Numbers:
    return {
        "cores": os.cpu_count(),
        "machine": platform.machine(),
        "load_before": os.getloadavg()[0],
    }


def _has_room() -> bool:
    text = Path("/proc/meminfo").read_text(encoding="ascii")
    free = next(int(line.split()[1]) for line in text.splitlines() if "MemAvailable" in line)
    if free < FULL_NEEDS_GIB * 2**20:
        say(f"full-random is left out: it needs {FULL_NEEDS_GIB} GiB of free memory")
    return free >= FULL_NEEDS_GIB * 2**20


def _compact(rounds: int) -> Numbers:
    say("compact beside plain transformers")
    folder = shipped_model()
    numbers = measure_sides(folder, dtype="float32", rounds=rounds, say=say, most=1, threads=1)
    numbers |= _loading(folder, numbers["weights_gib"])
    numbers |= measure_agreement(folder)
    say("what more structures, slices and tablets cost")
    numbers["cost_straight"] = measure_growth(folder)["straight"]
    say("agreement of the smallest form")
    with tempfile.TemporaryDirectory() as data:
        one, many = (measure_tablets(Path(data), tablets) for tablets in (1, 20))
    say("journeys of 1 and of 20 tablets")
    for name in ("journey_p50_s", "journey_p95_s"):
        numbers[name] = {"1": one[f"{name}_1"], "20": many[f"{name}_20"]}
    return numbers


def _full(given: Path | None) -> Numbers:
    with _full_folder(given) as folder:
        say("full size beside plain transformers")
        cores = os.cpu_count() or 1
        numbers = measure_sides(folder, dtype="bfloat16", rounds=1, say=say, most=8, threads=cores)
        numbers |= _loading(folder, numbers["weights_gib"])
        disk = measure_loading(folder, "disk")
        say(f"layers on disk: {disk['answer_seconds']:.0f} s, {disk['peak_gib']:.2f} GiB")
        smallest = measure_loading(folder, "smallest")
        say(f"smallest form: {smallest['resident_gib']:.3f} GiB")
    numbers["disk_peak_gib"], numbers["smallest_gib"] = disk["peak_gib"], smallest["resident_gib"]
    numbers["disk_answer_seconds"] = disk["answer_seconds"]
    return numbers


@contextmanager
def _full_folder(given: Path | None) -> Iterator[Path]:
    if given is not None:
        yield given
        return
    folder = Path(tempfile.mkdtemp(prefix="full-random-"))
    try:
        say("making a checkpoint of full size, 5.5 GiB")
        yield make_random(folder)
    finally:
        shutil.rmtree(folder)


def _loading(folder: Path, weights_gib: float) -> Numbers:
    ours, plain = measure_loading(folder, "ours"), measure_loading(folder, "plain")
    say(f"loading: ours {ours['seconds']:.1f} s, plain {plain['seconds']:.1f} s")
    return {
        "weights_gib": weights_gib,
        "peak_gib": ours["peak_gib"],
        "load_seconds": ours["seconds"],
        "load_seconds_ratio": ours["seconds"] / plain["seconds"],
    }


def _waits(options: argparse.Namespace) -> Numbers:
    with tempfile.TemporaryDirectory() as folder:
        say("a patient's waits")
        numbers: Numbers = measure_journey(Path(folder), options.rounds)
        say("calls to staff")
        numbers |= measure_calls(Path(folder), options.call_seconds)
        say("a series of 500 slices")
        numbers |= measure_series(Path(folder))
    say("papers of three pictures, alone and twenty at once")
    numbers |= measure_papers()
    say("the guard")
    return numbers | measure_guard()


def print_table(title: str, numbers: Numbers) -> None:
    """One line a number, with its bound where it has one."""
    print(f"\n{title}")
    for name, value in numbers.items():
        verdict = ""
        if name in BOUNDS:
            verdict = f"<= {BOUNDS[name]}" + (" met" if value <= BOUNDS[name] else " MISSED")
        elif name in LEAST and title == "full-random":
            verdict = f">= {LEAST[name]}" + (" met" if value >= LEAST[name] else " MISSED")
        shown = f"{value:.3f}" if isinstance(value, float) else str(value)
        print(f"  {name:<42}{shown:>12}  {verdict}")


if __name__ == "__main__":
    main()
