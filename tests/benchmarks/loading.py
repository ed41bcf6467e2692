"""python -m tests.benchmarks.loading HOW FOLDER: load a checkpoint in a fresh process, answer once.

HOW is `ours`, `disk` (layers stay on disk), `smallest` (with a LoRA adapter) or `plain`
(from_pretrained). Prints one line of JSON: seconds to load, the most memory held, resident bytes.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
_PAGE_ELEMENTS = 1024
"""A page of 4 KiB in float32, half of one in bfloat16."""
HOWS = ("ours", "disk", "smallest", "plain")


def measure_loading(folder: Path, how: str) -> dict[str, float]:
    """The same in a process of its own, so that its peak is nobody else's."""
    command = [sys.executable, "-m", "tests.benchmarks.loading", how, str(folder)]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def _peak_gib() -> float:
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 2**20
    raise OSError("/proc/self/status names no VmHWM")


def _plain(folder: Path) -> dict[str, Any]:
    from transformers import PaliGemmaForConditionalGeneration

    started = time.perf_counter()
    net = PaliGemmaForConditionalGeneration.from_pretrained(folder, dtype="auto")
    # A mapped file is not read before it is used: touch every page, as ours has read every one.
    touched = sum(float(one.flatten()[::_PAGE_ELEMENTS].float().sum()) for one in net.parameters())
    return {"seconds": time.perf_counter() - started, "touched": touched, "peak_gib": _peak_gib()}


def _ours(folder: Path, how: str) -> dict[str, Any]:
    import numpy as np

    from model.local import open_local
    from model.prompts import segment_prefix
    from model.types import Request

    adapter = _adapter(folder) if how == "smallest" else None
    started = time.perf_counter()
    backend = open_local(
        folder,
        quantize="smallest" if how == "smallest" else "none",
        offload="disk" if how == "disk" else "none",
    )
    seconds = time.perf_counter() - started
    if adapter is not None:
        backend.activate(str(adapter))
    picture = np.zeros((64, 64, 3), dtype=np.uint8)
    request = Request(picture, "", segment_prefix(["liver"]), "segment", None, 3)
    started = time.perf_counter()
    (said,) = backend.complete([request])
    return {
        "seconds": seconds,
        "answer_seconds": time.perf_counter() - started,
        "resident_gib": backend.info().resident_bytes / 2**30,
        "peak_gib": _peak_gib(),
        "has_answered": said.seconds > 0,
    }


def _adapter(folder: Path) -> Path:
    """A LoRA adapter of rank 8 on all seven layers of the language model, made elsewhere."""
    target = Path(tempfile.mkdtemp(prefix="adapter-")) / "adapter"
    code = (
        "from pathlib import Path; from tests.model.tiny import make_adapter; import sys;"
        "make_adapter(Path(sys.argv[1]), Path(sys.argv[2]), rank=8)"
    )
    subprocess.run([sys.executable, "-c", code, str(folder), str(target)], cwd=ROOT, check=True)
    return target


def main() -> None:
    """Load, answer, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("how", choices=HOWS)
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    plain = options.how == "plain"
    found = _plain(options.folder) if plain else _ours(options.folder, options.how)
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
