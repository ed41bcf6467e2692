"""python -m tests.reliability --json OUT: run the bars, print a line each, save them."""

import argparse
import json
import os
import tempfile
from dataclasses import asdict
from pathlib import Path

from tests.reliability import (
    abuse,
    bombs,
    calls,
    canaries,
    disguises,
    faults,
    filing,
    guard_cases,
    load,
    papers,
    uploads,
)
from tests.reliability.bar import Bar

BARS = {
    "load": load.load_held,
    "changed-files": uploads.changed_files,
    "bombs": bombs.bombs,
    "disguises": disguises.disguises,
    "http-abuse": abuse.http_abuse,
    "kill-server": faults.kill_the_server,
    "kill-worker": faults.kill_the_worker,
    "kill-listener": filing.kill_the_listener,
    "papers": papers.every_paper,
    "canaries": canaries.canaries_in_logs,
    "calls-for-help": calls.calls_for_help,
    "guard-cases": guard_cases.shared_cases,
}


def main() -> None:
    """Run all bars, or the ones that are named."""
    parser = argparse.ArgumentParser(prog="python -m tests.reliability")
    parser.add_argument("bars", nargs="*", choices=[[], *BARS], help="default: all")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    is_full = os.environ.get("FULL") == "1"
    found: list[Bar] = []
    for name in options.bars or BARS:
        with tempfile.TemporaryDirectory() as folder:
            bar = BARS[name](Path(folder), is_full)
        print(bar.line())
        found.append(bar)
    if options.json:
        options.json.write_text(json.dumps([asdict(bar) for bar in found], indent=1))


if __name__ == "__main__":
    main()
