"""python -m tests.benchmarks --json OUT: measure, print a table, save it."""

import argparse
import json
import os
import platform
import tempfile
from pathlib import Path

from tests.benchmarks.calls import measure_calls
from tests.benchmarks.guard import measure_guard
from tests.benchmarks.journey import measure_journey
from tests.benchmarks.series import measure_series

BOUNDS = {
    "structures_seconds_p50": 15.0,
    "answer_seconds_p50": 3.0,
    "pdf_seconds_p50": 5.0,
    "resident_gib": 1.5,
    "guard_milliseconds_p95": 20.0,
    "call_seconds_p99": 3.0,
    "series_structures_seconds": 20.0,
    "series_whole_seconds": 60.0,
    "series_server_mib": 600.0,
}


def main() -> None:
    """Run all benchmarks."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks")
    parser.add_argument("--json", type=Path, help="where the numbers are saved")
    parser.add_argument("--rounds", type=int, default=5, help="visits per measurement")
    parser.add_argument("--call-seconds", type=float, default=120, help="how long tablets call")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        numbers = measure_journey(Path(folder), options.rounds)
        numbers |= measure_calls(Path(folder), options.call_seconds)
        numbers |= measure_series(Path(folder))
    numbers |= measure_guard()
    print_table(numbers)
    if options.json:
        machine = {"cores": os.cpu_count(), "machine": platform.machine()}
        saved = {"machine": machine, "numbers": numbers, "bounds": BOUNDS}
        options.json.write_text(json.dumps(saved, indent=1), encoding="utf-8")


def print_table(numbers: dict[str, float]) -> None:
    """One line a number, with its bound where it has one."""
    print(f"{'what':<42}{'measured':>10}{'bound':>8}")
    for name, value in numbers.items():
        bound = BOUNDS.get(name)
        verdict = "" if bound is None else (" met" if value <= bound else " MISSED")
        print(f"{name:<42}{value:>10.3f}{'' if bound is None else bound:>8}{verdict}")


if __name__ == "__main__":
    main()
