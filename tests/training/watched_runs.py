"""Runs of `train` and `align` as processes of their own: killed on purpose, or two at once."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 240
"""A busy machine starts a process slowly."""


def losses_of(cache: Path) -> dict[int, float]:
    """Step to loss, as the log of a run says."""
    text = (cache / "log.jsonl").read_text(encoding="utf-8")
    lines = [json.loads(line) for line in text.splitlines()]
    return {line["step"]: line["loss"] for line in lines if "loss" in line}


def kill_after(cache: Path, command: list[str], *, steps: int) -> None:
    """Start `python -m training COMMAND` and kill it hard after so many steps."""
    log = cache / "log.jsonl"
    started = [sys.executable, "-m", "training", *command]
    running = subprocess.Popen(started, cwd=ROOT, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline and running.poll() is None:
            if log.is_file() and log.read_text(encoding="utf-8").count('"loss"') >= steps:
                break
            time.sleep(0.02)
        assert running.poll() is None, "the run ended before it could be killed"
    finally:
        os.kill(running.pid, signal.SIGKILL)
        running.wait()


def run_twofold(command: list[str]) -> None:
    """Run `python -m training COMMAND` as two processes that train together."""
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    done = subprocess.run(
        [*launch, "-m", "training", *command],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
    )
    assert done.returncode == 0, done.stderr[-2000:]
