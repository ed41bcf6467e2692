"""Runs the red-team suite beside the server, one run at a time, and says how far it has come."""

import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

CASES: Final = Path(__file__).parents[2] / "tests" / "guardrail" / "cases"
PROGRESS_FILE: Final = "guard-suite-progress.json"
_LOCK_FILE: Final = "guard-suite.lock"
_NICE: Final = 10  # patients go first


@dataclass(frozen=True)
class Run:
    """How far a run is; "broken" is one that ended before its last case."""

    state: Literal["running", "broken"]
    done: int
    total: int


def start_suite(folder: Path, clinic_policy: Path | None, cases: Path) -> bool:
    """Starts a run in a process of its own; False when one is under way."""
    with _locked(folder) as lock:
        if lock is None:
            return False
        note_progress(folder, 0, 0)
        command = [sys.executable, "-m", "app", "check-guardrail", "--cases", str(cases)]
        command += ["--keep", str(folder)]
        command += ["--policy", str(clinic_policy)] if clinic_policy else []
        # The lock goes on to the child and falls when it ends, however it ends.
        child = subprocess.Popen(
            command, pass_fds=(lock,), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        os.setpriority(os.PRIO_PROCESS, child.pid, _NICE)
        return True


def note_progress(folder: Path, done: int, total: int) -> None:
    """Writes down how far a run is."""
    target = folder / PROGRESS_FILE
    part = target.with_suffix(".part")
    part.write_text(json.dumps({"done": done, "total": total}), encoding="utf-8")
    part.replace(target)


def forget_progress(folder: Path) -> None:
    """Takes away what was written down, at the end of a whole run."""
    (folder / PROGRESS_FILE).unlink(missing_ok=True)


def read_run(folder: Path) -> Run | None:
    """The run that is under way, or that ended too early; None when there is neither."""
    with _locked(folder) as lock:
        is_free = lock is not None
    try:
        found = json.loads((folder / PROGRESS_FILE).read_text(encoding="utf-8"))
        return Run("broken" if is_free else "running", int(found["done"]), int(found["total"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


@contextmanager
def _locked(folder: Path) -> Iterator[int | None]:
    """The number of a file that this process alone holds; None when another one does."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / _LOCK_FILE).open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
        else:
            yield file.fileno()
