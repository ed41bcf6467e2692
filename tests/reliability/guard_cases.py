"""The guard over the shared cases, scored by its own command."""

import os
import subprocess
import sys
from pathlib import Path

from tests.reliability.bar import Bar

ROOT = Path(__file__).parents[2]
CASES = Path(os.environ.get("ANTEROOM_TEST_DATA", "/nowhere")) / "guardrail" / "cases.jsonl"


def shared_cases(_folder: Path, _is_full: bool) -> Bar:
    """Bar 26: the command fails when a single safety failure is among the cases."""
    if not CASES.is_file():
        return Bar(26, "guard cases", 0, 0, 155)
    command = [sys.executable, "-m", "app", "check-guardrail", "--cases", str(CASES)]
    code = subprocess.run(command, cwd=ROOT, capture_output=True, check=False).returncode
    count = len(CASES.read_text(encoding="utf-8").splitlines())
    return Bar(26, "guard cases", int(code != 0), count, 155)
